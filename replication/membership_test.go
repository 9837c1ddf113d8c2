package replication

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"confman/store"
)

// over waits until a node ends by itself, and returns why.
func (c *cluster) over(n *Node) error {
	c.Helper()
	c.nodes = slices.DeleteFunc(c.nodes, func(other *Node) bool { return other == n })
	return c.ended(n)
}

// nextLife waits until a node ends to start again, and starts it again.
func (c *cluster) nextLife(n *Node) *Node {
	c.Helper()
	if err := c.over(n); !errors.Is(err, ErrStartAgain) {
		c.Fatalf("node %d ended: %v", n.identity.Node, err)
	}
	return c.start(n.Dir, "")
}

// nonVoter starts a node that is to have no vote.
func (c *cluster) nonVoter() *Node {
	c.Helper()
	n, err := c.invited(c.TempDir(), c.invite(c.nodes[0], Invitation{NonVoter: true}))
	if err != nil {
		c.Fatal(err)
	}
	return n
}

// decided asks for a decision until it is made or declined.
func (c *cluster) decided(said string, err error) string {
	c.Helper()
	if err != nil {
		c.Fatal(err)
	}
	return said
}

// rolesAre waits until every node knows just these voters and non-voters.
func (c *cluster) rolesAre(voters, nonVoters []uint64) {
	c.Helper()
	c.eventually("every node knows who votes", func() bool {
		for _, n := range c.nodes {
			st := n.Status()
			var v, o []uint64
			for _, m := range st.Members {
				if m.Voter {
					v = append(v, m.ID)
				} else {
					o = append(o, m.ID)
				}
			}
			if !slices.Equal(v, voters) || !slices.Equal(o, nonVoters) || st.Voters != len(voters) || st.Loading {
				return false
			}
		}
		return true
	})
}

func ids(all ...uint64) []uint64 { return all }

// without returns another node than the given one.
func (c *cluster) otherThan(n *Node) *Node {
	for _, other := range c.nodes {
		if other != n {
			return other
		}
	}
	return nil
}

// A non-voter reads locally, forwards writes and reads what was committed anywhere; it is promoted,
// and asking twice is no mistake.
func TestANonVoterAndItsPromotion(t *testing.T) {
	c := three(t)
	edge := c.nonVoter()
	c.rolesAre(ids(1, 2, 3), ids(4))
	c.update(edge, write("from/edge", "1"))
	c.update(c.nodes[0], write("from/first", "1"))
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := edge.Barrier(ctx); err != nil {
		t.Fatal(err)
	}
	if got := valueOf(edge.store, "from/first"); got != "1" {
		t.Errorf("behind a barrier: %q", got)
	}
	c.stop(edge)
	edge = c.start(edge.Dir, "") // and it stays one
	c.rolesAre(ids(1, 2, 3), ids(4))
	for range 2 {
		if said := c.decided(edge.Promote(ctx, 4)); said != "node 4 will vote when it has caught up" && said != "node 4 votes" {
			t.Error(said)
		}
	}
	c.rolesAre(ids(1, 2, 3, 4), nil)
	if said := c.decided(c.nodes[1].Promote(ctx, 4)); said != "node 4 votes" {
		t.Error(said)
	}
	c.same()
}

// The leader gives its vote up: it goes on as another node, which answers nothing before it has the whole
// state, and does not vote.
func TestDemotingTheLeader(t *testing.T) {
	c := three(t)
	c.update(c.nodes[0], write("x", "1"))
	leader := c.leader()
	id := leader.identity.Node
	asked := c.otherThan(leader)
	for range 2 {
		if said := c.decided(asked.Demote(t.Context(), id)); !strings.Contains(said, "gives its vote up") && !strings.Contains(said, "is to give its vote up") {
			t.Error(said)
		}
	}
	n := c.nextLife(leader)
	c.eventually("it reads", func() bool {
		err := n.View(t.Context(), func(tx *store.Tx) error {
			if rec, _ := tx.Get("x"); rec.Value != "1" {
				t.Errorf("x = %q before the state is there", rec.Value)
			}
			return nil
		})
		if err != nil && !errors.Is(err, store.ErrLoading) {
			t.Fatal(err)
		}
		return err == nil
	})
	var rest []uint64
	for i := range uint64(3) {
		if i+1 != id {
			rest = append(rest, i+1)
		}
	}
	c.rolesAre(rest, ids(4))
	if n.identity.Node != 4 || n.Status().Role != "non-voter" {
		t.Errorf("%+v", n.Status())
	}
	c.update(n, write("y", "1"))
	c.same()
	if got := valueOf(n.store, "x"); got != "1" {
		t.Errorf("x = %q", got)
	}
	c.eventually("nothing is left of who it was", func() bool {
		return !strings.Contains(listing(t, n.Dir), demotedPrefix)
	})
	if said := c.decided(asked.Demote(t.Context(), 4)); said != "node 4 has no vote" {
		t.Error(said)
	}
	if _, err := asked.Demote(t.Context(), id); !errors.Is(err, ErrDeclined) || !strings.Contains(err.Error(), "is no member any more") {
		t.Error(err)
	}
}

// Of two voters one can be demoted, which takes both of their votes, and promoted again; the last one
// stays.
func TestDemotingOneOfTwo(t *testing.T) {
	c := newCluster(t)
	first := c.start(t.TempDir(), "")
	second := c.start(t.TempDir(), first.Raft.Addr().String())
	c.votersAre(1, 2)
	c.decided(first.Demote(t.Context(), 2))
	second = c.nextLife(second)
	c.rolesAre(ids(1), ids(3))
	c.update(second, write("x", "1"))
	for _, ask := range []func() (string, error){
		func() (string, error) { return second.Demote(t.Context(), 1) },
		func() (string, error) { return second.Remove(t.Context(), 1, true) },
	} {
		if _, err := ask(); !errors.Is(err, ErrDeclined) || !strings.Contains(err.Error(), "node 1 is the last voter") {
			t.Error(err)
		}
	}
	c.decided(second.Promote(t.Context(), 3))
	c.rolesAre(ids(1, 3), nil)
	c.same()
}

// Members are removed from any node: a follower, the leader, one that is down, a non-voter by itself. What
// runs ends, says that it was removed, and how to join anew, which works.
func TestRemoving(t *testing.T) {
	c := three(t)
	edge := c.nonVoter()
	other := c.start(t.TempDir(), c.nodes[0].Raft.Addr().String())
	c.rolesAre(ids(1, 2, 3, 5), ids(4))
	leader := c.leader()
	follower := other
	if leader == follower {
		follower = c.nodes[0]
	}
	for _, n := range []*Node{edge, follower, leader} {
		id := n.identity.Node
		c.decided(edgeOr(n, c.otherThan(n)).Remove(t.Context(), id, false))
		err := c.over(n)
		if !errors.Is(err, ErrUntrusted) || !strings.Contains(err.Error(), "was removed from the cluster") ||
			!strings.Contains(err.Error(), "to join as a new one: confman node replace") {
			t.Errorf("node %d: %v", id, err)
		}
		asked := c.nodes[0]
		c.eventually("it is gone", func() bool { _, found := asked.member(id); return !found })
		if said := c.decided(asked.Remove(t.Context(), id, false)); !strings.HasSuffix(said, "is no member any more") {
			t.Error(said)
		}
		if _, err := c.tryStart(n.Dir, ""); !errors.Is(err, ErrUntrusted) {
			t.Errorf("node %d comes back: %v", id, err)
		}
	}
	if len(c.nodes) != 2 {
		t.Fatal("not two nodes")
	}
	c.update(c.nodes[0], write("x", "1"))
	if _, err := c.nodes[0].Remove(t.Context(), 9, false); !errors.Is(err, ErrDeclined) || !strings.Contains(err.Error(), "there is no node 9: the nodes are ") {
		t.Error(err)
	}
	done, err := c.replacement(edge.Dir, 0).Replace(t.Context())
	if err != nil || done.Replaces != 0 {
		t.Fatalf("%+v, %v", done, err)
	}
	back := c.start(edge.Dir, "")
	c.eventually("it votes", func() bool { return back.votes() && back.Status().Voters == 3 })
	c.same()
}

// edgeOr has a node that has no vote ask for its own end, and others be asked for.
func edgeOr(n, other *Node) *Node {
	if n.votes() {
		return other
	}
	return n
}

// A node that is down can be removed as long as those that remain are a majority, and else only by force.
func TestRemovingWhatIsDown(t *testing.T) {
	c := three(t)
	c.start(t.TempDir(), c.nodes[0].Raft.Addr().String())
	c.votersAre(1, 2, 3, 4)
	down := c.nodes[3]
	c.stop(down)
	c.leader()
	if _, err := c.nodes[0].Remove(t.Context(), 3, false); err != nil { // two of three remain
		t.Fatal(err)
	}
	if err := c.over(c.nodes[2]); !errors.Is(err, ErrUntrusted) {
		t.Error(err)
	}
	c.votersAre(1, 2, 4)
	_, err := c.nodes[1].Remove(t.Context(), 2, false)
	if !errors.Is(err, ErrDeclined) || !strings.Contains(err.Error(), "without node 2 there would be 2 voters, of which 1 run") {
		t.Errorf("it costs the majority: %v", err)
	}
	if _, err = c.nodes[1].Demote(t.Context(), 2); !errors.Is(err, ErrDeclined) {
		t.Errorf("it costs the majority: %v", err)
	}
	c.decided(c.nodes[1].Remove(t.Context(), 4, false))
	c.votersAre(1, 2)
	if _, err := c.tryStart(down.Dir, ""); !errors.Is(err, ErrUntrusted) || !strings.Contains(err.Error(), "was removed from the cluster") {
		t.Errorf("the removed node comes back: %v", err)
	}
	c.update(c.nodes[0], write("x", "1"))
}

// Whatever is asked for at once, on all nodes, one voter stays and everything else is done.
func TestRemovingAtOnce(t *testing.T) {
	c := three(t)
	var asked sync.WaitGroup
	results := make(chan error, 9)
	for _, n := range c.nodes {
		for id := range uint64(3) {
			asked.Go(func() {
				_, err := n.Remove(t.Context(), id+1, false)
				results <- err
			})
		}
	}
	asked.Wait()
	close(results)
	for err := range results {
		if err != nil && !errors.Is(err, ErrDeclined) && !errors.Is(err, store.ErrUnavailable) && !errors.Is(err, store.ErrInDoubt) {
			t.Error(err)
		}
	}
	c.eventually("one node is left", func() bool {
		left := 0
		for _, n := range c.nodes {
			if n.Err() == nil {
				left++
			}
		}
		return left == 1
	})
	for _, n := range append([]*Node{}, c.nodes...) {
		if n.Err() != nil {
			_ = c.over(n) // it was removed
		}
	}
	c.eventually("it is the only voter", func() bool { st := c.nodes[0].Status(); return st.Voters == 1 && len(st.Members) == 1 })
	c.update(c.nodes[0], write("x", "1"))
}

// A node that gives its vote up may die at any moment of it, and goes on where it was.
func TestADemotionThatIsInterrupted(t *testing.T) {
	c := three(t)
	c.update(c.nodes[0], write("x", "1"))
	n := c.nodes[2]
	c.stop(n)
	c.leader()
	for range 2 {
		c.decided(c.nodes[0].Demote(t.Context(), 3)) // it does not run
	}
	n = c.start(n.Dir, "")
	if err := c.over(n); !errors.Is(err, ErrStartAgain) {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(n.Dir, refusedFile)); err != nil { // as if it had died before it was refused
		t.Fatal(err)
	}
	if _, err := c.tryStart(n.Dir, ""); !errors.Is(err, ErrStartAgain) {
		t.Fatal(err)
	}
	if _, err := setAside(n.Dir, demotedPrefix); err != nil { // as if it had died in the middle of it
		t.Fatal(err)
	}
	n = c.start(n.Dir, "")
	c.rolesAre(ids(1, 2), ids(4))
	c.same()
	if n.identity.Node != 4 || exists(n.Dir, successorFile) {
		t.Errorf("it is node %d", n.identity.Node)
	}
}

// A node that only reads takes no decisions.
func TestADegradedNodeDecidesNothing(t *testing.T) {
	n := &Node{degraded: "its disk is full"}
	for _, decide := range []func() (string, error){
		func() (string, error) { return n.Promote(t.Context(), 1) },
		func() (string, error) { return n.Demote(t.Context(), 1) },
		func() (string, error) { return n.Remove(t.Context(), 1, true) },
		func() (string, error) { return n.SetProfile(t.Context(), "lan") },
		func() (string, error) { return "", n.MayReplace(t.Context(), 1) },
		func() (string, error) { return "", n.Lead(t.Context(), 1) },
	} {
		if _, err := decide(); !errors.Is(err, store.ErrUnfit) {
			t.Error(err)
		}
	}
}
