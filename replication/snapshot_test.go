package replication

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"confman/store"
)

// twins writes the same value to two configs, so that a state between states shows.
func twins(value int) func(*store.Tx) error {
	return func(tx *store.Tx) error {
		return errors.Join(tx.Set("twin/a", fmt.Sprint(value), 0), tx.Set("twin/z", fmt.Sprint(value), 0))
	}
}

// A node that was away while the others cut their logs is sent the whole state. Whoever reads there
// meanwhile sees the old one or the new one; whoever derived something from the old one is told.
func TestALaggingNodeIsSentTheState(t *testing.T) {
	c := three(t)
	for i := range 20 {
		c.update(c.nodes[0], twins(i))
	}
	c.same()
	away := c.nodes[2]
	c.stop(away)
	for i := range 200 {
		c.update(c.nodes[0], twins(i))
		c.update(c.nodes[1], count(fmt.Sprintf("counter/%d", i%10)))
	}
	for _, n := range c.nodes {
		c.cutLog(n)
	}
	n := c.node(away.Dir, "")
	var resynced replacements
	n.Watcher = &resynced
	if err := n.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	c.nodes = append(c.nodes, n)
	ctx, cancel := context.WithCancel(t.Context())
	var readers sync.WaitGroup
	for range 4 {
		readers.Go(func() {
			for ctx.Err() == nil {
				_ = n.View(ctx, func(tx *store.Tx) error {
					a, _ := tx.Get("twin/a")
					z, _ := tx.Get("twin/z")
					if a.Value != z.Value || a.Revision != z.Revision {
						t.Errorf("a = %+v and z = %+v at once", a, z)
					}
					return nil
				})
			}
		})
	}
	c.same()
	cancel()
	readers.Wait()
	if revision := resynced.Load(); revision == 0 || revision > n.store.Applied() {
		t.Errorf("told of revision %d of %d", revision, n.store.Applied())
	}
	c.update(n, twins(1000))
	c.same()
}

// The disk of a joining node fails at each operation of installing the state that it was sent. When
// it is started again it goes on, and ends up with what all have. Then it leaves, so that the next
// one joins three nodes too: a dozen voters are more than the processors of a test can carry.
func TestInstallingAStateIsRepeated(t *testing.T) {
	c := three(t)
	for i := range 100 {
		c.update(c.nodes[i%3], count(fmt.Sprintf("counter/%d", i%10)))
	}
	for _, n := range c.nodes {
		c.cutLog(n)
	}
	failures := 0
	votes := func(n *Node) bool { st := n.Status(); return st.Role == "follower" && st.Voters == len(c.nodes)+1 }
	every := 1
	if testing.Short() {
		every = 3
	}
	for nth := 1; ; nth += every {
		n := c.node(t.TempDir(), c.nodes[0].Raft.Addr().String())
		folder := &arming{failing: failing{FS: store.Dir(n.Dir)}, nth: nth}
		n.disk.folder = folder
		if err := n.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		c.eventually("it has the state, or its disk has failed", func() bool { return !folder.healthy() || votes(n) })
		if folder.healthy() { // installing takes fewer operations
			folder.failFrom(0)
			c.nodes = append(c.nodes, n)
			break
		}
		failures++
		if err := c.ended(n); !errors.Is(err, syscall.EIO) {
			t.Fatalf("operation %d: %v", nth, err)
		}
		back, err := c.tryStart(copyDir(t, n.Dir), "") // in this process dragonboat still holds the directory itself
		if err != nil {
			t.Fatal(err)
		}
		c.nodes = append(c.nodes, back)
		c.eventually("it votes", func() bool { st := back.Status(); return st.Role == "follower" && st.Voters == len(c.nodes) })
		c.same()
		c.decided(c.nodes[0].Remove(t.Context(), back.identity.Node, false))
		if err := c.over(back); !errors.Is(err, ErrUntrusted) {
			t.Fatalf("it was removed: %v", err)
		}
	}
	c.same()
	t.Logf("the disk failed at %d operations, each time the state was installed after all", failures)
	if failures < 4 {
		t.Error("installing a state takes more operations than that: creating, writing, syncing, renaming")
	}
}

// arming is a folder whose disk fails at an operation that belongs to installing a state: the file
// has been created before, when the store was opened.
type arming struct {
	failing
	nth     int
	created int
}

func (a *arming) Create(name string) (store.File, error) {
	if name == store.FileName+newSuffix {
		if a.created++; a.created == 2 {
			a.failFrom(a.nth)
		}
	}
	return a.failing.Create(name)
}

// What it takes to send a million configs to a new node. It runs with CONFMAN_MILLION=1, as make
// soak does.
func TestJoiningWithAMillion(t *testing.T) {
	if os.Getenv("CONFMAN_MILLION") != "1" {
		t.Skip("CONFMAN_MILLION=1 measures a million configs")
	}
	c := newCluster(t)
	first := c.start(t.TempDir(), "")
	value := make([]byte, 100)
	for i := range 1000 {
		c.update(first, func(tx *store.Tx) error {
			for j := range 1000 {
				if err := tx.Set(fmt.Sprintf("site/%d/config-%d", i*10+j/100, j%100), string(value), 0); err != nil {
					return err
				}
			}
			return nil
		})
	}
	c.cutLog(first)
	var longest time.Duration
	ctx, cancel := context.WithCancel(t.Context())
	var writer sync.WaitGroup
	writer.Go(func() {
		for ctx.Err() == nil {
			start := time.Now()
			c.update(first, count("counter"))
			longest = max(longest, time.Since(start))
		}
	})
	start := time.Now()
	n := c.start(t.TempDir(), first.Raft.Addr().String())
	c.eventually("it votes", func() bool { return n.Status().Voters == 2 })
	took := time.Since(start)
	cancel()
	writer.Wait()
	c.same()
	t.Logf("a node that joins has a million configs and votes after %v; meanwhile a write took at worst %v", took, longest)
}

// replacements is a watcher that remembers the revision of the state that took the place of a store's.
type replacements struct{ atomic.Uint64 }

func (*replacements) Changed([]store.Changes) {}

func (r *replacements) Lapsed([]string) {}

func (r *replacements) Replaced(revision uint64, _ func(string) (string, bool)) { r.Store(revision) }
