package store

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// told is a watcher that writes down what it is told.
type told struct {
	store *Store
	lines []string
}

func (w *told) Changed(all []Changes) {
	if w.store.mu.TryRLock() {
		w.lines = append(w.lines, "somebody reads meanwhile")
		w.store.mu.RUnlock()
	}
	for _, c := range all {
		line := fmt.Sprintf("%d %s %d:", c.Revision, c.By, c.Client)
		if c.Flush {
			line += " flush"
		}
		for _, one := range c.All {
			line += fmt.Sprintf(" %s[%s]=%q v%d", one.Name, one.Events, one.Value, one.Version)
			for _, fact := range []struct {
				is   bool
				name string
			}{{one.Gone, "gone"}, {one.Created, "created"}, {one.First, "first"}, {one.Last, "last"}} {
				if fact.is {
					line += " " + fact.name
				}
			}
		}
		w.lines = append(w.lines, line)
	}
}

func (w *told) Lapsed(names []string) {
	w.lines = append(w.lines, "lapsed "+strings.Join(names, " "))
}

func (w *told) Replaced(revision uint64, value func(string) (string, bool)) {
	c, found := value("c")
	w.lines = append(w.lines, fmt.Sprintf("replaced %d c=%s %v", revision, c, found))
}

// A watcher is told what each transaction has really changed, in the order of the log.
func TestWatcher(t *testing.T) {
	s := OpenMemory()
	w := &told{store: s}
	s.Watch(w)
	seq := uint64(0)
	apply := func(at Millis, txns ...Txn) {
		t.Helper()
		seq++
		if _, err := s.Apply([]Indexed{{seq, Entry{Node: 1, Seq: seq, At: at, Txns: txns}}}); err != nil {
			t.Fatal(err)
		}
	}
	set := func(name, value string, expires Millis, events string) Write {
		return Write{Name: name, Value: value, Expires: expires, Events: events}
	}
	apply(10, Txn{By: "ann", Client: 7, Writes: []Write{set("a/x", "1", 0, ""), set("a/y", "1", 50, "")}})
	apply(20, Txn{By: "bob", Writes: []Write{set("a/x", "2", 0, "incrby"), {Name: "a/y", Delete: true}, {Name: "a/z", Delete: true}}})
	apply(30, Txn{By: "bob", Writes: []Write{set("a/x", "2", 99, "expire")}}, Txn{Writes: []Write{set("a/x/y", "1", 0, "")}})
	apply(99, Txn{By: "system", Writes: []Write{{Name: "a/x", Delete: true}}})
	apply(99, Txn{By: "ann", Writes: []Write{set("b", "1", 120, "")}})
	apply(130, Txn{By: "ann", Writes: []Write{set("b", "1", 0, "")}})
	apply(140, Txn{By: "eve", Flush: true, Writes: []Write{set("c", "1", 0, "")}})
	want := []string{
		`replaced 0 c= false`,
		`1 ann 7: a/x[set]="1" v1 created first a/y[set]="1" v1 created`,
		`2 bob 0: a/y[del]="" v1 gone a/x[incrby]="2" v2`,
		`3 bob 0: a/x[expire]="2" v3`,
		`4 system 0: a/x[expired]="" v3 gone last`,
		`5 ann 0: b[set]="1" v1 created first`,
		`6 ann 0: b[expired]="" v1 gone b[set]="1" v2 created`,
		`7 eve 0: flush c[set]="1" v1 created first`,
	}
	if !slices.Equal(w.lines, want) {
		t.Errorf("told\n%s\nwant\n%s", strings.Join(w.lines, "\n"), strings.Join(want, "\n"))
	}
	r := s.Snapshot()
	var b strings.Builder
	if _, err := r.WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	other := OpenMemory()
	w = &told{store: other}
	other.Watch(w)
	if err := other.Restore(strings.NewReader(b.String())); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(w.lines, []string{"replaced 0 c= false", "replaced 7 c=1 true"}) {
		t.Errorf("told %q", w.lines)
	}
}

// A transaction that writes a config more than once tells all that it did, each event once.
func TestEventsOfOneTransaction(t *testing.T) {
	s := OpenMemory()
	var txn Txn
	_ = s.Evaluate(10, []Update{{Do: func(tx *Tx) error {
		tx.From(3)
		for range 2 {
			tx.As("incrby", "")
			_ = tx.Set("n", "1", 0)
		}
		tx.As("", "")
		_ = tx.Set("n", "1", 0)
		tx.As("expire", "")
		_ = tx.Set("n", "1", 50)
		tx.As("", "")
		_ = tx.Set("m", "1", 0)
		_ = tx.Set("m", "2", 0)
		return nil
	}}}, func(_ int, got Txn, _ error) bool {
		txn = got
		return true
	})
	if txn.Client != 3 || len(txn.Writes) != 2 || txn.Writes[0].Events != "incrby set expire" || txn.Writes[1].Events != "" {
		t.Errorf("%+v", txn)
	}
}
