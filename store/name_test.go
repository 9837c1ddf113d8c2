package store

import (
	"errors"
	"reflect"
	"testing"
)

func TestANameIsAConfigOrANamespace(t *testing.T) {
	for _, c := range []struct {
		have, want, inTheWay, text string
	}{
		{"a", "a/b", "a", `"a/b" cannot be set: "a" is a config, so it cannot be a namespace too`},
		{"a/b", "a/b/c/d", "a/b", `"a/b/c/d" cannot be set: "a/b" is a config, so it cannot be a namespace too`},
		{"a/b", "a", "a/b", `"a" cannot be set: it is a namespace, which holds "a/b"`},
		{"a/b/c", "a", "a/b/c", `"a" cannot be set: it is a namespace, which holds "a/b/c"`},
		{"a-b/c", "a", "", ""},
		{"ab", "a", "", ""},
		{"ab/c", "a/c", "", ""},
		{"a", "a", "", ""},
	} {
		n := newNode(t)
		n.do(set(c.have, "1"))
		var err error
		n.do(func(tx *Tx) error { err = tx.Set(c.want, "2", 0); return nil })
		var kind *KindError
		if c.inTheWay == "" {
			if err != nil {
				t.Errorf("%s beside %s: %v", c.want, c.have, err)
			}
			continue
		}
		if !errors.As(err, &kind) || kind.InTheWay != c.inTheWay || err.Error() != c.text {
			t.Errorf("%s over %s: %v", c.want, c.have, err)
		}
		if got := n.show(); got != c.have+"=1" {
			t.Errorf("%s over %s left %s", c.want, c.have, got)
		}
	}
}

// Two nodes that turn a name into different things at the same time: the later one in
// the log loses, though it has no guard, and finds out why when it evaluates again.
func TestTheStateMachineItselfKeepsNamesApart(t *testing.T) {
	for _, names := range [][2]string{{"a", "a/b"}, {"a/b", "a"}, {"a/b/c", "a"}} {
		n := newNode(t)
		first, second := n.evaluate(set(names[0], "1")), n.evaluate(set(names[1], "2"))
		second.Node = 2
		n.apply(first)
		if got, want := n.apply(second), configKey(names[0]); got != want {
			t.Errorf("outcome %q, want %q", got, want)
		}
		if got := n.show(); got != names[0]+"=1" {
			t.Errorf("left %s", got)
		}
	}
}

func TestOneTransactionMayTurnANamespaceIntoAConfig(t *testing.T) {
	n := newNode(t)
	n.do(set("a/b", "1"))
	n.do(func(tx *Tx) error {
		tx.Delete("a/b")
		return tx.Set("a", "2", 0)
	})
	if got := n.show(); got != "a=2" {
		t.Errorf("left %s", got)
	}
	n.do(func(tx *Tx) error {
		tx.Delete("a")
		return tx.Set("a/b/c", "3", 0)
	})
	n.do(del("a/b/c"), set("a", "4")) // so may two of one entry
	if got := n.show(); got != "a=4" {
		t.Errorf("left %s", got)
	}
}

func TestExpiredConfigsAreGone(t *testing.T) {
	n := newNode(t)
	expiring := func(name string, at Millis) func(*Tx) error {
		return func(tx *Tx) error { return tx.Set(name, "1", at) }
	}
	n.do(expiring("a", 1500), expiring("b/c", 1500), set("d", "1"))
	stale := n.evaluate(shout("a")) // sees it alive
	stale.Node = 2
	n.now = 1500
	if got := n.show(); got != "d=1" {
		t.Errorf("after expiry: %s", got)
	}
	_ = n.View(n.now, func(tx *Tx) error {
		if tx.Count() != 1 || tx.IsNamespace("b") || len(tx.List("b")) != 0 {
			t.Error("expired configs are counted or listed")
		}
		return nil
	})
	n.do(set("a/x", "1"), set("b", "1")) // they are in nobody's way
	if got := n.apply(stale); got != "c\x00a" {
		t.Errorf("a transaction that saw an expired config alive: %q", got)
	}
	n.now = 1000 // a clock that was set back brings nothing back
	if got := n.show(); got != "d=1 b=1 a/x=1" && got != "b=1 d=1 a/x=1" {
		t.Errorf("after the clock went back: %s", got)
	}
}

func TestPaging(t *testing.T) {
	n := newNode(t)
	want := []string{"k", "z", "a/k", "a/b/k", "confman-like/k", "confmanx/k", "d/k"}
	n.do(set("confman/system", "1"), set("confman/deep/er", "1"))
	for _, name := range want {
		n.do(set(name, "1"))
	}
	for _, limit := range []int{1, 2, 3, 100} {
		names, spaces := map[string]int{}, map[string]int{}
		_ = n.View(n.now, func(tx *Tx) error {
			for next, first := "", true; first || next != ""; first = false {
				next = tx.Names(next, limit, func(name string, _ Record) { names[name]++ })
			}
			for next, first := "", true; first || next != ""; first = false {
				next = tx.Namespaces(next, limit, func(ns string) { spaces[ns]++ })
			}
			if tx.Count() != len(want) {
				t.Errorf("Count = %d", tx.Count())
			}
			return nil
		})
		all := map[string]int{}
		for _, name := range want {
			all[name] = 1
		}
		if !reflect.DeepEqual(names, all) {
			t.Errorf("pages of %d: %v", limit, names)
		}
		if want := map[string]int{"/": 1, "a": 1, "a/b": 1, "confman-like": 1, "confmanx": 1, "d": 1}; !reflect.DeepEqual(spaces, want) {
			t.Errorf("namespaces in pages of %d: %v", limit, spaces)
		}
	}
}
