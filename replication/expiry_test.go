package replication

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"confman/store"
)

// skew is how much a node's clock is ahead of the machine's.
type skew struct{ atomic.Int64 }

func (s *skew) now() time.Time { return time.Now().Add(time.Duration(s.Load())) }

// startSkewed starts a node with a clock of its own.
func (c *cluster) startSkewed(dir, join string, s *skew) *Node {
	c.Helper()
	n := c.node(dir, join)
	n.Now = s.now
	if err := n.Start(c.Context()); err != nil {
		c.Fatal(err)
	}
	c.nodes = append(c.nodes, n)
	return n
}

// sees reports whether clients of a node see a config.
func sees(t *testing.T, n *Node, name string) (found bool) {
	t.Helper()
	err := n.View(t.Context(), func(tx *store.Tx) error {
		_, found = tx.Get(name)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// removed waits until each node has removed so many configs since it was started, and holds none
// that has expired, neither in memory nor in its file.
func (c *cluster) removed(want uint64) {
	c.Helper()
	c.eventually(fmt.Sprint(want, " configs are removed everywhere"), func() bool {
		for _, n := range c.nodes {
			if n.store.Expired() != want || holdsExpired(n.store) {
				return false
			}
		}
		return true
	})
	c.same()
	for _, n := range c.nodes {
		s, _, err := store.LoadFile(n.disk.folder)
		if err != nil {
			c.Fatal(err)
		}
		if holdsExpired(s) {
			c.Errorf("node %d has something in its file that has expired", n.identity.Node)
		}
		_ = s.Close() // it has no file
	}
}

// holdsExpired reports whether a store has a config that has expired by the store's own time.
func holdsExpired(s *store.Store) bool {
	left, some := s.NextExpiry(0)
	return some && left == 0
}

func TestWhatExpiresIsRemovedEverywhere(t *testing.T) {
	c := three(t)
	const many = 3*maxReaped + 7
	at := time.Now().Add(300 * time.Millisecond)
	c.update(c.nodes[1], func(tx *store.Tx) error {
		for i := range many {
			if err := expiring(fmt.Sprint("x/", i), at)(tx); err != nil {
				return err
			}
		}
		return expiring("confman/tokens/t", at)(tx)
	})
	c.update(c.nodes[2], write("stays", "1"))
	c.removed(many + 1)
	if n := c.nodes[2]; !sees(t, n, "stays") || sees(t, n, "x/0") {
		t.Error("the wrong ones are gone")
	}
}

// Whoever leads when something expires removes it, and nobody sees it ever again, whatever the
// clocks say.
func TestANewLeaderGoesOn(t *testing.T) {
	c := three(t)
	at := time.Now().Add(time.Second)
	c.update(c.nodes[0], expiring("x", at))
	c.same()
	gone := c.leader()
	c.stop(gone)
	c.removed(1)
	back := &skew{}
	back.Store(int64(-time.Hour))
	n := c.startSkewed(gone.Dir, "", back)
	c.same()
	if sees(t, n, "x") {
		t.Error("it is back")
	}
	var dirs []string
	for len(c.nodes) > 0 {
		dirs = append(dirs, c.nodes[0].Dir)
		c.stop(c.nodes[0])
	}
	for i := range dirs {
		c.startSkewed(dirs[i], "", back)
	}
	for _, n := range c.nodes {
		if sees(t, n, "x") {
			t.Error("it is back")
		}
	}
}

// What has expired while nothing ran is removed after the start.
func TestWhatExpiredMeanwhileIsRemoved(t *testing.T) {
	c, later := newCluster(t), &skew{}
	n := c.start(t.TempDir(), "")
	c.update(n, expiring("x", time.Now().Add(time.Hour)))
	c.stop(n)
	later.Store(int64(time.Hour))
	c.startSkewed(n.Dir, "", later)
	c.removed(1)
}

// Names are set anew on one node just when they expire and the leader removes them: what was set
// anew stays.
func TestTheReaperLosesAgainstWriters(t *testing.T) {
	c := three(t)
	const names = 40
	var clients sync.WaitGroup
	for i := range names {
		clients.Go(func() {
			n, name := c.nodes[i%3], fmt.Sprint("x/", i)
			for range 5 {
				at := time.Now().Add(20 * time.Millisecond)
				c.update(n, expiring(name, at))
				<-time.After(time.Until(at)) // as the leader does
				set := write(name, "stays")
				if i%2 == 0 {
					set = count(name)
				}
				c.update(c.nodes[(i+1)%3], set)
			}
		})
	}
	clients.Wait()
	c.same()
	for i := range names {
		for _, n := range c.nodes {
			if want := []string{"1", "stays"}[i%2]; valueOf(n.store, fmt.Sprint("x/", i)) != want {
				t.Errorf("x/%d = %q on node %d, want %q", i, valueOf(n.store, fmt.Sprint("x/", i)), n.identity.Node, want)
			}
		}
	}
	c.removed(c.nodes[0].store.Expired())
}

// A node whose clock is ahead takes what will expire for gone, and so does nobody else until an
// entry carries that node's time; then it is gone for good. As long as none does, the node shows what the
// others do when its clock is set right.
func TestAClockThatIsAhead(t *testing.T) {
	c, fast := newCluster(t), &skew{}
	first := c.start(t.TempDir(), "")
	ahead := c.startSkewed(t.TempDir(), first.raftAddr(), fast)
	c.start(t.TempDir(), first.raftAddr())
	c.votersAre(1, 2, 3)
	for _, name := range []string{"x", "y"} {
		c.update(first, expiring(name, time.Now().Add(time.Hour)))
	}
	c.same()
	fast.Store(int64(2 * time.Hour))
	if sees(t, ahead, "x") || !sees(t, first, "x") {
		t.Error("each node should go by its clock")
	}
	revision := first.store.Applied()
	fast.Store(0)
	if !sees(t, ahead, "x") || first.store.Applied() != revision {
		t.Error("somebody took the wrong clock at its word")
	}
	fast.Store(int64(2 * time.Hour))
	c.update(ahead, write("z", "1")) // carries the time
	c.removed(4)                     // the tokens with which the nodes joined, too
	fast.Store(0)
	for _, n := range c.nodes {
		if sees(t, n, "x") || !sees(t, n, "z") {
			t.Errorf("node %d shows what has expired", n.identity.Node)
		}
	}
}
