package store

import (
	"bytes"
	"fmt"
	"math/rand"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// These bytes are in files out there: they must always read back, and those of the present format never come out otherwise.
const (
	goldenPast1 = "\x01\x05\xe8\a" +
		"\x05alice\x00\x02" + "\x00\aprod/db\x02=\xf84\x04\xb7A\x10\xde" + "\x01\x01x\x03" +
		"\x03bob\x01\x02" + "\x02\x01n\x01\x06incrby\xfb\x95\xa72/]\xa3\x14" + "\x03\x01y\x01\aexpired"
	goldenPast = "\x02\x04\xe8\a\x03\x05alice\x0e10.0.0.9:51000\x04resp\x06deploy\bticket 7\x00\x02" +
		"\x00\aprod/db\x02\x01=\xf84\x04\xb7A\x10\xde\xfb\x95\xa72/]\xa3\x14" + "\x01\x01x\x03\x03\xfb\x95\xa72/]\xa3\x14\x00" +
		"\x03bob\x00\x00\x00\x00\x01\x01\x02\x01n\x01\x00\x06incrby\xfb\x95\xa72/]\xa3\x14\x00" +
		"\x03eve\x00\x00\x00\x00\x00\x00\x01\x84\a\x05carol\x0e10.0.0.9:51000\x04resp\x06deploy\bticket 7\x03SET\x01\x01x\aINVALID\x03" +
		goldenChain
	goldenFloor1 = "\x01\xac\x02"
	goldenFloor  = "\x02\xac\x02" + goldenChain
	goldenChain  = "0123456789abcdef0123456789abcdef"
)

func TestPastFormat1(t *testing.T) {
	alice := []PastChange{
		{Name: "prod/db", Events: "set", Version: 2, By: "alice", Digest: Digest("1.2.")},
		{Name: "x", Events: "del", Version: 3, By: "alice", Gone: true},
	}
	bob := []PastChange{
		{Events: "flush", By: "bob"},
		{Name: "n", Events: "incrby", Version: 1, By: "bob", Digest: Digest("2")},
		{Name: "y", Events: "expired", Version: 1, By: "bob", Gone: true},
	}
	want := PastRevision{At: 1000, All: slices.Concat(alice, bob), Txns: []PastTxn{{By: "alice", Changes: alice}, {By: "bob", Changes: bob}}}
	if got, err := decodePast(goldenPast1); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("decodePast = %+v, %v", got, err)
	}
	if got, _, err := decodeFloor(goldenFloor1); err != nil || got != 300 {
		t.Errorf("decodeFloor = %d, %v", got, err)
	}
}

func TestPastFormat2(t *testing.T) {
	from := Origin{Addr: "10.0.0.9:51000", Protocol: "resp", Client: "deploy", Reason: "ticket 7"}
	note := Note{At: 900, By: "carol", Origin: from, Act: "SET", Names: []string{"x"}, Refused: "INVALID", Times: 3}
	told := []Changes{
		{By: "alice", Origin: from, All: []Change{
			{Name: "prod/db", Events: "set", Value: "1.2.", Version: 2, Was: 1, Old: "2"},
			{Name: "confman/nodes/1", Events: "set", Value: "system", Version: 1},
			{Name: "x", Events: "del", Version: 3, Was: 3, Old: "2", Gone: true},
		}},
		{By: "system", All: []Change{{Name: "confman/nodes/1", Events: "del", Version: 1, Gone: true}}},
		{By: "bob", Flush: true, All: []Change{{Name: "n", Events: "incrby", Value: "2", Version: 1}}},
		{By: "eve", Notes: []Note{note}},
	}
	body, changes := encodePast(1000, told)
	if got := string(body) + goldenChain; got != goldenPast || changes != 4 {
		t.Errorf("encodePast = %q, %d", got, changes)
	}
	alice := []PastChange{
		{Name: "prod/db", Events: "set", Version: 2, Was: 1, By: "alice", Digest: Digest("1.2."), OldDigest: Digest("2")},
		{Name: "x", Events: "del", Version: 3, Was: 3, By: "alice", OldDigest: Digest("2"), Gone: true},
	}
	bob := []PastChange{{Events: "flush", By: "bob"}, {Name: "n", Events: "incrby", Version: 1, By: "bob", Digest: Digest("2")}}
	want := PastRevision{At: 1000, All: slices.Concat(alice, bob), Chain: Chain([]byte(goldenChain)), Txns: []PastTxn{
		{By: "alice", Origin: from, Changes: alice}, {By: "bob", Changes: bob}, {By: "eve", Changes: []PastChange{}, Notes: []Note{note}},
	}}
	if got, err := decodePast(goldenPast); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("decodePast = %+v, %v", got, err)
	}
	if got, _ := encodePast(1000, told[1:2]); got != nil {
		t.Errorf("the system's configs: %q", got)
	}
	if got := encodeFloor(300, want.Chain); got != goldenFloor {
		t.Errorf("encodeFloor = %q", got)
	}
	if got, chain, err := decodeFloor(goldenFloor); err != nil || got != 300 || chain != want.Chain {
		t.Errorf("decodeFloor = %d, %x, %v", got, chain, err)
	}
}

func FuzzDecodePast(f *testing.F) {
	f.Add(goldenPast1)
	f.Add(goldenPast)
	f.Add("\x01\xff\xff\xff\xff\x0f")
	f.Add("\x01\x01\x00\x00\x01\x00")
	f.Fuzz(func(t *testing.T, s string) {
		r, err := decodePast(s)
		if err != nil {
			return
		}
		for _, c := range r.All {
			if c.Flush() != (c.Events == eventFlush && c.Version == 0) && c.Name == "" {
				t.Errorf("%+v", c)
			}
		}
		if len(r.All) > len(s) {
			t.Errorf("%d changes out of %d bytes", len(r.All), len(s))
		}
	})
}

// whatever makes an entry of all kinds of writes.
func whatever(r *rand.Rand, seq uint64) Entry {
	e := Entry{Node: 1, Seq: seq, At: Millis(1000 + 10*seq)}
	for range 1 + r.Intn(3) {
		txn := Txn{By: fmt.Sprint("user", r.Intn(3)), Flush: r.Intn(40) == 0}
		for range r.Intn(4) {
			txn.Writes = append(txn.Writes, Write{
				Name: fmt.Sprintf("n%d/k%d", r.Intn(3), r.Intn(9)), Value: fmt.Sprint(r.Intn(5)), Delete: r.Intn(4) == 0,
				Expires: Millis(r.Intn(2) * (1000 + 10*int(seq) + r.Intn(300))), Events: []string{"", "", "incrby", "expire"}[r.Intn(4)],
			})
		}
		if r.Intn(9) == 0 {
			txn.Writes = append(txn.Writes, Write{Name: "confman/nodes/1", Value: "x"})
		}
		e.Txns = append(e.Txns, txn)
	}
	return e
}

// bulk makes an entry that writes many configs, as no flush does.
func bulk(seq uint64, n int, name string) Entry {
	txn := Txn{By: "loader"}
	for i := range n {
		txn.Writes = append(txn.Writes, Write{Name: fmt.Sprintf("%s/%d", name, i), Value: "v"})
	}
	return Entry{Node: 1, Seq: seq, At: Millis(1000 + 10*seq), Txns: []Txn{txn}}
}

// recall returns all that is kept, a page at a time.
func (n *node) recall(from, to uint64, page func(*Tx, uint64, uint64, func(PastRevision) bool) (uint64, bool)) (all []PastRevision) {
	n.Helper()
	for more := true; more; {
		_ = n.View(n.now, func(tx *Tx) error {
			var next uint64
			next, more = page(tx, from, to, func(r PastRevision) bool {
				all = append(all, r)
				return true
			})
			if reflect.ValueOf(page).Pointer() == reflect.ValueOf((*Tx).Past).Pointer() {
				from = next
			} else {
				to = next
			}
			return nil
		})
	}
	return all
}

// Whatever batches the entries come in, and whoever is restarted or sent a copy of the state between
// them, the same is kept of the past, byte for byte, and the same is dropped.
func TestThePastIsAPartOfTheState(t *testing.T) {
	t.Parallel() // it takes long
	r := rand.New(rand.NewSource(7))
	var entries []Indexed
	for i := range uint64(400) {
		e := whatever(r, i+1)
		if i == 0 {
			e.Txns = append(e.Txns, Txn{Writes: []Write{{Name: auditBytes, Value: "1000000"}}})
		}
		if i%4 == 3 {
			e = bulk(i+1, 800, fmt.Sprint("bulk", i%8))
		}
		entries = append(entries, Indexed{i + 1, e})
	}
	one := newNode(t)
	for _, e := range entries {
		if _, err := one.Apply([]Indexed{e}); err != nil {
			t.Fatal(err)
		}
	}
	if one.past.floor == 0 || one.past.bytes > 1_000_000 || one.past.bytes < 900_000 {
		t.Errorf("%+v", one.past)
	}
	_, want := one.Hash()
	for _, c := range []struct {
		name  string
		size  int
		again func(n *node)
	}{
		{"as it is", 400, func(*node) {}},
		{"restarted", 7, func(n *node) { n.Store = reopened(t, n) }},
		{"copied", 100, func(n *node) { n.Store = copied(t, n) }},
	} {
		n := openNode(t, Dir(t.TempDir()))
		for batch := range slices.Chunk(entries, c.size) {
			if _, err := n.Apply(batch); err != nil {
				t.Fatal(err)
			}
			if batch[0].Index%100 < 7 {
				c.again(n)
			}
		}
		if _, hash := n.Hash(); hash != want || n.past != one.past {
			t.Errorf("%s, in batches of %d: %x %+v, want %x %+v", c.name, c.size, hash, n.past, want, one.past)
		}
		if got := n.recall(0, 1000, (*Tx).Past); !reflect.DeepEqual(got, one.recall(0, 1000, (*Tx).Past)) {
			t.Errorf("%s, in batches of %d: not the same past", c.name, c.size)
		}
	}
}

// reopened is a node's store read from its file.
func reopened(t *testing.T, n *node) *Store {
	t.Helper()
	folder := n.file.fs
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
	s, err := Open(folder)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// copied is a store that was sent a node's state.
func copied(t *testing.T, n *node) *Store {
	t.Helper()
	var b bytes.Buffer
	if _, err := n.Snapshot().WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	s := OpenMemory()
	if err := s.Restore(&b); err != nil {
		t.Fatal(err)
	}
	return s
}

// Of what is long less is kept, and what is longer than all that may be is kept alone.
func TestThePastIsBoundedInBytes(t *testing.T) {
	t.Parallel() // it takes long
	n := newNode(t)
	long := strings.Repeat("n", 900)
	const bound = 8 << 20
	n.do(set(auditBytes, fmt.Sprint(bound)))
	for i := uint64(2); i <= 12; i++ {
		n.apply(bulk(i, 1000, long))
	}
	if n.past.bytes > bound || n.past.bytes < bound-1<<20 || n.past.floor == 0 {
		t.Errorf("%+v", n.past)
	}
	n.apply(bulk(13, 10_000, long))
	all := n.recall(0, Pending, (*Tx).Past)
	if len(all) != 1 || len(all[0].All) != 10_000 || n.past.bytes < bound || n.past.floor != 12 {
		t.Errorf("%d revisions, %+v", len(all), n.past)
	}
	n.apply(bulk(14, 1, "x"))
	if all := n.recall(0, Pending, (*Tx).Past); len(all) != 1 || all[0].Revision != 14 || n.past.changes != 1 {
		t.Errorf("%d revisions, %+v", len(all), n.past)
	}
}

// Pages come in both directions, and hold up nobody for long.
func TestPagesOfThePast(t *testing.T) {
	n := newNode(t)
	for i := range 2500 {
		n.do(set("x", fmt.Sprint(i)))
	}
	forwards, backwards := n.recall(10, 2400, (*Tx).Past), n.recall(10, 2400, (*Tx).PastBackwards)
	slices.Reverse(backwards)
	if len(forwards) != 2391 || forwards[0].Revision != 10 || !reflect.DeepEqual(forwards, backwards) {
		t.Errorf("%d revisions from %d on, %d backwards", len(forwards), forwards[0].Revision, len(backwards))
	}
	for i, r := range forwards {
		if r.Revision != uint64(i)+10 || len(r.All) != 1 || r.All[0].Version != r.Revision || r.All[0].Digest != Digest(fmt.Sprint(i+9)) {
			t.Fatalf("%+v", r)
		}
	}
	_ = n.View(n.now, func(tx *Tx) error {
		looked := 0
		next, more := tx.Past(5, Pending, func(PastRevision) bool { looked++; return true })
		if next != 1005 || !more || looked != 1000 {
			t.Errorf("%d at a time, then on from %d: %v", looked, next, more)
		}
		if _, more := tx.Past(5, 4, func(PastRevision) bool { t.Error("nothing lies there"); return true }); more {
			t.Error("more lies there")
		}
		if tx.CountPast() != 2500 || tx.LastPast() != 2500 || tx.Applied() != 2500 || tx.PastFloor() != 0 {
			t.Errorf("%+v", tx.store.past)
		}
		return nil
	})
	n.seq = 3000
	n.apply(bulk(n.seq, 20_000, "y"))
	n.do(set("x", ""))
	_ = n.View(n.now, func(tx *Tx) error {
		if next, more := tx.Past(2501, Pending, func(PastRevision) bool { return true }); next != 2502 || !more {
			t.Errorf("behind many changes on from %d: %v", next, more)
		}
		return nil
	})
}

// A transaction sees the past as it was applied, whatever it has written itself.
func TestThePastWithinATransaction(t *testing.T) {
	n := newNode(t)
	n.do(set("x", "1"))
	n.do(set("y", "1"), func(tx *Tx) error {
		tx.Flush()
		_ = tx.Set("z", "1", 0)
		tx.Past(0, Pending, func(r PastRevision) bool {
			if r.Revision != 1 {
				n.Errorf("%+v", r)
			}
			return true
		})
		return nil
	})
	if all := n.recall(0, Pending, (*Tx).Past); len(all) != 2 || len(all[1].All) != 3 || !all[1].All[1].Flush() {
		t.Errorf("%+v", all)
	}
}

// A state that comes from a version which kept nothing has a past that begins behind it.
func TestAStateWithoutAPast(t *testing.T) {
	n := newNode(t)
	n.do(set("x", "1"))
	var old []byte
	_ = n.View(n.now, func(tx *Tx) error {
		tx.src.ascend(everything, func(key, value string) bool {
			if key[:1] != pasts {
				old = appendSet(old, key, value)
			}
			return true
		})
		return nil
	})
	if err := n.Restore(bytes.NewReader(endFrame(old, 7))); err != nil {
		t.Fatal(err)
	}
	floor := func() (f uint64) {
		_ = n.View(n.now, func(tx *Tx) error { f = tx.PastFloor(); return nil })
		return f
	}
	if floor() != 7 {
		t.Errorf("floor %d", floor())
	}
	n.index = 8
	n.do(set("x", "2"))
	if all := n.recall(0, Pending, (*Tx).Past); floor() != 8 || len(all) != 1 {
		t.Errorf("floor %d, %+v", floor(), all)
	}
	if s := copied(t, n); s.past != n.past {
		t.Errorf("%+v, copied %+v", n.past, s.past)
	}
}

// A history that is begun anew from a backup still knows what had changed.
func TestAHistoryBegunAnewKeepsThePast(t *testing.T) {
	n := newNode(t)
	n.do(set("x", "1"))
	n.do(set("confman/nodes/1", "n"))
	n.do(set("x", "2"))
	dir := Dir(t.TempDir())
	if err := Found(dir, n.Store, map[string]string{"confman/nodes/9": "n"}); err != nil {
		t.Fatal(err)
	}
	anew := openNode(t, dir)
	anew.index = anew.Applied()
	anew.do(set("x", "3"))
	all := anew.recall(0, Pending, (*Tx).Past)
	if len(all) != 3 || all[1].Revision != 3 || all[2].All[0].Version != 3 || anew.past.floor != 0 {
		t.Errorf("%+v", all)
	}
}

// A record that nobody can have written is no reason to load it.
func TestAPastThatCannotBe(t *testing.T) {
	for key, value := range map[string]string{
		pasts:                      "\x01",
		pasts + "1":                goldenPast,
		pasts + "000000000000000g": goldenPast,
		pasts + "000000000000000A": goldenPast,
		pastKey(1):                 goldenPast + "x",
		pastKey(2):                 "\x03",
		pastKey(3):                 "\x02\x00\x00\x01",
	} {
		if _, _, err := Load(bytes.NewReader(endFrame(appendSet(nil, key, value), 7))); err == nil {
			t.Errorf("%q: %q was loaded", key, value)
		}
	}
}
