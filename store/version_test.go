package store

import (
	"errors"
	"reflect"
	"strings"
	"testing"
)

// These bytes are in files out there: they must always read back, and never come out otherwise.
const (
	goldenVersion = "\x01\x02\x09\xb8\x17\x03bob\x02\x07\xe8\x07\xd0\x0f\xa0\x1f\x05alice\x04=\xf84\x04\xb7A\x10\xde1.2."
	goldenMoment  = "\x01\xac\x02\xe8\x07"
)

func TestVersionFormat1(t *testing.T) {
	v := Version{
		Record{Value: "1.2.", Version: 2, Revision: 7, Created: 1000, Updated: 2000, Expires: 4000, By: "alice"},
		End{Revision: 9, At: 3000, By: "bob", How: Deleted},
	}
	if got := v.encode(); got != goldenVersion {
		t.Errorf("encode = %q", got)
	}
	if got, err := decodeVersion(goldenVersion); err != nil || !reflect.DeepEqual(got, v) {
		t.Errorf("decodeVersion = %+v, %v", got, err)
	}
	if _, err := decodeVersion("\x02" + goldenVersion[1:]); !errors.Is(err, ErrNewerFormat) {
		t.Errorf("a later format: %v", err)
	}
	m := moment{300, 1000}
	if got := m.encode(); got != goldenMoment {
		t.Errorf("encode = %q", got)
	}
	if got, err := decodeMoment(goldenMoment); err != nil || got != m {
		t.Errorf("decodeMoment = %+v, %v", got, err)
	}
}

func TestLongValuesAreCompressed(t *testing.T) {
	v := Version{Record{Value: strings.Repeat("long ", 200), Version: 2, Revision: 7}, End{Revision: 9, How: Replaced}}
	s := v.encode()
	if len(s) > len(v.Value)/4 {
		t.Errorf("%d bytes of a value of %d", len(s), len(v.Value))
	}
	if got, err := decodeVersion(s); err != nil || got != v {
		t.Errorf("decodeVersion = %+v, %v", got, err)
	}
	if h := mustHead("key", s); h.weight(3) != 3+h.length+len(v.Value)+bookkeeping {
		t.Errorf("it weighs %d", h.weight(3))
	}
	if _, err := decodeVersion(s[:len(s)-1] + "x"); err == nil {
		t.Error("other bytes pass")
	}
}

func TestVersionKeys(t *testing.T) {
	for _, name := range []string{"x", "prod/api/x", "a b/ü"} {
		key := versionKey(configKey(name), 300)
		if config, number, err := splitVersion(key); err != nil || config != configKey(name) || number != 300 {
			t.Errorf("%q is of %q, %d, %v", key, config, number, err)
		}
	}
	for _, key := range []string{"v", "vx", "v\x00x", "v\x00x\x0012", "v\x00x\x00000000000000000g", "va\x00b\x00c\x000000000000000001"} {
		if _, _, err := splitVersion(key); err == nil {
			t.Errorf("%q passes", key)
		}
	}
}

func FuzzDecodeVersion(f *testing.F) {
	f.Add(goldenVersion)
	f.Add(Version{Record{Value: strings.Repeat("long ", 200), Version: 2}, End{How: Flushed}}.encode())
	f.Add("\x01\x01\xff\xff\xff\xff\x0f")
	f.Fuzz(func(t *testing.T, s string) {
		v, err := decodeVersion(s)
		if err != nil {
			return
		}
		if again, err := decodeVersion(v.encode()); err != nil || again != v {
			t.Errorf("%+v became %+v, %v", v, again, err)
		}
	})
}
