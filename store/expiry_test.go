package store

import (
	"fmt"
	"strings"
	"testing"
)

func setUntil(name string, expires Millis) func(*Tx) error {
	return func(tx *Tx) error { return tx.Set(name, "until "+fmt.Sprint(expires), expires) }
}

// reap returns a function that removes what has expired and notes how many those were.
func reap(limit int, n *int) func(*Tx) error {
	return func(tx *Tx) error { *n = tx.Reap(limit); return nil }
}

func TestReapRemovesWhatHasExpired(t *testing.T) {
	n := newNode(t)
	n.do(setUntil("a", 1500), setUntil("ns/b", 1200), setUntil("ns/c", 5000), set("d", "1"), setUntil("confman/tokens/x", 1300))
	if left, some := n.NextExpiry(900); left != 300 || !some { // the store's time stands still until then
		t.Errorf("the next one expires in %d ms", left)
	}
	for _, c := range []struct {
		now   Millis
		limit int
		want  int
		next  Millis // from then on
	}{{1199, 10, 0, 1}, {1200, 10, 1, 100}, {1500, 1, 1, 0}, {1500, 10, 1, 3500}, {4000, 10, 0, 1000}} {
		n.now = c.now
		var got int
		e := n.evaluate(reap(c.limit, &got))
		failed := n.apply(e)
		if left, some := n.NextExpiry(c.now); got != c.want || e.Txns[0].Empty() != (got == 0) || failed != "" || left != c.next || !some {
			t.Errorf("at %d: %d are removed, want %d; then the next one expires in %d ms", c.now, got, c.want, left)
		}
		n.counted()
	}
	n.do(del("ns/c"))
	if _, some := n.NextExpiry(n.now); some {
		t.Error("something still expires")
	}
	n.do(setUntil("ns/c", 5000))
	if got := n.Expired(); got != 3 || n.totals.configs != 2 {
		t.Errorf("%d have expired, %d are left", got, n.totals.configs)
	}
	if got, want := n.show(), "d=1 ns/c=until 5000"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// Whatever sets a config anew before it is removed keeps it from being removed.
func TestReapNeverRemovesWhatWasSetAnew(t *testing.T) {
	n := newNode(t)
	var reaped int
	n.do(setUntil("x", 1500), setUntil("y", 1500))
	n.now = 2000
	stale := n.evaluate(reap(10, &reaped))
	stale.Node = 2
	n.do(set("x", "new"))
	if got, want := n.apply(stale), "c\x00x"; got != want {
		t.Errorf("outcome %q, want %q", got, want)
	}
	if got, want := n.show(), "x=new"; got != want || n.totals.configs != 2 {
		t.Errorf("%s, want %s", got, want)
	}
	t.Run("in one entry with it, before", func(t *testing.T) {
		n.do(set("y", "new"), reap(10, &reaped))
		if reaped != 0 || n.show() != "x=new y=new" {
			t.Errorf("%d were removed: %s", reaped, n.show())
		}
	})
	t.Run("in one entry with it, behind", func(t *testing.T) {
		n.do(setUntil("x", 2500))
		n.now = 3000
		n.do(reap(10, &reaped), set("x", "newer"))
		if reaped != 1 || n.show() != "x=newer y=new" {
			t.Errorf("%d were removed: %s", reaped, n.show())
		}
	})
	if got := n.Expired(); got != 3 { // y when it was written over
		t.Errorf("%d have expired", got)
	}
}

// Guards speak of what can be seen, so nobody who looked at a config that has expired, or at nothing,
// notices that it is removed; who saw it before does.
func TestWhoNoticesThatSomethingIsReaped(t *testing.T) {
	n := newNode(t)
	n.do(setUntil("x", 1500))
	saw := n.evaluate(shout("x"))
	n.now = 2000
	saw.At = 1000
	missed := n.evaluate(shout("x"))
	var reaped int
	n.do(reap(10, &reaped))
	for i, c := range []struct {
		Entry
		want string
	}{{saw, "c\x00x"}, {missed, ""}} {
		c.Node = uint64(i + 2)
		if got := n.apply(c.Entry); got != c.want {
			t.Errorf("outcome %q, want %q", got, c.want)
		}
	}
}

// Neither a clock that is set back, nor a restart, nor a copy of the state brings back what an
// applied entry has seen expired; and once it is removed nothing does.
func TestWhatHasExpiredStaysGone(t *testing.T) {
	dir := Dir(t.TempDir())
	n := openNode(t, dir)
	n.do(setUntil("x", 1500), set("y", "1"))
	n.now = 2000
	n.do(set("z", "1")) // carries the time
	n.now = 1000
	gone := func(what string) {
		t.Helper()
		if got, want := n.show(), "y=1 z=1"; got != want {
			t.Errorf("%s: %s, want %s", what, got, want)
		}
	}
	gone("the clock was set back")
	for _, what := range []string{"not removed", "removed"} {
		var b strings.Builder
		if _, err := n.Snapshot().WriteTo(&b); err != nil {
			t.Fatal(err)
		}
		if err := n.Close(); err != nil {
			t.Fatal(err)
		}
		n.Store = openNode(t, dir).Store
		gone("restarted, " + what)
		n.counted()
		if err := n.Restore(strings.NewReader(b.String())); err != nil {
			t.Fatal(err)
		}
		gone("restored, " + what)
		n.counted()
		var reaped int
		n.do(reap(10, &reaped))
		if (reaped == 1) != (what == "not removed") {
			t.Errorf("%s: %d were removed", what, reaped)
		}
	}
}

// How much is there and how much time is left is known at any time, also within a transaction.
func TestCountAndExpiring(t *testing.T) {
	n := newNode(t)
	const many = 5000
	n.do(func(tx *Tx) error {
		for i := range Millis(many) {
			_ = tx.Set(fmt.Sprintf("x/%d", i), "1", 10_000+2*i)
		}
		return tx.Set("confman/tokens/x", "1", 20_000)
	}, set("stays", "1"))
	for _, c := range []struct {
		now      Millis
		expiring int
		left     Millis
	}{{1000, many, 9000 + many}, {10_000, many - 1, many}, {15_000, 2499, 2500}, {19_998, 0, 0}} {
		_ = n.View(c.now, func(tx *Tx) error {
			expiring, left := tx.Expiring()
			if expiring != c.expiring || max(left-c.left, c.left-left) > 2 || tx.Count() != expiring+1 {
				t.Errorf("at %d: %d expire, on average in %d ms, of %d", c.now, expiring, left, tx.Count())
			}
			return nil
		})
	}
	n.now = 15_000
	counts := func(what string, want int) func(*Tx) error {
		return func(tx *Tx) error {
			if got := tx.Count(); got != want || len(strings.Fields(allNames(tx))) != want {
				t.Errorf("%s: %d configs, want %d", what, got, want)
			}
			return nil
		}
	}
	n.do(
		counts("before", 2500), set("y", "1"), counts("set", 2501), set("x/0", "1"), counts("set anew", 2502),
		del("x/4999"), counts("deleted", 2501), setUntil("z", 14_000), counts("gone at once", 2501),
		set("confman/tokens/x", "2"), counts("of the system", 2501),
		func(tx *Tx) error {
			tx.Delete("y")
			_ = counts("its own", 2500)(tx)
			tx.Flush()
			_ = counts("flushed", 0)(tx)
			return tx.Set("y", "1", 0)
		},
		counts("since", 1),
	)
	_ = n.View(n.now, counts("in the end", 1))
	n.counted()
}
