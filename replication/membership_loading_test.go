package replication

import (
	"errors"
	"testing"

	"confman/store"
)

// A node that has joined answers nothing before it has had the whole state, and from then on whenever it
// runs.
func TestANodeThatCopiesAnswersNothing(t *testing.T) {
	c := three(t)
	c.update(c.nodes[0], write("x", "1"))
	c.same()
	late := c.node(t.TempDir(), "")
	joins := &Node{
		Dir: late.Dir, Join: c.token(c.nodes[0].raftAddr()), RESPAddr: "127.0.0.1:1", Profile: late.Profile, Raft: unheard{"127.0.0.1:9"},
	}
	id, grant, err := joins.join(t.Context(), joinRequest{})
	if err == nil {
		err = errors.Join(joins.keep(grant), id.save(late.Dir))
	}
	if err != nil {
		t.Fatal(err)
	}
	others := append([]*Node{}, c.nodes...)
	for _, n := range others {
		c.stop(n)
	}
	if err := late.Start(t.Context()); err != nil { // it reaches nobody
		t.Fatal(err)
	}
	c.nodes = append(c.nodes, late)
	read := func(n *Node) (value string, err error) {
		err = n.View(t.Context(), func(tx *store.Tx) error {
			rec, _ := tx.Get("x")
			value = rec.Value
			return nil
		})
		return value, err
	}
	if value, err := read(late); !errors.Is(err, store.ErrLoading) || value != "" {
		t.Errorf("it reads %q: %v", value, err)
	}
	if _, err := late.Update(t.Context(), "test", count("counter")); !errors.Is(err, store.ErrLoading) {
		t.Errorf("it evaluates: %v", err)
	}
	if !late.Status().Loading {
		t.Error("its status does not say so")
	}
	for _, n := range others {
		back := c.nodeAt(n.Dir, n.Raft.Addr().String())
		if err := back.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		c.nodes = append(c.nodes, back)
	}
	c.eventually("it reads", func() bool {
		value, err := read(late)
		if err == nil && value != "1" {
			t.Fatalf("x = %q: it reads a part of the state", value)
		}
		return err == nil
	})
	c.votersAre(1, 2, 3, 4)
	for _, n := range append([]*Node{}, c.nodes...) {
		c.stop(n)
	}
	alone := c.start(late.Dir, "")
	if value, err := read(alone); err != nil || value != "1" {
		t.Errorf("restarted, and alone: %q, %v", value, err)
	}
}

// Nodes of earlier versions did not note that they had the state.
func TestWhoHasToCopy(t *testing.T) {
	empty, full := store.OpenMemory(), store.OpenMemory()
	if _, err := full.Apply([]store.Indexed{{Index: 1, Entry: store.Entry{}}}); err != nil {
		t.Fatal(err)
	}
	for _, each := range []struct {
		identity identity
		store    *store.Store
		copies   bool
	}{
		{identity{}, empty, false},
		{identity{Joined: true}, empty, true},
		{identity{Joined: true}, full, false},
		{identity{Joined: true, Copying: true}, full, true},
	} {
		if n := (&Node{identity: each.identity, store: each.store}); n.hasToCopy() != each.copies {
			t.Errorf("%+v at %d", each.identity, each.store.Applied())
		}
	}
}
