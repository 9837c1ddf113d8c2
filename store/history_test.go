package store

import (
	"errors"
	"fmt"
	"math/rand"
	"strings"
	"testing"
)

// story tells what is known of a config, the newest version first.
func (n *node) story(name string) string {
	var b strings.Builder
	_ = n.View(n.now, func(tx *Tx) error {
		tx.History(name, func(v Version) bool {
			fmt.Fprintf(&b, "v%d=%s %s", v.Version, v.Value, v.End.How)
			if v.End.How != Current {
				fmt.Fprintf(&b, " r%d %d %s", v.End.Revision, v.End.At, v.End.By)
			}
			b.WriteString("; ")
			return true
		})
		return nil
	})
	return strings.TrimSuffix(b.String(), "; ")
}

func TestHistoryTellsWhatAConfigWas(t *testing.T) {
	n := newNode(t)
	n.do(set("prod/db", "a"))
	n.now = 2000
	n.do(setUntil("prod/db", 2500))
	n.now = 2600
	if got, want := n.story("prod/db"), "v2=until 2500 expired r0 2500 ; v1=a replaced r2 2000 alice"; got != want {
		t.Errorf("not removed yet: %s", got)
	}
	n.do(set("prod/db", "b"))
	n.do(del("prod/db"))
	n.do(set("prod/db", "c"))
	n.do(flush)
	want := "v4=c flushed r6 2600 alice; v3=b deleted r4 2600 alice; v2=until 2500 expired r3 2500 alice; v1=a replaced r2 2000 alice"
	if got := n.story("prod/db"); got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if got := n.story("prod/other"); got != "" {
		t.Errorf("of one that never was: %s", got)
	}
}

func TestAVersionIsKeptOrForgottenOrNeverWas(t *testing.T) {
	n := newNode(t)
	for i := range DefaultKeep + 5 {
		n.do(set("x", fmt.Sprint(i+1)))
	}
	for number, want := range map[uint64]error{
		0: ErrNoVersion, 4: ErrForgotten, 5: nil, DefaultKeep + 5: nil, DefaultKeep + 6: ErrNoVersion,
	} {
		_ = n.View(n.now, func(tx *Tx) error {
			v, err := tx.Version("x", number)
			if !errors.Is(err, want) || err == nil && v.Value != fmt.Sprint(number) {
				t.Errorf("version %d is %q, %v, want %v", number, v.Value, err, want)
			}
			return nil
		})
	}
	if got := n.Kept(); got.Versions != DefaultKeep || got.VersionBytes < 150*DefaultKeep || got.AuditBytes < 50*DefaultKeep {
		t.Errorf("%+v is kept", got)
	}
}

// Whatever happened, what was is what there was then.
func TestAtIsWhatThereWas(t *testing.T) {
	r := rand.New(rand.NewSource(11))
	n := openNode(t, Dir(t.TempDir()))
	names := map[string]bool{}
	var was []map[string]Record
	for i := range uint64(600) {
		e := whatever(r, i+1)
		for _, txn := range e.Txns {
			for _, w := range txn.Writes {
				if !strings.HasPrefix(w.Name, "confman/") {
					names[w.Name] = true
				}
			}
		}
		n.apply(e)
		now := map[string]Record{}
		_ = n.View(0, func(tx *Tx) error {
			for name := range names {
				if rec, found := loadRecord(tx.src, configKey(name)); found {
					now[name] = rec
				}
			}
			return nil
		})
		was = append(was, now)
	}
	for _, s := range []*Store{n.Store, copied(t, n), reopened(t, n)} {
		_ = s.View(0, func(tx *Tx) error {
			for i, want := range was {
				at := Moment{Revision: uint64(i + 1)}
				for name := range names {
					if rec, found, err := tx.At(name, at); err != nil || found != (want[name].Version > 0) || rec != want[name] {
						t.Fatalf("%s at %v was %+v, %v, want %+v", name, at, rec, err, want[name])
					}
				}
			}
			return nil
		})
	}
	if last := was[len(was)-1]; len(last) == 0 || n.archive.versions < 300 {
		t.Errorf("%d configs, %d versions: that is too little to mean anything", len(last), n.archive.versions)
	}
}

func TestAtATime(t *testing.T) {
	n := newNode(t)
	n.do(set("x", "a"))
	n.now = 2000
	n.do(setUntil("x", 2500))
	n.now = 3000
	n.do(set("x", "b"))
	for at, want := range map[Millis]string{999: "", 1000: "a", 1999: "a", 2000: "until 2500", 2499: "until 2500", 2500: "", 2999: "", 3000: "b", 9000: "b"} {
		_ = n.View(n.now, func(tx *Tx) error {
			if rec, _, err := tx.At("x", Moment{At: at}); err != nil || rec.Value != want {
				t.Errorf("at %d: %q, %v, want %q", at, rec.Value, err, want)
			}
			return nil
		})
	}
}

// history-bytes bounds all of them together, and the ones that ended first are forgotten first, whatever config they are of.
func TestTheOldestIsForgottenFirst(t *testing.T) {
	n := newNode(t)
	n.do(set(historyBytes, "2500"))
	for i := range 30 {
		n.do(set(fmt.Sprintf("k%d", i%3), strings.Repeat("v", 40)+fmt.Sprint(i)))
		if n.archive.bytes > 2500 {
			t.Fatalf("%d bytes are kept", n.archive.bytes)
		}
	}
	kept := n.archive.versions
	if kept < 5 || kept > 12 {
		t.Errorf("%d versions are kept", kept)
	}
	_ = n.View(n.now, func(tx *Tx) error {
		floor := n.archive.floor.revision
		for revision := uint64(2); revision <= 31; revision++ {
			_, found, err := tx.At("k0", Moment{Revision: revision})
			if errors.Is(err, ErrForgotten) == found || !found && revision >= floor || found && revision < floor-3 {
				t.Errorf("at revision %d with what ended until %d forgotten: %v, %v", revision, floor, found, err)
			}
		}
		if _, _, err := tx.At("never", Moment{Revision: floor - 1}); !errors.Is(err, ErrForgotten) {
			t.Errorf("nobody can know whether there was one: %v", err)
		}
		if _, found, err := tx.At("never", Moment{Revision: floor}); err != nil || found {
			t.Errorf("there was none: %v, %v", found, err)
		}
		return nil
	})
	n.do(set(historyBytes, "0"), set("k0", "last"))
	if n.archive.bytes != 0 || n.story("k0") != "v11=last current" {
		t.Errorf("%d bytes, %s", n.archive.bytes, n.story("k0"))
	}
}

// What a flush ends is bounded as all else is, by what the cluster has agreed on when it flushes.
func TestAFlushKeepsWhatIsAgreedOn(t *testing.T) {
	for _, c := range []struct {
		agreed string
		kept   int
	}{{"0", 0}, {"1000000", 30}, {"5000", 22}} {
		n := newNode(t)
		n.do(set(historyBytes, c.agreed))
		for i := range 30 {
			n.do(set(fmt.Sprintf("k%d", i), strings.Repeat("v", 20)))
		}
		n.do(flush)
		if got := n.Kept(); got.Versions != c.kept {
			t.Errorf("of %s bytes %+v is kept, want %d versions", c.agreed, got, c.kept)
		}
	}
}

// Nodes that were restarted, were sent the state, or applied all at once keep the same of what was.
func TestHistoryIsAPartOfTheState(t *testing.T) {
	r := rand.New(rand.NewSource(5))
	entries := []Indexed{{1, Entry{Node: 1, Seq: 1, At: 1000, Txns: []Txn{{Writes: []Write{{Name: historyBytes, Value: "60000"}}}}}}}
	for i := uint64(2); i <= 600; i++ {
		entries = append(entries, Indexed{i, whatever(r, i)})
	}
	one := newNode(t)
	for _, e := range entries {
		if _, err := one.Apply([]Indexed{e}); err != nil {
			t.Fatal(err)
		}
	}
	if one.archive.floor.revision == 0 {
		t.Fatal("nothing was forgotten")
	}
	_, want := one.Hash()
	all := newNode(t)
	if _, err := all.Apply(entries); err != nil {
		t.Fatal(err)
	}
	half := openNode(t, Dir(t.TempDir()))
	if _, err := half.Apply(entries[:300]); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		*Store
	}{{"at once", all.Store}, {"sent a copy", copied(t, half)}, {"restarted", reopened(t, half)}} {
		if _, err := c.Apply(entries); err != nil {
			t.Fatal(err)
		}
		(&node{T: t, Store: c.Store}).archiveHolds()
		if _, hash := c.Hash(); hash != want || c.archive.bytes != one.archive.bytes || c.archive.floor != one.archive.floor {
			t.Errorf("%s: another state, with %d bytes from %+v on, want %d from %+v", c.name, c.archive.bytes, c.archive.floor, one.archive.bytes, one.archive.floor)
		}
	}
}

func TestKnownPagesThroughWhatIsAndWas(t *testing.T) {
	n := newNode(t)
	for _, name := range []string{"a/x", "a/y", "a/b/z", "a-b/c", "root", "a0/x"} {
		n.do(set(name, "1"))
		n.do(set(name, "2"))
	}
	n.do(del("a/x"), del("a/b/z"), set("a/new", "1"), del("root"))
	for _, c := range []struct {
		ns        string
		recursive bool
		want      string
	}{
		{"a", false, "a/new a/x a/y"},
		{"a", true, "a/new a/x a/y a/b/z"},
		{"", false, "root"},
		{"", true, "root a/new a/x a/y a-b/c a/b/z a0/x"},
		{"nowhere", true, ""},
	} {
		for _, limit := range []int{1, 2, 100} {
			var got []string
			_ = n.View(n.now, func(tx *Tx) error {
				for next := ""; ; {
					if next = tx.Known(c.ns, c.recursive, next, limit, func(name string) { got = append(got, name) }); next == "" {
						return nil
					}
				}
			})
			if s := strings.Join(got, " "); s != c.want {
				t.Errorf("known in %q, %v, by %d: %s, want %s", c.ns, c.recursive, limit, s, c.want)
			}
		}
	}
}

// What a transaction has deleted is known to it: there it was a moment ago.
func TestWhatATransactionHasDeletedIsKnown(t *testing.T) {
	n := newNode(t)
	n.do(set("a/x", "1"), set("a/y", "1"))
	var known []string
	n.do(func(tx *Tx) error {
		known = nil
		tx.Delete("a/x")
		tx.Known("a", false, "", 10, func(name string) { known = append(known, name) })
		return tx.Set("a/z", "1", 0)
	})
	if got := strings.Join(known, " "); got != "a/x a/y" {
		t.Errorf("known: %s", got)
	}
}

// A namespace says how many versions are kept in it and below it, and how old one may be to be read. What was before
// those is forgotten, and not taken for nothing.
func TestNamespacesSayWhatIsKept(t *testing.T) {
	n := newNode(t)
	settle := func(ns string, s Settings) { n.do(func(tx *Tx) error { return tx.SetSettings(ns, s) }) }
	for i := range 6 {
		n.now = Millis(1000 + 1000*i)
		n.do(set("few/x", fmt.Sprint(i)), set("young/x", fmt.Sprint(i)))
	}
	settle("few", Settings{Keep: 2})
	settle("young", Settings{Age: 2000})
	n.now = 7000
	n.do(set("few/x", "6"), set("young/x", "6"))
	if got, want := n.story("few/x"), "v7=6 current; v6=5 replaced r9 7000 alice; v5=4 replaced r6 6000 alice"; got != want {
		t.Errorf("few: %s, want %s", got, want)
	}
	if got, want := n.story("young/x"), "v7=6 current; v6=5 replaced r9 7000 alice; v5=4 replaced r6 6000 alice; v4=3 replaced r5 5000 alice"; got != want {
		t.Errorf("young: %s, want %s", got, want)
	}
	n.do(del("young/x"))
	n.now = 20_000
	if got := n.story("young/x"); got != "" {
		t.Errorf("too old to be read: %s", got)
	}
	_ = n.View(n.now, func(tx *Tx) error {
		for _, c := range []struct {
			name string
			at   Moment
		}{{"few/x", Moment{Revision: 3}}, {"few/x", Moment{At: 2500}}, {"young/x", Moment{Revision: 6}}, {"young/x", Moment{At: 6500}}} {
			if rec, _, err := tx.At(c.name, c.at); !errors.Is(err, ErrForgotten) {
				t.Errorf("%s at %v is %q, %v", c.name, c.at, rec.Value, err)
			}
		}
		if _, err := tx.Version("young/x", 6); !errors.Is(err, ErrForgotten) {
			t.Errorf("%v", err)
		}
		return nil
	})
	settle("young", Settings{})
	if got := n.story("young/x"); got == "" {
		t.Error("what is not too old any more cannot be read")
	}
}

// A bound that is lowered by much is come to in steps.
func TestABoundIsLoweredInSteps(t *testing.T) {
	n := newNode(t)
	for round := range 2 {
		for i := range 12 {
			n.seq++
			n.apply(bulk(n.seq, 2000, fmt.Sprintf("n%d", i)))
		}
		if got := n.Kept().Versions; got != round*24_000 {
			t.Fatalf("%d versions are kept", got)
		}
	}
	n.do(set(historyBytes, "100000"))
	for _, want := range []int{14_000, 4000} {
		if got := n.Kept().Versions; got != want {
			t.Errorf("%d versions are kept, want %d", got, want)
		}
		n.do(set("x", "1"), set("confman/nodes/1", "1"))
	}
	if got := n.Kept(); got.VersionBytes > 100_000 || got.Versions < 300 {
		t.Errorf("%+v is kept", got)
	}
}
