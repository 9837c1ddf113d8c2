package replication

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"confman/store"

	"github.com/lni/dragonboat/v4"
)

// cluster is nodes in this process, on loopback and in temporary directories.
type cluster struct {
	*testing.T
	profile Profile       // lan if empty
	hold    time.Duration // 10 s if zero
	log     *slog.Logger  // nil for none
	nodes   []*Node
}

// newCluster makes a cluster whose nodes are stopped at the end of the test, before their
// directories are removed.
func newCluster(t *testing.T) *cluster {
	c := &cluster{T: t}
	t.TempDir() // removed after the nodes have stopped
	t.Cleanup(func() {
		for len(c.nodes) > 0 {
			c.stop(c.nodes[0])
		}
	})
	return c
}

// start starts a node in a directory; join is "" for the first of a cluster.
func (c *cluster) start(dir, join string) *Node {
	c.Helper()
	n, err := c.tryStart(dir, join)
	if err != nil {
		c.Fatal(err)
	}
	c.nodes = append(c.nodes, n)
	return n
}

func (c *cluster) tryStart(dir, join string) (*Node, error) {
	c.Helper()
	n := c.node(dir, join)
	return n, n.Start(c.Context())
}

// node makes a node that has not been started.
func (c *cluster) node(dir, join string) *Node {
	c.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		c.Fatal(err)
	}
	lan, err := ProfileNamed("lan")
	if err != nil {
		c.Fatal(err)
	}
	return &Node{Dir: dir, Raft: ln, RESPAddr: "127.0.0.1:1", Join: c.token(join), Profile: cmp.Or(c.profile, lan), Hold: cmp.Or(c.hold, 10*time.Second), Log: c.log}
}

// token makes a token of the raft address of a node that runs, where that needs one.
func (c *cluster) token(join string) string {
	c.Helper()
	for _, n := range c.nodes {
		if n.raftAddr() != join || n.transport == nil || n.transport.keys == nil {
			continue
		}
		token, err := n.Invite(c.Context(), Invitation{})
		if err != nil {
			c.Fatal(err)
		}
		return token
	}
	return join
}

// stop stops a node.
func (c *cluster) stop(n *Node) {
	c.Helper()
	for i := range c.nodes {
		if c.nodes[i] == n {
			c.nodes = append(c.nodes[:i:i], c.nodes[i+1:]...)
			break
		}
	}
	if err := n.Close(); err != nil {
		c.Error(err)
	}
}

// three starts three nodes and waits until each of them votes.
func three(t *testing.T) *cluster {
	c := newCluster(t)
	first := c.start(t.TempDir(), "")
	for range 2 {
		c.start(t.TempDir(), first.Raft.Addr().String())
	}
	c.eventually("three voters everywhere", func() bool {
		for _, n := range c.nodes {
			if st := n.Status(); st.Voters != 3 || len(st.Members) != 3 || st.Leader == 0 || st.Role == "non-voter" {
				return false
			}
		}
		return true
	})
	return c
}

// eventually waits for a condition.
func (c *cluster) eventually(what string, holds func() bool) {
	c.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(30 * time.Second)
	for !holds() {
		select {
		case <-tick.C:
		case <-deadline:
			for _, n := range c.nodes {
				c.Logf("%+v", n.Status())
			}
			c.Fatalf("never: %s", what)
		}
	}
}

// same waits until all nodes hold the same state, and checks that their hashes say so too.
func (c *cluster) same() {
	c.Helper()
	c.eventually("all nodes at one index with one hash", func() bool {
		index, hash := c.nodes[0].store.Hash()
		for _, n := range c.nodes[1:] {
			i, h := n.store.Hash()
			if i != index {
				return false
			}
			if h != hash {
				c.Fatalf("at index %d there are two states", index)
			}
		}
		return true
	})
}

func (c *cluster) leader() *Node {
	c.Helper()
	var leader *Node
	c.eventually("a leader", func() bool {
		for _, n := range c.nodes {
			if n.Status().Role == "leader" {
				leader = n
				return true
			}
		}
		return false
	})
	return leader
}

// cutLog makes a node forget what its raft log has of entries that its store has applied.
func (c *cluster) cutLog(n *Node) {
	c.Helper()
	ctx, cancel := context.WithTimeout(c.Context(), 10*time.Second)
	defer cancel()
	_, err := n.raft.host.SyncRequestSnapshot(ctx, shard, dragonboat.SnapshotOption{OverrideCompactionOverhead: true, CompactionOverhead: 1})
	if err != nil {
		c.Fatal(err)
	}
}

func (c *cluster) update(n *Node, fn func(*store.Tx) error) {
	c.Helper()
	if _, err := n.Update(c.Context(), "test", fn); err != nil {
		c.Fatalf("node %d: %v", n.identity.Node, err)
	}
}

func write(name, value string) func(*store.Tx) error {
	return func(tx *store.Tx) error { return tx.Set(name, value, 0) }
}

func TestThreeNodes(t *testing.T) {
	c := three(t)
	for i, n := range c.nodes {
		c.update(n, write(fmt.Sprintf("from/%d", i), "1"))
		if got := valueOf(n.store, fmt.Sprintf("from/%d", i)); got != "1" {
			t.Errorf("node %d does not see its own write: %q", i, got)
		}
	}
	var clients sync.WaitGroup
	for _, n := range c.nodes {
		for range 16 {
			clients.Go(func() {
				for range 10 {
					c.update(n, count("counter"))
				}
			})
		}
	}
	clients.Wait()
	c.same()
	for _, n := range c.nodes {
		if got := valueOf(n.store, "counter"); got != "480" {
			t.Errorf("node %d counted to %s", n.identity.Node, got)
		}
	}
	leader, contact := c.leader(), time.Duration(0)
	for _, n := range c.nodes {
		st := n.Status()
		if n == leader != (st.Contact == 0) || st.Contact < 0 {
			t.Errorf("node %d heard from the leader %v ago", st.ID, st.Contact)
		}
		contact = max(contact, st.Contact)
		if st.Leader != leader.identity.Node || st.LeaderAddr != "127.0.0.1:1" || st.Cluster != leader.Status().Cluster {
			t.Errorf("%+v", st)
		}
	}
}

func TestBarrierBringsAFollowerUpToDate(t *testing.T) {
	c := three(t)
	for i := range 50 {
		c.update(c.nodes[i%3], write("x", strconv.Itoa(i)))
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		reader := c.nodes[(i+1)%3]
		if err := reader.Barrier(ctx); err != nil {
			t.Fatal(err)
		}
		cancel()
		if got := valueOf(reader.store, "x"); got != strconv.Itoa(i) {
			t.Fatalf("behind a barrier: %q, want %d", got, i)
		}
	}
}

// The others notice, elect one of them, and go on counting; the one that was stopped comes
// back at another address, without being told anything.
func TestANodeStopsAndComesBack(t *testing.T) {
	c := three(t)
	for round := range 3 {
		gone := c.leader()
		if round == 2 {
			gone = c.nodes[0]
		}
		c.stop(gone)
		for range 20 {
			c.update(c.nodes[0], count("counter"))
			c.update(c.nodes[1], count("counter"))
		}
		back := c.start(gone.Dir, "")
		c.eventually("the node has caught up", func() bool {
			return valueOf(back.store, "counter") == strconv.Itoa(40*(round+1))
		})
		c.update(back, write("back", strconv.Itoa(round)))
		c.same()
	}
}

func TestWithoutAMajorityReadsWorkAndWritesAreRefused(t *testing.T) {
	c := three(t)
	c.update(c.nodes[0], write("x", "1"))
	c.same()
	for range 2 {
		c.stop(c.nodes[0])
	}
	n := c.nodes[0]
	c.eventually("no leader", func() bool { return n.Status().Leader == 0 })
	n.commits.hold = 100 * time.Millisecond
	_, err := n.Update(t.Context(), "test", write("x", "2"))
	if !errors.Is(err, store.ErrUnavailable) || !strings.Contains(err.Error(), "reaches 1 of 3 nodes") {
		t.Errorf("%v", err)
	}
	if got := valueOf(n.store, "x"); got != "1" {
		t.Errorf("read %q", got)
	}
	if st := n.Status(); st.Role != "candidate" || st.Contact <= 0 {
		t.Errorf("%+v", st)
	}
}

// A node that joins after the log was cut gets the whole state at once.
func TestJoiningBySnapshot(t *testing.T) {
	c := three(t)
	for i := range 200 {
		c.update(c.nodes[i%3], count(fmt.Sprintf("counter/%d", i%10)))
	}
	c.same()
	for _, n := range c.nodes {
		c.cutLog(n)
	}
	late := c.start(t.TempDir(), c.nodes[1].Raft.Addr().String())
	c.eventually("the fourth node votes", func() bool { return late.Status().Role == "follower" && late.Status().Voters == 4 })
	c.same()
	if got := valueOf(late.store, "counter/3"); got != "20" {
		t.Errorf("counter/3 = %q", got)
	}
	c.stop(late)
	back := c.start(late.Dir, "")
	c.update(back, count("counter/3"))
	c.same()
}
