package store

import (
	"errors"
	"testing"
)

func protect(ns string, protected bool) func(*Tx) error {
	return settings(ns, Settings{Protect: &protected})
}

func guarded(t *testing.T) *node {
	n := newNode(t)
	n.do(set("prod/api/a", "1"), set("prod/api/b", "2"), set("prod/x", "1"), set("prod/free/a", "1"), set("dev/a", "1"))
	n.do(protect("prod", true), protect("prod/free", false))
	return n
}

const apiIsProtected = "namespace prod/api is protected: this would leave it without any config; to delete it and what is below it, NS DEL prod/api FORCE, " +
	"or take the protection off first with NS SET prod UNPROTECT"

func TestProtection(t *testing.T) {
	n := guarded(t)
	emptied := together(del("prod/api/a"), del("prod/api/b"))
	n.refused("PROTECTED", apiIsProtected, emptied)
	n.refused("PROTECTED", apiIsProtected, together(emptied, set("prod/y", "1"))) // it is the namespace itself that must not be empty
	n.refused("PROTECTED", apiIsProtected, together(del("prod/api/a"), func(tx *Tx) error { return tx.Set("prod/api/b", "", tx.Now()) }))
	n.do(together(emptied, set("prod/api/c", "3")))
	n.do(del("prod/free/a"), del("dev/a"), together(set("prod/new/a", "1"), del("prod/new/a")))
	n.refused("PROTECTED", apiIsProtected, del("prod/api/c"))
	n.do(together(del("prod/api/c"), func(tx *Tx) error { tx.Force(); return nil }))
	n.do(del("prod/api/c"))
	n.do(together(protect("prod", false), del("prod/x"))) // what is left behind counts
	n.do(protect("", true), set("a", "1"))
	n.refused("PROTECTED", "namespace / is protected: this would leave it without any config; take the protection off first with NS SET / UNPROTECT", del("a"))
}

func TestProtectionFromFlush(t *testing.T) {
	n := guarded(t)
	n.refused("PROTECTED", "namespace prod is protected: this would leave it without any config; to delete it with everything else, say FORCE, "+
		"or take the protection off first with NS SET prod UNPROTECT", together(flush, set("prod/x", "again")))
	n.do(protect("prod", false), protect("prod/free", true))
	n.refused("PROTECTED", "namespace prod/free is protected: this would leave it without any config; to delete it with everything else, say FORCE, "+
		"or take the protection off first with NS SET prod/free UNPROTECT", flush)
	n.do(del("other"), protect("", true), together(protect("prod/free", false), protect("prod/api", false), protect("dev", false)))
	n.do(flush) // only what is not protected has configs
	n.do(set("a", "1"))
	n.refused("PROTECTED", "namespace / is protected: this would leave it without any config; to delete it with everything else, say FORCE, "+
		"or take the protection off first with NS SET / UNPROTECT", flush)
	n.do(together(flush, func(tx *Tx) error { tx.Force(); return nil }))
	if got := n.show(); got != "" {
		t.Error(got)
	}
}

// Two nodes that each leave another config do not empty a namespace together, and who is told that it
// is protected is told so only if it is true.
func TestProtectionIsGuarded(t *testing.T) {
	n := guarded(t)
	mine, theirs := n.evaluate(del("prod/api/a")), n.evaluate(del("prod/api/b"))
	theirs.Node = 2
	if got := n.apply(theirs); got != "" {
		t.Error(got)
	}
	if got, want := n.apply(mine), "cprod/api\x00b"; got != want {
		t.Errorf("outcome %q, want %q", got, want)
	}
	txn, err := n.try(del("prod/api/a"))
	if !errors.Is(err, ErrRefused) {
		t.Fatal(err)
	}
	n.do(set("prod/api/c", "1"))
	txn.Writes = nil
	if got, want := n.apply(Entry{Node: 3, Seq: 1, At: n.now, Txns: []Txn{txn}}), "nprod/api"; got != want {
		t.Errorf("outcome %q, want %q", got, want)
	}
}

// What has expired is gone, so its removal empties nothing.
func TestProtectionOfWhatHasExpired(t *testing.T) {
	n := guarded(t)
	n.do(func(tx *Tx) error { return tx.Set("prod/soon/a", "1", n.now+10) })
	n.now += 20
	n.do(func(tx *Tx) error { tx.Reap(1); return nil })
}
