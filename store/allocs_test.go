package store

import (
	"strings"
	"testing"
)

// What a SET may allocate, in an entry of its own and as one of 50. Whoever makes these grow has to say why, and
// whoever makes them shrink, lowers them. The race detector takes some more.
const (
	evaluateAllocs   = 17
	evaluateAllocs50 = 375
	applyAllocs      = 60
	applyAllocs50    = 590
	encodeAllocs     = 1
	decodeAllocs     = 4
	getAllocs        = 4
)

func atMost(t *testing.T, what string, most float64, do func()) {
	t.Helper()
	if got := testing.AllocsPerRun(200, do); got > most {
		t.Errorf("%s: %v allocations, want at most %v", what, got, most)
	}
}

func TestAWriteAllocatesNoMoreThanItDid(t *testing.T) {
	s, index := measuredStore(t)
	for _, c := range []struct {
		sets            int
		evaluate, apply float64
	}{{1, evaluateAllocs, applyAllocs}, {50, evaluateAllocs50, applyAllocs50}} {
		updates := measuredUpdates(0, c.sets)
		atMost(t, "evaluate", c.evaluate, func() {
			_ = s.Evaluate(1, updates, func(int, Txn, error) bool { return true })
		})
		var all []Entry
		for i := 0; i < measured; i += 50 {
			all = append(all, measuredEntry(t, s, 1, i, c.sets))
		}
		atMost(t, "encode", encodeAllocs, func() { all[0].Encode() })
		atMost(t, "apply", c.apply, func() {
			index++
			e := all[index%uint64(len(all))]
			e.Seq = index
			if _, err := s.Apply([]Indexed{{index, e}}); err != nil {
				t.Fatal(err)
			}
		})
	}
}

func TestAnEntryIsDecodedWithFewAllocations(t *testing.T) {
	s, _ := measuredStore(t)
	encoded := measuredEntry(t, s, 1, 0, 1).Encode()
	atMost(t, "decode", decodeAllocs, func() { _, _ = DecodeEntry(encoded) })
}

func TestALongValueIsEncodedAtItsSize(t *testing.T) {
	rec := Record{Value: strings.Repeat("value", 200), Version: 3, Revision: 7, Created: 1, Updated: 1, By: "alice"}
	was := Version{rec, End{9, 2, "bob", Replaced}}
	encoded := rec.encode()
	atMost(t, "encode a record", 1, func() { rec.encode() })
	atMost(t, "encode a version", 1, func() { was.encode() })
	atMost(t, "hash a record", 0, func() { hashOf("cprod\x00db", encoded) })
}

func TestAReadAllocatesNoMoreThanItDid(t *testing.T) {
	s, _ := measuredStore(t)
	name := measuredName(7)
	atMost(t, "get", getAllocs, func() {
		_ = s.View(1, func(tx *Tx) error {
			if _, found := tx.Get(name); !found {
				t.Error("it is gone")
			}
			return nil
		})
	})
}
