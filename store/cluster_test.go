package store

import (
	"fmt"
	"strings"
	"testing"
)

// node proposes to a store as the only node of its cluster does: everything it
// evaluates is applied at once.
type node struct {
	*testing.T
	*Store
	now   Millis
	index uint64
	seq   uint64
}

func newNode(t *testing.T) *node { return &node{T: t, Store: OpenMemory(), now: 1000} }

// evaluate makes an entry of updates.
func (n *node) evaluate(dos ...func(*Tx) error) Entry {
	n.Helper()
	n.seq++
	e := Entry{Node: 1, Seq: n.seq, At: n.now}
	updates := make([]Update, len(dos))
	for i, do := range dos {
		updates[i] = Update{By: "alice", Do: do}
	}
	err := n.Evaluate(n.now, updates, func(_ int, txn Txn, err error) bool {
		if err != nil {
			n.Errorf("evaluate: %v", err)
		}
		e.Txns = append(e.Txns, txn)
		return true
	})
	if err != nil {
		n.Fatal(err)
	}
	return e
}

// apply applies an entry at the next index.
func (n *node) apply(e Entry) string {
	n.Helper()
	n.index++
	outcomes, err := n.Apply([]Indexed{{n.index, e}})
	if err != nil {
		n.Fatal(err)
	}
	if outcomes[0] == nil {
		return "overtaken"
	}
	return strings.Join(outcomes[0], ",")
}

// do evaluates and applies updates, which must all go through.
func (n *node) do(dos ...func(*Tx) error) {
	n.Helper()
	if failed := strings.Trim(n.apply(n.evaluate(dos...)), ","); failed != "" {
		n.Fatalf("failed: %q", failed)
	}
}

// show prints what the clients of the store see.
func (n *node) show() string {
	var b strings.Builder
	_ = n.View(n.now, func(tx *Tx) error {
		tx.Names("", -1, func(name string, rec Record) {
			fmt.Fprintf(&b, "%s=%s ", name, rec.Value)
		})
		return nil
	})
	return strings.TrimSpace(b.String())
}

func set(name, value string) func(*Tx) error {
	return func(tx *Tx) error { return tx.Set(name, value, 0) }
}

func del(name string) func(*Tx) error {
	return func(tx *Tx) error { tx.Delete(name); return nil }
}

// shout adds an exclamation mark to a config.
func shout(name string) func(*Tx) error {
	return func(tx *Tx) error {
		rec, _ := tx.Get(name)
		return tx.Set(name, rec.Value+"!", 0)
	}
}

func get(name string, into *Record) func(*Tx) error {
	return func(tx *Tx) error { *into, _ = tx.Get(name); return nil }
}
