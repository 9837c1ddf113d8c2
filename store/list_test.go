package store

import (
	"fmt"
	"slices"
	"testing"
)

func TestNamespacesArePaged(t *testing.T) {
	n := newNode(t)
	n.do(set("a/1", "1"), set("a/3", "3"), set("a/4", "4"), set("a/4b/5", "5"), set("b/6", "6"),
		func(tx *Tx) error { return tx.Set("a/2", "2", n.now+1) })
	n.now += 2
	_ = n.View(n.now, func(tx *Tx) error {
		for limit, pages := range map[int]int{1: 3, 2: 2, 3: 1, 10: 1, -1: 1} {
			var shown []string
			for next, page := "", 0; page == 0 || next != ""; page++ {
				if page == pages {
					t.Fatalf("limit %d: more than %d pages", limit, pages)
				}
				next = tx.Items("a", next, limit, func(item Item) { shown = append(shown, item.Key+item.Value) })
			}
			if !slices.Equal(shown, []string{"11", "33", "44"}) {
				t.Errorf("limit %d: %q", limit, shown)
			}
		}
		return nil
	})
}

// counts checks what is said without a walk against a walk.
func counts(t *testing.T, tx *Tx) {
	t.Helper()
	spaces := 0
	tx.Namespaces("", -1, func(ns string) {
		if ns == "/" {
			ns = ""
		} else {
			spaces++
		}
		if got, want := tx.Len(ns), len(tx.List(ns)); got != want {
			t.Errorf("Len(%q) = %d, want %d", ns, got, want)
		}
	})
	roots := 0
	tx.Roots("", -1, func(string) { roots++ })
	if got := tx.CountKeys(); got != roots+spaces {
		t.Errorf("CountKeys = %d, want %d", got, roots+spaces)
	}
	names := 0
	tx.Names("", -1, func(string, Record) { names++ })
	if got := tx.Count(); got != names {
		t.Errorf("Count = %d, want %d", got, names)
	}
}

func TestCountsAreThoseOfAWalk(t *testing.T) {
	n := newNode(t)
	steps := []func(*Tx) error{
		set("root", "1"), set("a/b", "1"), set("a/c", "1"), set("a/c2/d", "1"), set("confman/x", "1"), set("confman/y/z", "1"), set("confmanual/x", "1"),
		func(tx *Tx) error { return tx.Set("a/soon", "1", 1500) },
		func(tx *Tx) error { return tx.Set("e/soon", "1", 1500) },
		set("e/f", "1"), del("e/f"), del("a/c2/d"), del("a/b"), del("nothing/x"),
		set("a/soon", "2"), set("a/g", "1"), del("root"),
		func(tx *Tx) error { return tx.Set("h/now", "1", tx.Now()) },
		func(tx *Tx) error { tx.Flush(); return tx.Set("a/b", "1", 0) },
		set("a/c", "1"), set("d/e", "1"), func(tx *Tx) error { return tx.Set("f/now", "1", tx.Now()+1) }, set("root", "1"),
	}
	for i, step := range steps {
		n.now = 1000 + Millis(i)*60
		n.do(func(tx *Tx) error {
			err := step(tx)
			counts(t, tx)
			return err
		}, func(tx *Tx) error { counts(t, tx); return nil })
		_ = n.View(n.now, func(tx *Tx) error { counts(t, tx); return nil })
	}
	_ = n.View(n.now, func(tx *Tx) error {
		if got := fmt.Sprint(tx.Count(), tx.CountKeys(), tx.Len("a"), tx.Len("confman"), tx.Len("nothing")); got != "4 3 2 1 0" {
			t.Error(got)
		}
		return nil
	})
}

// What walks over everything conflicts with nothing.
func TestListingsOfAllAreNotGuarded(t *testing.T) {
	n := newNode(t)
	n.do(set("root", "1"), set("a/b", "1"))
	e := n.evaluate(func(tx *Tx) error {
		tx.Names("", -1, func(string, Record) {})
		tx.Namespaces("", -1, func(string) {})
		tx.Roots("", -1, func(string) {})
		tx.DrawName(func(int) int { return 0 })
		tx.DrawKey(func(int) int { return 0 })
		if tx.Count() != 2 || tx.CountKeys() != 2 {
			t.Errorf("%d configs, %d keys", tx.Count(), tx.CountKeys())
		}
		return nil
	})
	if guards := e.Txns[0].Guards; len(guards) > 0 {
		t.Errorf("guards %+v", guards)
	}
}

// Where nobody leads, what has expired is not removed. Then what is in a namespace is counted by a
// walk over it if it is smaller than all of that.
func TestCountingWhereMuchHasExpired(t *testing.T) {
	n := newNode(t)
	const many = 2000
	n.do(set("small/stays", "1"), setUntil("small/soon", 1500), setUntil("much/late", 5000), func(tx *Tx) error {
		for i := range many {
			if err := tx.Set(fmt.Sprint("much/", i), "1", 1500); err != nil {
				return err
			}
		}
		return nil
	})
	_ = n.View(2000, func(tx *Tx) error {
		counts(t, tx)
		return nil
	})
}
