package replication

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"confman/store"

	"github.com/lni/vfs"
)

// unhurried makes a cluster in which nobody loses the leadership because the machine is busy.
func unhurried(t *testing.T) *cluster {
	c := newCluster(t)
	edge, err := ProfileNamed("edge")
	if err != nil {
		t.Fatal(err)
	}
	c.profile = edge
	return c
}

// unhurriedThree starts three voters of one, between which there can be fences.
func unhurriedThree(t *testing.T) (*cluster, *fences) {
	c, f := unhurried(t), &fences{apart: map[string]bool{}}
	c.startFenced(f)
	return c, f
}

// lead has a node lead, at another one's request, and waits until all know that.
func (c *cluster) lead(asked *Node, id uint64) {
	c.Helper()
	if err := asked.Lead(c.Context(), id); err != nil {
		c.Fatalf("node %d is asked to have node %d lead: %v", asked.identity.Node, id, err)
	}
	c.eventually("all follow it", func() bool {
		for _, n := range c.nodes {
			if n.Status().Leader != id {
				return false
			}
		}
		return true
	})
}

// Each of three nodes leads in turn, whoever is asked for it, a non-voter too, while clients of all of them
// write: none of their writes fails, and each counts once. Nothing happens if the node leads already.
func TestLeadershipGoesWhereItIsWanted(t *testing.T) {
	c, _ := unhurriedThree(t)
	edge := c.nonVoter()
	c.rolesAre(ids(1, 2, 3), ids(4))
	var clients sync.WaitGroup
	stop := make(chan struct{})
	defer clients.Wait()
	written, longest := make([]int, len(c.nodes)), make([]time.Duration, len(c.nodes))
	for i, n := range c.nodes {
		clients.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				began := time.Now()
				if _, err := n.Update(t.Context(), "test", count(fmt.Sprint("writes/", i))); err != nil {
					t.Errorf("write %d at node %d: %v", written[i], n.identity.Node, err)
					return
				}
				written[i]++
				longest[i] = max(longest[i], time.Since(began))
			}
		})
	}
	func() {
		defer close(stop)
		for round, asked := range append(c.nodes, c.nodes...) {
			for next := range 3 {
				c.lead(asked, uint64((next+round)%3+1))
			}
		}
	}()
	clients.Wait()
	t.Logf("%d writes, the longest of each client took %v", written, longest)
	_, term, _ := edge.raft.sees()
	c.lead(edge, c.leader().identity.Node)
	if _, now, _ := edge.raft.sees(); now != term {
		t.Errorf("term %d has become %d", term, now)
	}
	c.same()
	for i, want := range written {
		if got := valueOf(edge.store, fmt.Sprint("writes/", i)); got != strconv.Itoa(want) || want == 0 {
			t.Errorf("client %d was told of %d writes, and there are %s", i, want, got)
		}
	}
}

// whyNot asks a node to have another one lead, which must fail in a way, and checks that the leader leads on.
func (c *cluster) whyNot(asked *Node, id uint64, as error, says string) {
	c.Helper()
	leader := c.leader()
	_, term, _ := leader.raft.sees()
	err := asked.Lead(c.Context(), id)
	if !errors.Is(err, as) || !strings.Contains(err.Error(), says) {
		c.Errorf("node %d is asked to have node %d lead: %v, and not: %s", asked.identity.Node, id, err, says)
	}
	if now, t, _ := leader.raft.sees(); now != leader.identity.Node || t != term {
		c.Errorf("node %d leads in term %d, and node %d led in term %d", now, t, leader.identity.Node, term)
	}
}

// Who cannot lead is not tried, and whoever asks is told why, by any node.
func TestWhoCannotLead(t *testing.T) {
	c, f := unhurriedThree(t)
	edge := c.nonVoter()
	c.rolesAre(ids(1, 2, 3), ids(4))
	c.lead(c.nodes[2], 1)
	for _, asked := range c.nodes {
		c.whyNot(asked, 4, ErrDeclined, "node 4 has no vote: promote it first")
		c.whyNot(asked, 9, ErrDeclined, "there is no node 9: the nodes are 1 (127.0.0.1:")
	}
	late, cancel := context.WithTimeout(t.Context(), time.Microsecond)
	defer cancel()
	if answer := c.nodes[0].yield(late, 3); answer != (leadAnswer{}) {
		t.Errorf("a node is said not to answer that there was no time to ask: %+v", answer)
	}
	f.put(c.nodes[2], true)
	c.eventually("it knows no leader", func() bool { known, _ := c.nodes[2].raft.leader(); return !known })
	for _, asked := range []*Node{c.nodes[0], c.nodes[1], edge} {
		c.whyNot(asked, 3, ErrDeclined, "node 3 does not answer node 1, which leads: start it, or see what is between them")
	}
	c.whyNot(c.nodes[2], 3, store.ErrUnavailable, "this node reaches 1 of 3 nodes")
	f.put(c.nodes[2], false)
	c.eventually("it can lead again", func() bool { return c.nodes[1].Lead(t.Context(), 3) == nil })
	c.lead(c.nodes[0], 3)
}

// A leader that does not answer is waited for as long as it leads.
func TestALeaderThatHangsIsNotWaitedFor(t *testing.T) {
	c, _ := unhurriedThree(t)
	c.lead(c.nodes[1], 1)
	asked := make(chan struct{})
	c.nodes[0].transport.yield = func(ctx context.Context, _ uint64) leadAnswer {
		close(asked)
		<-ctx.Done()
		return leadAnswer{}
	}
	ended := make(chan error)
	go func() { ended <- c.nodes[1].Lead(t.Context(), 3) }()
	<-asked
	c.lead(c.nodes[0], 3)
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// What was decided about a member counts, even if it is not carried out yet.
func TestWhoIsNotMeantToLead(t *testing.T) {
	for _, each := range []struct {
		m     Member
		votes bool
		why   string
	}{
		{Member{ID: 3}, true, ""},
		{Member{ID: 3}, false, "node 3 has no vote yet: it gets one when it has caught up"},
		{Member{ID: 3, NonVoter: true}, true, "node 3 is about to give its vote up"},
		{Member{ID: 3, NonVoter: true}, false, "node 3 has no vote: promote it first"},
		{Member{ID: 3, NonVoter: true, Leaving: true}, true, "node 3 is about to leave"},
		{Member{ID: 3, Leaving: true}, true, "node 3 is about to leave"},
	} {
		if why := each.m.mustFollow(each.votes); why != each.why {
			t.Errorf("%+v, votes %v: %q, want %q", each.m, each.votes, why, each.why)
		}
	}
}

// hanging is a disk on which nothing gets written while it is locked.
type hanging struct{ sync.RWMutex }

// MaybeError is called before each operation.
func (h *hanging) MaybeError(op vfs.Op) error {
	if op != vfs.OpRead {
		h.RLock()
		defer h.RUnlock()
	}
	return nil
}

// A node whose disk hangs cannot stand for election. If it has everything the leader tries it, and leads on; if
// it is behind no update has to wait for it.
func TestALeaderWhoseHeirHangsLeadsOn(t *testing.T) {
	c := unhurried(t)
	first := c.start(t.TempDir(), "")
	c.start(t.TempDir(), first.Raft.Addr().String())
	disk := &hanging{}
	slow := c.node(t.TempDir(), first.Raft.Addr().String())
	slow.disk.raft = vfs.Wrap(vfs.Default, disk)
	if err := slow.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	c.nodes = append(c.nodes, slow)
	c.votersAre(1, 2, 3)
	c.lead(slow, 1)
	c.update(first, write("x", "1"))
	c.same()
	disk.Lock()
	freed := sync.OnceFunc(disk.Unlock)
	t.Cleanup(freed)
	c.whyNot(c.nodes[1], 3, ErrNotHandedOver, "node 3 did not take it within 4s, and node 1 leads: try again")
	c.update(first, write("x", "2"))
	began := time.Now()
	c.whyNot(c.nodes[1], 3, ErrDeclined, "node 3 is behind, at revision ")
	c.update(first, write("x", "3"))
	t.Logf("it was found behind within %v", time.Since(began))
	freed()
	c.eventually("it has caught up, and leads", func() bool { return first.Lead(t.Context(), 3) == nil })
	c.same()
}

// A leader of an earlier version does not know the question, which is said; a node that has not started yet
// declines it.
func TestALeaderThatCannotBeAsked(t *testing.T) {
	c, _ := unhurriedThree(t)
	n := c.nodes[1]
	c.lead(n, 1)
	if err := n.notHandedOver(1, nil); !errors.Is(err, ErrNotHandedOver) || !strings.Contains(err.Error(), "node 1 leads, and no majority has confirmed that within 4s: try again") {
		t.Error(err)
	}
	if err := n.notHandedOver(3, errRefused); !errors.Is(err, ErrNotHandedOver) || !strings.Contains(err.Error(), "node 1 leads, and could not be asked: refused") {
		t.Error(err)
	}
	var a table
	one := startWire(t, &a, &transport{host: hostA})
	startWire(t, &a, &transport{host: hostB})
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	if _, err := one.put(ctx, kindLead, hostB, json.RawMessage(`{}`), time.Second); !errors.Is(err, errRefused) {
		t.Error(err)
	}
}
