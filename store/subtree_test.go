package store

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

func TestUsage(t *testing.T) {
	n := newNode(t)
	n.do(set("a", "1"), set("p/b", "22"), set("p/q/c", "333"), set("p-/d", "x"), set("pq/e", "x"), set("confman/nodes/1", "x"))
	n.do(func(tx *Tx) error { return tx.Set("p/gone", "1", n.now+1) })
	n.now += 10
	for ns, want := range map[string]tally{"": {6, 32}, "p": {3, 20}, "p/q": {1, 8}, "pq": {1, 5}, "none": {}} {
		for _, limit := range []int{1, 2, -1} {
			var sum tally
			_ = n.View(n.now, func(tx *Tx) error {
				for after, more := "", true; more; more = after != "" {
					keys, bytes, next := tx.Usage(ns, after, limit)
					if sum = sum.plus(tally{keys, bytes}, +1); limit > 0 && keys > limit {
						t.Errorf("%q: a page of %d, at most %d", ns, keys, limit)
					}
					after = next
				}
				return nil
			})
			if sum != want {
				t.Errorf("%q in pages of %d: %v, want %v", ns, limit, sum, want)
			}
		}
		n.do(quota(ns, 100, 0))
		_ = n.View(n.now, func(tx *Tx) error {
			if keys, bytes, next := tx.Usage(ns, "", 1); (tally{keys, bytes}) != want || next != "" {
				t.Errorf("%q with a quota: %d keys, %d bytes, %q", ns, keys, bytes, next)
			}
			return nil
		})
	}
}

func TestDeleteBelow(t *testing.T) {
	n := newNode(t)
	n.do(set("a", "1"), set("p/b", "2"), set("p/q/c", "3"), set("p-/d", "4"), set("pq/e", "5"))
	remove := func(tx *Tx) error {
		if name, found := tx.AnyBelow("p"); !found || name != "p/b" {
			t.Errorf("AnyBelow = %q, %v", name, found)
		}
		if n := tx.DeleteBelow("p"); n != 2 {
			t.Errorf("%d were deleted", n)
		}
		if name, found := tx.AnyBelow("p"); found {
			t.Errorf("%q is left", name)
		}
		return nil
	}
	stale := n.evaluate(remove)
	stale.Node = 2
	n.do(set("p/q/new", "1"))
	if got, want := n.apply(stale), "np/q"; got != want {
		t.Errorf("outcome %q, want %q", got, want)
	}
	n.do(del("p/q/new"))
	n.do(remove)
	if got, want := n.show(), "a=1 p-/d=4 pq/e=5"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	long := strings.Repeat("x", 1000)
	for i := range 10 {
		n.do(func(tx *Tx) error {
			for j := range 900 {
				_ = tx.Set(fmt.Sprintf("p/%d/%d/%s", i, j, long), "", 0)
			}
			return nil
		})
	}
	if _, err := n.try(func(tx *Tx) error { tx.DeleteBelow("p"); return nil }); !errors.Is(err, ErrTooLarge) {
		t.Errorf("too many at once: %v", err)
	}
}
