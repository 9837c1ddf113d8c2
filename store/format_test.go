package store

import (
	"bytes"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"reflect"
	"strings"
	"syscall"
	"testing"
	"testing/iotest"
)

// These bytes are in logs and files out there: they must always read back, and never
// come out otherwise.
const (
	goldenEntry     = "\x01\x03\x02\xe8\a\x02\x05alice\x01\bcprod\x00db\a\x00\x02\aprod/db\x00\x00\x041.2.\x04prod\x01\x00\x00\x03bob\x00\x01\x00\x01\x01x\x00\xd0\x0f\x01y"
	goldenFlush     = "\x02\x03\x02\xe8\a\x03\x05alice\x00\x01\bcprod\x00db\a\x00\x00\x05alice\x01\x00\x00\x00\x03bob\x01\x00\x01\x01\x01\x01x\x00\xd0\x0f\x01y"
	goldenEvents    = "\x03\x03\x02\xe8\a\x02\x05alice\x00\t\x00\x00\x01\x01x\x00\xd0\x0f\x01y\x00\x03bob\x01\x00\x00\x00\x01\x01n\x00\x00\x012\x06incrby"
	goldenOrigin    = "\x04\x03\x02\xe8\a\x02\x05alice\x00\x00\x0e10.0.0.9:51000\x04resp\x06deploy\bticket 7\x01\x00\x00\x00\x01\x01x\x00\xd0\x0f\x01y\x00\x03bob\x00\x00\x00\x00\x00\x00\x00\x01\x84\a\x05carol\x0e10.0.0.9:51000\x04resp\x06deploy\bticket 7\x03SET\x02\x01x\x03y/z\aINVALID\x03\x00\x00\x00"
	goldenRecord    = "\x01\x02\a\xe8\a\xd0\x0f\x00\x05alice\x041.2."
	goldenNamespace = "\x01\a\x02"
	goldenProposer  = "\x01\x02\xe8\a\x02\x01\x01\bcprod\x00db"
	goldenProposer2 = "\x02\a\x02\xe8\a\x02\x01\x01\bcprod\x00db"
	goldenBase      = "\x01\a\xd0\x0f"
	goldenFrame     = "*3\r\n$3\r\nset\r\n$8\r\ncprod\x00db\r\n$3\r\n1.2\r\n*2\r\n$3\r\ndel\r\n$3\r\nc\x00x\r\n" +
		"*3\r\n$3\r\nset\r\n$9\r\n\xff\xffapplied\r\n$42\r\n0000000000000007 000000000000003a a4d89506\r\n"
)

func TestEntryFormat1(t *testing.T) {
	want := Entry{Node: 3, Seq: 2, At: 1000, Txns: []Txn{
		{
			By:     "alice",
			Guards: []Guard{{"cprod\x00db", 7}},
			Writes: []Write{{Name: "prod/db", Value: "1.2."}, {Name: "prod", Delete: true}},
		},
		{
			By:     "bob",
			After:  []int{0},
			Writes: []Write{{Name: "x", Value: "y", Expires: 2000}},
		},
	}}
	if got := string(want.Encode()); got != goldenEntry {
		t.Errorf("Encode = %q", got)
	}
	if got, err := DecodeEntry([]byte(goldenEntry)); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("DecodeEntry = %+v, %v", got, err)
	}
	if _, err := DecodeEntry([]byte("\x05whatever")); !errors.Is(err, ErrNewerFormat) {
		t.Errorf("a later format: %v", err)
	}
}

// Only an entry that flushes is written so that earlier versions cannot read it.
func TestEntryFormat2(t *testing.T) {
	want := Entry{Node: 3, Seq: 2, At: 1000, Txns: []Txn{
		{By: "alice", Guards: []Guard{{"cprod\x00db", 7}}},
		{By: "alice", Flush: true},
		{By: "bob", Flush: true, After: []int{1}, Writes: []Write{{Name: "x", Value: "y", Expires: 2000}}},
	}}
	if got := string(want.Encode()); got != goldenFlush {
		t.Errorf("Encode = %q", got)
	}
	if got, err := DecodeEntry([]byte(goldenFlush)); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("DecodeEntry = %+v, %v", got, err)
	}
}

// What more is said of an entry than the store will hold, earlier versions cannot read either.
func TestEntryFormat3(t *testing.T) {
	want := Entry{Node: 3, Seq: 2, At: 1000, Txns: []Txn{
		{By: "alice", Client: 9, Writes: []Write{{Name: "x", Value: "y", Expires: 2000}}},
		{By: "bob", Flush: true, Writes: []Write{{Name: "n", Value: "2", Events: "incrby"}}},
	}}
	if got := string(want.Encode()); got != goldenEvents {
		t.Errorf("Encode = %q", got)
	}
	if got, err := DecodeEntry([]byte(goldenEvents)); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("DecodeEntry = %+v, %v", got, err)
	}
}

// Where it comes from, quotas and notes came later.
func TestEntryFormat4(t *testing.T) {
	from := Origin{Addr: "10.0.0.9:51000", Protocol: "resp", Client: "deploy", Reason: "ticket 7"}
	want := Entry{Node: 3, Seq: 2, At: 1000, Txns: []Txn{
		{By: "alice", Origin: from, Bounded: true, Writes: []Write{{Name: "x", Value: "y", Expires: 2000}}},
		{By: "bob", Notes: []Note{{At: 900, By: "carol", Origin: from, Act: "SET", Names: []string{"x", "y/z"}, Refused: "INVALID", Times: 3}}},
	}}
	if got := string(want.Encode()); got != goldenOrigin {
		t.Errorf("Encode = %q", got)
	}
	if got, err := DecodeEntry([]byte(goldenOrigin)); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("DecodeEntry = %+v, %v", got, err)
	}
}

func TestRecordFormat1(t *testing.T) {
	rec := Record{Value: "1.2.", Version: 2, Revision: 7, Created: 1000, Updated: 2000, By: "alice"}
	if got := rec.encode(); got != goldenRecord {
		t.Errorf("encode = %q", got)
	}
	if got, err := decodeRecord(goldenRecord); err != nil || got != rec {
		t.Errorf("decodeRecord = %+v, %v", got, err)
	}
	ns := namespace{revision: 7, configs: 2}
	if got := ns.encode(); got != goldenNamespace {
		t.Errorf("encode = %q", got)
	}
	if got, err := decodeNamespace(goldenNamespace); err != nil || got != ns {
		t.Errorf("decodeNamespace = %+v, %v", got, err)
	}
	b := base{revision: 7, clock: 2000}
	if got := b.encode(); got != goldenBase {
		t.Errorf("encode = %q", got)
	}
	if got, err := decodeBase(goldenBase); err != nil || got != b {
		t.Errorf("decodeBase = %+v, %v", got, err)
	}
	p := proposer{seq: 2, at: 1000, outcome: Outcome{"", "cprod\x00db"}}
	if got := p.encode(); got != goldenProposer {
		t.Errorf("encode = %q", got)
	}
	if got, err := decodeProposer(goldenProposer); err != nil || !reflect.DeepEqual(got, p) {
		t.Errorf("decodeProposer = %+v, %v", got, err)
	}
	p.carried = 7
	if got := p.encode(); got != goldenProposer2 {
		t.Errorf("encode = %q", got)
	}
	if got, err := decodeProposer(goldenProposer2); err != nil || !reflect.DeepEqual(got, p) {
		t.Errorf("decodeProposer = %+v, %v", got, err)
	}
}

func TestFrameFormat1(t *testing.T) {
	b := appendSet(nil, "cprod\x00db", "1.2")
	b = appendDelete(b, "c\x00x")
	b = appendMarker(b, 7, int64(len(b)), crc32.Checksum(b, castagnoli))
	if string(b) != goldenFrame {
		t.Errorf("frame = %q", b)
	}
	if e, index := scan([]byte(goldenFrame)); e.Damaged() || e.Frames != 1 || index != 7 {
		t.Errorf("scan = %+v, %d", e, index)
	}
	if e, _ := scan(bytes.Repeat([]byte(goldenFrame), 2)); e.Whole != int64(len(goldenFrame)) || !e.Damaged() {
		t.Error("a frame whose index does not grow was taken")
	}
}

func FuzzDecodeEntry(f *testing.F) {
	f.Add([]byte(goldenEntry))
	f.Add([]byte(goldenFlush))
	f.Add([]byte(goldenOrigin))
	f.Add([]byte("\x01\x01\x01\x01\xff\xff\xff\xff\x0f"))
	f.Fuzz(func(t *testing.T, b []byte) {
		e, err := DecodeEntry(b)
		if err != nil {
			return
		}
		again, err := DecodeEntry(e.Encode())
		if err != nil || !reflect.DeepEqual(e, again) {
			t.Errorf("%+v became %+v, %v", e, again, err)
		}
		// Whatever can be decoded must not break the state machine.
		s := OpenMemory()
		if _, err := s.Apply([]Indexed{{1, e}, {2, e}}); err != nil {
			t.Errorf("apply: %v", err)
		}
	})
}

// scan tells how far the frames in b go, and the index of the last whole one.
func scan(b []byte) (e Extent, index uint64) {
	f := readFrames(bytes.NewReader(b))
	for more := true; more; {
		_, _, more = f.next()
	}
	e, _ = f.end() // memory can be read
	return e, f.index
}

// However a file comes in, what is in it is the same.
func TestFramesComeInPieces(t *testing.T) {
	t.Parallel() // it takes long
	content := newHistory(t, 20).content(t)
	content = append(content, endFrame(appendSet(nil, "cprod\x00large", strings.Repeat("x", 3*firstPiece)), 21)...)
	for _, cut := range []int{0, 1, len(content) / 2, len(content) - 1, len(content)} {
		want, _ := scan(content[:cut])
		for name, pieces := range map[string]func(io.Reader) io.Reader{
			"bytes": iotest.OneByteReader, "halves": iotest.HalfReader, "the end with the last piece": iotest.DataErrReader,
		} {
			f, whole := readFrames(pieces(bytes.NewReader(content[:cut]))), crc32.New(castagnoli)
			for key, value, more := f.next(); more; key, value, more = f.next() {
				_, _ = fmt.Fprintf(whole, "%q %q %t", key, value, value == nil)
			}
			if got, err := f.end(); got != want || err != nil {
				t.Errorf("%d bytes in %s: %+v, %v, want %+v", cut, name, got, err, want)
			}
			if sum := whole.Sum32(); cut == len(content) && sum != recordsOf(content) {
				t.Errorf("%d bytes in %s: other records", cut, name)
			}
		}
	}
}

// recordsOf is a checksum over the records in a file's content.
func recordsOf(content []byte) uint32 {
	sum := crc32.New(castagnoli)
	for len(content) > 0 {
		key, value, n, err := parseRecord(content)
		if err != nil {
			return 0
		}
		if string(key) != marker {
			_, _ = fmt.Fprintf(sum, "%q %q %t", key, value, value == nil)
		}
		content = content[n:]
	}
	return sum.Sum32()
}

// A disk that cannot be read is no damage: nothing is cut off for it.
func TestAnUnreadableFileIsLeftAlone(t *testing.T) {
	content := newHistory(t, 20).content(t)
	half := io.MultiReader(bytes.NewReader(content[:len(content)/2]), iotest.ErrReader(syscall.EIO))
	s, extent, err := Load(struct {
		io.Reader
		io.Seeker
	}{half, nil})
	if !errors.Is(err, syscall.EIO) || s != nil || extent.Damaged() {
		t.Errorf("load = %v, %+v, %v; want EIO and no damage", s, extent, err)
	}
}

func FuzzScan(f *testing.F) {
	f.Add([]byte(goldenFrame))
	f.Fuzz(func(t *testing.T, b []byte) {
		e, _ := scan(b)
		if again, _ := scan(b[:e.Whole]); again.Damaged() || again.Frames != e.Frames {
			t.Errorf("%+v, then %+v", e, again)
		}
	})
}
