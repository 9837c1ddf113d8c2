package store

import (
	"bytes"
	"strings"
	"testing"
)

// grown returns a store with a history of its own: two nodes have proposed, and the system
// has configs.
func grown(t *testing.T) *node {
	n := newNode(t)
	n.do(set("confman/cluster", "old"), set("confman/nodes/1", "here"), set("confmanx/k", "1"), quota("prod", 9, 0))
	n.now = 5000
	n.do(set("prod/db", "a"), set("prod/api/timeout", "30s"))
	n.do(shout("prod/db"))
	other := n.evaluate(set("prod/x", "1"))
	other.Node, other.Seq = 2, 900
	n.apply(other)
	return n
}

// all returns every config that clients see, with all that is known of it.
func all(s *Store) map[string]Record {
	found := map[string]Record{}
	_ = s.View(0, func(tx *Tx) error {
		tx.Names("", -1, func(name string, rec Record) { found[name] = rec })
		return nil
	})
	return found
}

func sameConfigs(t *testing.T, got, want *Store) {
	t.Helper()
	have := all(got)
	for name, rec := range all(want) {
		if have[name] != rec {
			t.Errorf("%s = %+v, want %+v", name, have[name], rec)
		}
		delete(have, name)
	}
	if len(have) != 0 {
		t.Errorf("and there are %v", have)
	}
}

func TestANewHistoryBeginsWithTheOldConfigs(t *testing.T) {
	old, folder := grown(t), memory{}
	if err := Found(folder, old.Store, map[string]string{"confman/cluster": "new"}); err != nil {
		t.Fatal(err)
	}
	s, err := Open(folder)
	if err != nil {
		t.Fatal(err)
	}
	sameConfigs(t, s, old.Store)
	if n := (&node{T: t, Store: s}); n.policies().Of("prod").MaxKeys != 9 || n.tallies["prod"].keys != 3 {
		t.Errorf("the settings %+v have not come along: %v", n.policies(), n.tallies)
	}
	base := old.Applied()
	if s.Applied() != base || s.Base() != base || s.clock != 5000 || s.LastSeq(1)+s.LastSeq(2) != 0 {
		t.Errorf("applied %d, base %d, clock %d, seqs %d, %d", s.Applied(), s.Base(), s.clock, s.LastSeq(1), s.LastSeq(2))
	}
	if _, hash := s.Hash(); hash == old.hash {
		t.Error("the hash is that of the old history")
	}
	_ = s.View(0, func(tx *Tx) error {
		rec, _ := tx.Get("confman/cluster")
		if want := (Record{Value: "new", Version: 1, Revision: base, Created: 5000, Updated: 5000, By: "system"}); rec != want {
			t.Errorf("confman/cluster = %+v, want %+v", rec, want)
		}
		if tx.IsNamespace("confman/nodes") || len(tx.List("confman")) != 1 || tx.Count() != 4 {
			t.Errorf("%d system configs, %d others", len(tx.List("confman")), tx.Count())
		}
		if tx.Revision("confman") != base || tx.Revision("prod") != 4 {
			t.Errorf("namespaces at %d and %d", tx.Revision("confman"), tx.Revision("prod"))
		}
		return nil
	})
	t.Run("and goes on from there", func(t *testing.T) {
		n := &node{T: t, Store: s, now: 1, index: base} // its first entry, by a clock that is behind
		n.do(shout("prod/db"))
		var rec Record
		_ = n.View(0, get("prod/db", &rec))
		if want := (Record{Value: "a!!", Version: 3, Revision: base + 1, Created: 5000, Updated: 5000, By: "alice"}); rec != want {
			t.Errorf("%+v, want %+v", rec, want)
		}
		if again, err := Open(folder); err != nil || again.Applied() != base+1 || again.Base() != base || again.totals != n.totals {
			t.Errorf("after a restart: %+v, %v", again.totals, err)
		}
	})
}

func TestANewHistoryIsRefusedWhereItWouldLoseOne(t *testing.T) {
	old := grown(t)
	folder := memory{FileName: []byte("somebody's")}
	if err := Found(folder, old.Store, nil); err == nil || len(folder) != 1 || string(folder[FileName]) != "somebody's" {
		t.Errorf("beside a file: %v, %q", err, folder)
	}
	folder = memory{}
	if err := Found(folder, OpenMemory(), nil); err == nil || len(folder) != 0 {
		t.Errorf("of an empty store: %v, %q", err, folder)
	}
	if err := Found(folder, old.Store, map[string]string{"prod/db": "1"}); err == nil || len(folder) != 0 {
		t.Errorf("with a system's config that is none: %v, %q", err, folder)
	}
}

func TestLoadReadsWhatIsWhole(t *testing.T) {
	h := newHistory(t, 20)
	b := h.content(t)
	for _, cut := range []int{0, 1, len(b) / 2, len(b) - 1, len(b)} {
		s, extent, err := Load(bytes.NewReader(b[:cut]))
		if err != nil {
			t.Fatal(err)
		}
		index, hash := s.Hash()
		if hash != h.hashes[index] || extent.Frames != int(index)+1 && cut > 0 && extent.Frames > 0 {
			t.Errorf("%d bytes: %+v up to index %d", cut, extent, index)
		}
		if whole := cut == 0 || cut == len(b); extent.Bytes != int64(cut) || extent.Damaged() == whole {
			t.Errorf("%d bytes: %+v", cut, extent)
		}
	}
}

// What passes its checksum and cannot be read was written by a later version.
func TestLoadRefusesWhatItCannotRead(t *testing.T) {
	for key, value := range map[string]string{
		"":             "",
		"c":            goldenRecord,
		"cconfman":     goldenRecord,
		"c\x00x":       "\x02later",
		"n":            "\x02later",
		"s1":           "\x02later",
		"b":            "\x02later",
		"x of a later": "kind",
	} {
		n := newNode(t)
		n.do(set("before", "1"))
		var b strings.Builder
		sn := n.Snapshot()
		sn.old.changes.set(key, change{value: value})
		if _, err := sn.WriteTo(&b); err != nil {
			t.Fatal(err)
		}
		if _, _, err := Load(strings.NewReader(b.String())); err == nil {
			t.Errorf("%q = %q was loaded", key, value)
		}
	}
}
