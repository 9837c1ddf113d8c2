package store

import (
	"math/rand"
	"slices"
	"testing"
)

// chained returns what is kept of the past, as it is chained, and the chain's value before it.
func chained(s *Store) (records []RawPast, start, head Chain) {
	_ = s.View(0, func(tx *Tx) error {
		var floor uint64
		floor, start = tx.ChainFloor()
		head = tx.ChainHead()
		tx.RawPast(floor+1, 1<<20, func(r RawPast) bool {
			records = append(records, r)
			return true
		})
		return nil
	})
	return records, start, head
}

// broken returns the first revision whose record does not fit into the chain, or zero, and the chain's last value.
func broken(records []RawPast, start Chain) (revision uint64, end Chain) {
	for _, r := range records {
		var fits bool
		if start, fits = NextChain(start, r.Revision, r.Record); !fits {
			return r.Revision, start
		}
	}
	return 0, start
}

// Whoever alters or takes away a record of what has happened is found out, also after the oldest ones were dropped.
func TestTheChainShowsWhatWasAltered(t *testing.T) {
	r := rand.New(rand.NewSource(3))
	n := openNode(t, Dir(t.TempDir()))
	n.do(set(auditBytes, "20000"))
	for i := range uint64(400) {
		e := whatever(r, i+2)
		if i%5 == 0 {
			e.Txns = append(e.Txns, Txn{By: "eve", Notes: []Note{{By: "eve", Act: "AUTH", Refused: "WRONGPASS", Times: 1}}})
		}
		n.apply(e)
	}
	records, start, head := chained(n.Store)
	if first, end := broken(records, start); first != 0 || end != head || n.past.floor == 0 || len(records) < 50 {
		t.Fatalf("of %d records that of revision %d does not fit, and the chain ends with %x instead of %x", len(records), first, end, head)
	}
	middle := len(records) / 2
	altered := slices.Clone(records)
	altered[middle].Record = altered[middle].Record[:9] + "x" + altered[middle].Record[10:]
	if first, _ := broken(altered, start); first != records[middle].Revision {
		t.Errorf("revision %d was altered, and %d found", records[middle].Revision, first)
	}
	if first, _ := broken(slices.Delete(slices.Clone(records), middle, middle+1), start); first != records[middle+1].Revision {
		t.Errorf("revision %d is missing, and %d found", records[middle].Revision, first)
	}
	if _, end := broken(records[:len(records)-1], start); end == head {
		t.Error("the last one is missing, and nobody notices")
	}
	for _, s := range []*Store{copied(t, n), reopened(t, n)} {
		if again, from, to := chained(s); !slices.Equal(again, records) || from != start || to != head {
			t.Error("after a restart, or in a copy, there is another chain")
		}
	}
}

// Notes alone are records of their own, and no changes.
func TestNotesAreAPartOfThePast(t *testing.T) {
	n := newNode(t)
	n.do(set("x", "1"))
	n.do(func(tx *Tx) error { tx.Note(Note{Act: "CONFIG SET"}); return nil })
	all := n.recall(0, Pending, (*Tx).Past)
	if len(all) != 2 || len(all[1].All) != 0 || len(all[1].Txns) != 1 || all[1].Txns[0].Notes[0].Act != "CONFIG SET" {
		t.Errorf("%+v", all)
	}
	_ = n.View(n.now, func(tx *Tx) error {
		if tx.LastPast() != 1 || tx.CountPast() != 1 {
			t.Errorf("the last change is at %d, of %d", tx.LastPast(), tx.CountPast())
		}
		return nil
	})
	if s := copied(t, n); s.past != n.past {
		t.Errorf("%+v, copied %+v", n.past, s.past)
	}
}
