package rdb

import (
	"encoding/binary"
	"math"
	"reflect"
	"runtime"
	"strings"
	"testing"
)

const testLimit = 1 << 20

// seal makes a payload of a value's bytes.
func seal(body string, version uint16) string {
	b := binary.LittleEndian.AppendUint16([]byte(body), version)
	return string(binary.LittleEndian.AppendUint64(b, checksum(string(b))))
}

// text writes a short string as it is.
func text(s string) string { return string(appendLength(nil, uint64(len(s)))) + s }

func u16(n int) string { return string(binary.LittleEndian.AppendUint16(nil, uint16(n))) }
func u32(n int) string { return string(binary.LittleEndian.AppendUint32(nil, uint32(n))) }
func u64(n int) string { return string(binary.LittleEndian.AppendUint64(nil, uint64(n))) }

// asListpack packs elements that are written already, each with its size behind it.
func asListpack(n int, elements ...string) string {
	s := strings.Join(elements, "") + "\xff"
	return u32(4+2+len(s)) + u16(n) + s
}

// asZiplist packs elements that are written already, each behind the size of the one before.
func asZiplist(n, last int, elements string) string {
	return u32(4+4+2+len(elements)+1) + u32(last) + u16(n) + elements + "\xff"
}

// hashes are of every kind, without their footers, and what they hold.
var hashes = []struct {
	name string
	body string
	want []Field
}{
	{"plain", "\x04\x02" + text("a") + text("1") + "\xc0\x07" + text(""), []Field{{"a", "1", 0}, {"7", "", 0}}},
	{"zipmap", "\x09" + text("\x02\x01a\x03\x00one\x01b\x00\x02..\xff"), []Field{{"a", "one", 0}, {"b", "", 0}}},
	{"zipmap, sizes that are not told", "\x09" + text("\xfe\x01a\x03\x00one\xff"), []Field{{"a", "one", 0}}},
	{
		"zipmap, long", "\x09" + text("\x01\xfe"+u32(300)+strings.Repeat("n", 300)+"\x01\x00v\xff"),
		[]Field{{strings.Repeat("n", 300), "v", 0}},
	},
	{
		"ziplist, integers",
		"\x0d" + text(asZiplist(6, 10+3+2+6+4+3, "\x00\x01a"+"\x03\xf3"+"\x02\xd0\xff\xff\xff\xff"+"\x06\xc0\x00\x80"+"\x04\xfe\x80"+"\x03\xf0\x00\x00\x80")),
		[]Field{{"a", "2", 0}, {"-1", "-32768", 0}, {"-128", "-8388608", 0}},
	},
	{
		"ziplist, long", "\x0d" + text(asZiplist(2, 10+303, "\x00\x41\x2c"+strings.Repeat("n", 300)+"\xfe"+u32(303)+"\xe0"+u64(1<<40))),
		[]Field{{strings.Repeat("n", 300), "1099511627776", 0}},
	},
	{
		"listpack", "\x10" + text(asListpack(4, "\x81a\x02", "\x05\x01", "\xdf\xff\x02", "\x80\x01")),
		[]Field{{"a", "5", 0}, {"-1", "", 0}},
	},
	{
		"listpack, integers",
		"\x10" + text(asListpack(4, "\xf1\x00\x80\x03", "\xf2\x00\x00\x80\x04", "\xf3\x00\x00\x00\x80\x05", "\xf4"+u64(-1<<63)+"\x09")),
		[]Field{{"-32768", "-8388608", 0}, {"-2147483648", "-9223372036854775808", 0}},
	},
	{
		"listpack, long",
		"\x10" + text(asListpack(0xffff, "\xe1\x2c"+strings.Repeat("n", 300)+"\x02\xae", "\xf0"+u32(5000)+strings.Repeat("v", 5000)+"\x27\x8d")),
		[]Field{{strings.Repeat("n", 300), strings.Repeat("v", 5000), 0}},
	},
	{
		"expiring", "\x18" + u64(1_700_000_000_000) + "\x03" + "\x00" + text("a") + text("1") + "\x01" + text("b") + text("2") + "\x43\xe9" + text("c") + text("3"),
		[]Field{{"a", "1", 0}, {"b", "2", 1_700_000_000_000}, {"c", "3", 1_700_000_001_000}},
	},
	{
		"expiring, of a release candidate", "\x16\x02" + "\x00" + text("a") + text("1") + "\x81\x00\x00\x01\x8b\xcf\xe5\x68\x00" + text("b") + text("2"),
		[]Field{{"a", "1", 0}, {"b", "2", 1_700_000_000_000}},
	},
	{
		"listpack, expiring",
		"\x19" + u64(1_700_000_000_000) + text(asListpack(6, "\x81b\x02", "\x02\x01", "\xf4"+u64(1_700_000_000_000)+"\x09", "\x81a\x02", "\x01\x01", "\x00\x01")),
		[]Field{{"b", "2", 1_700_000_000_000}, {"a", "1", 0}},
	},
	{
		"listpack, expiring, of a release candidate",
		"\x17" + text(asListpack(3, "\x81a\x02", "\x01\x01", "\x00\x01")),
		[]Field{{"a", "1", 0}},
	},
	{
		"compressed", "\x10\xc3\x0e\x0d" + "\x0c" + asListpack(2, "\x81a\x02", "\x81b\x02"), []Field{{"a", "b", 0}},
	},
}

func TestHashes(t *testing.T) {
	for _, h := range hashes {
		v, err := Decode(seal(h.body, versionExpiring), testLimit)
		if err != nil || !reflect.DeepEqual(v, Value{Hash: h.want}) {
			t.Errorf("%s: %v, %v", h.name, v, err)
		}
	}
}

// texts are all encodings of strings, without their footers, and what they hold.
var texts = map[string]string{
	"\x00\x00":                   "",
	"\x00\x02ab":                 "ab",
	"\x00\x40\x02ab":             "ab",
	"\x00\x80\x00\x00\x00\x02ab": "ab",
	"\x00\x81\x00\x00\x00\x00\x00\x00\x00\x02ab": "ab",
	"\x00\xc0\x80":                        "-128",
	"\x00\xc1\x00\x80":                    "-32768",
	"\x00\xc2\xff\xff\xff\x7f":            "2147483647",
	"\x00\xc3\x05\x0a\x00a\xe0\x00\x00":   strings.Repeat("a", 10),
	"\x00\xc3\x07\x06\x01ab\x20\x01\x00c": "ababac",
}

func TestStrings(t *testing.T) {
	for body, want := range texts {
		if v, err := Decode(seal(body, versionFirst), testLimit); err != nil || v.Text != want || v.Hash != nil {
			t.Errorf("%q: %v, %v", body, v, err)
		}
	}
}

// What is written stays what it is, byte for byte: other servers hold it.
func TestEncode(t *testing.T) {
	for _, c := range []struct {
		value   Value
		body    string
		version uint16
	}{
		{Value{}, "\x00\x00", 6},
		{Value{Text: "30s"}, "\x00\x0330s", 6},
		{Value{Text: "-128"}, "\x00\xc0\x80", 6},
		{Value{Text: "128"}, "\x00\xc1\x80\x00", 6},
		{Value{Text: "32768"}, "\x00\xc2\x00\x80\x00\x00", 6},
		{Value{Text: "-2147483648"}, "\x00\xc2\x00\x00\x00\x80", 6},
		{Value{Text: "2147483648"}, "\x00\x0a2147483648", 6},
		{Value{Text: "+1"}, "\x00\x02+1", 6},
		{Value{Text: "-0"}, "\x00\x02-0", 6},
		{Value{Text: "007"}, "\x00\x03007", 6},
		{Value{Text: strings.Repeat("a", 64)}, "\x00\x40\x40" + strings.Repeat("a", 64), 6},
		{Value{Text: strings.Repeat("a", 1<<14)}, "\x00\x80\x00\x00\x40\x00" + strings.Repeat("a", 1<<14), 6},
		{Value{Hash: []Field{{"a", "1", 0}, {"b", "x", 0}}}, "\x04\x02\x01a\xc0\x01\x01b\x01x", 6},
		{
			Value{Hash: []Field{{"a", "x", 0}, {"b", "y", 2000}, {"c", "z", 1000}}},
			"\x18" + u64(1000) + "\x03\x00\x01a\x01x\x43\xe9\x01b\x01y\x01\x01c\x01z", 12,
		},
	} {
		got := c.value.Encode()
		if want := seal(c.body, c.version); got != want {
			t.Errorf("%.40v: %q, want %q", c.value, got, want)
		}
		if v, err := Decode(got, testLimit); err != nil || !reflect.DeepEqual(v, c.value) {
			t.Errorf("%.40v is read as %.40v, %v", c.value, v, err)
		}
	}
	late := Value{Hash: []Field{{"a", "x", math.MaxInt64}, {"b", "y", math.MaxInt64 - 1}, {"c", "z", 1}}}
	if v, err := Decode(late.Encode(), testLimit); err != nil || v.Hash[0].Expires != latest || v.Hash[1].Expires != latest || v.Hash[2].Expires != 1 {
		t.Errorf("what expires too late is read as %v, %v", v, err)
	}
}

// The checksum is Redis's: crc64("123456789") in its sources, and what redis-server 7.0 dumps.
func TestChecksum(t *testing.T) {
	if got := checksum("123456789"); got != 0xe9c6d914c4b8d9ca {
		t.Errorf("%#x", got)
	}
	const dumped = "\x00\xc0\x01\x0a\x00\x26\x78\xe7\xb6\xd1\x01\x11\xfc" // SET a 1
	if v, err := Decode(dumped, testLimit); err != nil || v.Text != "1" {
		t.Errorf("%v, %v", v, err)
	}
}

func TestFooter(t *testing.T) {
	good := seal("\x00\x01a", versionNewest)
	if _, err := Decode(good, testLimit); err != nil {
		t.Fatal(err)
	}
	for name, payload := range map[string]string{
		"nothing":       "",
		"no footer":     good[len(good)-9:],
		"newer":         seal("\x00\x01a", versionNewest+1),
		"Valkey's":      seal("\x00\x01a", 80),
		"wrong value":   strings.Replace(good, "a", "b", 1),
		"wrong version": strings.Replace(good, "\x0f", "\x0e", 1),
		"no checksum":   good[:len(good)-8] + strings.Repeat("\x00", 8),
	} {
		if _, err := Decode(payload, testLimit); err != ErrFooter {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := Decode(seal("", versionFirst), testLimit); err != ErrFormat {
		t.Errorf("nothing but a footer: %v", err)
	}
}

// What breaks the format is refused.
func TestMalformed(t *testing.T) {
	for name, body := range map[string]string{
		"list":                       "\x01\x01\x01a",
		"set":                        "\x02\x01\x01a",
		"unknown kind":               "\xf0\x01\x01a",
		"something behind it":        "\x00\x01ab",
		"unknown encoding":           "\x00\xc4\x01",
		"unknown length":             "\x00\x82\x01",
		"huge length":                "\x00\x81\xff\xff\xff\xff\xff\xff\xff\xff",
		"encoding for a length":      "\x04\xc0\x01\x01a\x01b",
		"no fields":                  "\x04\x00",
		"field twice":                "\x04\x02\x01a\x01b\x01a\x01c",
		"field twice, differently":   "\x04\x02\xc0\x01\x01b\x011\x01c",
		"more fields than there are": "\x04\x81\xff\xff\xff\xff\xff\xff\xff\xff\x01a\x01b",
		"copy from before":           "\x00\xc3\x05\x0a\x00a\xe0\x00\x01",
		"unfolds to more":            "\x00\xc3\x05\x09\x00a\xe0\x00\x00",
		"unfolds to less":            "\x00\xc3\x05\x0b\x00a\xe0\x00\x00",
		"cannot unfold to that":      "\x00\xc3\x02\x44\x00\x00a",
		"literal cut":                "\x00\xc3\x02\x0a\x05a",
		"copy cut":                   "\x00\xc3\x03\x0a\x00a\x20",
		"long copy cut":              "\x00\xc3\x03\x0a\x00a\xe0",
		"expiry too late":            "\x18" + u64(latest) + "\x01\x02\x01a\x01b",
		"first expiry too late":      "\x18" + u64(latest+1) + "\x01\x01\x01a\x01b",
		"expiry far too late":        "\x16\x01\x81\xff\xff\xff\xff\xff\xff\xff\xff\x01a\x01b",
		"expiry is no number":        "\x17" + text(asListpack(3, "\x81a\x02", "\x01\x01", "\x81x\x02")),
		"expiry is negative":         "\x17" + text(asListpack(3, "\x81a\x02", "\x01\x01", "\xdf\xff\x02")),
		"expiry missing":             "\x17" + text(asListpack(2, "\x81a\x02", "\x01\x01")),

		"zipmap: count":               "\x09" + text("\x02\x01a\x03\x00one\xff"),
		"zipmap: count that never is": "\x09" + text("\xff\x01a\x03\x00one\xff"),
		"zipmap: no value":            "\x09" + text("\x01\x01a\xff"),
		"zipmap: no end":              "\x09" + text("\x01\x01a\x01\x00b"),
		"zipmap: behind the end":      "\x09" + text("\x01\x01a\x01\x00b\xffx"),
		"zipmap: unused cut":          "\x09" + text("\x01\x01a\x01\x09b\xff"),
		"zipmap: empty":               "\x09" + text("\x00\xff"),
		"ziplist: count":              "\x0d" + text(asZiplist(3, 13, "\x00\x01a\x03\xf3")),
		"ziplist: last":               "\x0d" + text(asZiplist(2, 12, "\x00\x01a\x03\xf3")),
		"ziplist: before":             "\x0d" + text(asZiplist(2, 13, "\x00\x01a\x02\xf3")),
		"ziplist: element":            "\x0d" + text(asZiplist(2, 13, "\x00\x01a\x03\xff")),
		"ziplist: size":               "\x0d" + text("\x0d"+asZiplist(2, 13, "\x00\x01a\x03\xf3")[1:]),
		"ziplist: behind the end":     "\x0d" + text(asZiplist(2, 13, "\x00\x01a\x03\xf3\xff")),
		"ziplist: empty":              "\x0d" + text(asZiplist(0, 10, "")),
		"ziplist: odd":                "\x0d" + text(asZiplist(1, 10, "\x00\x01a")),
		"listpack: count":             "\x10" + text(asListpack(3, "\x81a\x02", "\x05\x01")),
		"listpack: size":              "\x10" + text("\x0b"+asListpack(2, "\x81a\x02", "\x05\x01")[1:]),
		"listpack: size behind":       "\x10" + text(asListpack(2, "\x81a\x03", "\x05\x01")),
		"listpack: element":           "\x10" + text(asListpack(2, "\x81a\x02", "\xf5\x01")),
		"listpack: behind the end":    "\x10" + text(asListpack(2, "\x81a\x02", "\x05\x01", "\xff")),
		"listpack: no end":            "\x10" + text(u32(11)+u16(2)+"\x81a\x02\x05\x01"),
		"listpack: empty":             "\x10" + text(asListpack(0)),
		"listpack: odd":               "\x10" + text(asListpack(1, "\x81a\x02")),
		"listpack: field twice":       "\x10" + text(asListpack(4, "\x81a\x02", "\x05\x01", "\x81a\x02", "\x05\x01")),
	} {
		if v, err := Decode(seal(body, versionExpiring), testLimit); err != ErrFormat {
			t.Errorf("%s: %v, %v", name, v, err)
		}
	}
}

// A payload that is cut anywhere, with a checksum that is right, is refused.
func TestCut(t *testing.T) {
	for _, h := range hashes {
		for n := range len(h.body) {
			if v, err := Decode(seal(h.body[:n], versionExpiring), testLimit); err != ErrFormat {
				t.Errorf("%s, cut to %d: %v, %v", h.name, n, v, err)
			}
		}
	}
}

// bomb compresses as many bytes as go into that many triples.
func bomb(triples int) string {
	packed := "\x00a" + strings.Repeat("\xe0\xff\x00", triples)
	n, size := appendLength(nil, uint64(len(packed))), appendLength(nil, uint64(1+264*triples))
	return "\xc3" + string(n) + string(size) + packed
}

// A payload asks for no more memory than the limit allows.
func TestLimit(t *testing.T) {
	const limit = 1 << 20
	many := appendLength([]byte{kindHash}, limit)
	for i := range limit {
		many = append(append(many, 4), u32(i)...)
		many = append(many, 0)
	}
	for name, body := range map[string]string{
		"string":              "\x00" + text(strings.Repeat("a", limit+1)),
		"string that unfolds": "\x00" + bomb(limit/264+1),
		"bomb":                "\x00" + bomb(1<<20),
		"hash in a bomb":      "\x10" + bomb(1<<20),
		"hash of bombs":       "\x04\x02" + text("a") + bomb(limit/264/2+1) + text("b") + bomb(limit/264/2+1),
		"hash of many fields": string(many),
	} {
		payload := seal(body, versionFirst)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := Decode(payload, limit)
		runtime.ReadMemStats(&after)
		if err != ErrTooLarge {
			t.Errorf("%s: %v", name, err)
		}
		if took := (after.TotalAlloc - before.TotalAlloc) >> 20; took > 64 {
			t.Errorf("%s took %d MiB", name, took)
		}
	}
	if v, err := Decode(seal("\x00"+bomb(limit/264), versionFirst), limit); err != nil || len(v.Text) != 1+limit/264*264 {
		t.Errorf("as much as is allowed: %d bytes, %v", len(v.Text), err)
	}
}

// Whatever a payload holds, it is refused, or can be written again and is the same then.
func FuzzPayload(f *testing.F) {
	for _, h := range hashes {
		f.Add([]byte(h.body))
	}
	for body := range texts {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		v, err := Decode(seal(string(body), versionExpiring), testLimit)
		if err != nil {
			return
		}
		if again, err := Decode(v.Encode(), testLimit); err != nil || !reflect.DeepEqual(again, v) {
			t.Errorf("%q: %v, then %v, %v", body, v, again, err)
		}
	})
}
