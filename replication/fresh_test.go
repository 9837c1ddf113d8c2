package replication

import (
	"context"
	"errors"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"confman/store"
)

// fences keep nodes apart from all others. All connections between nodes go through them.
type fences struct {
	mu    sync.Mutex
	apart map[string]bool // raft addresses
	conns []fenced
	gate  func(from, to string) // returns when a connection may be made; nil for at once
}

// fenced is a connection between two addresses.
type fenced struct {
	net.Conn
	from, to string
}

func (f *fences) dialFrom(from string) func(context.Context, string) (net.Conn, error) {
	return func(ctx context.Context, to string) (net.Conn, error) {
		f.mu.Lock()
		gate := f.gate
		f.mu.Unlock()
		if gate != nil {
			gate(from, to)
		}
		conn, err := dialTCP(ctx, to)
		if err != nil {
			return nil, err
		}
		f.mu.Lock()
		defer f.mu.Unlock()
		if f.apart[from] || f.apart[to] {
			return nil, errors.Join(errors.New("there is a fence"), conn.Close())
		}
		f.conns = append(f.conns, fenced{conn, from, to})
		return conn, nil
	}
}

// put puts a fence around a node, or takes it away.
func (f *fences) put(n *Node, apart bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	addr := n.Raft.Addr().String()
	f.apart[addr] = apart
	for _, conn := range f.conns {
		if apart && (conn.from == addr || conn.to == addr) {
			_ = conn.Close() // it may have ended
		}
	}
}

// fencedThree starts three voters between which there can be fences.
func fencedThree(t *testing.T) (*cluster, *fences) {
	c, f := newCluster(t), &fences{apart: map[string]bool{}}
	c.startFenced(f)
	return c, f
}

// startFenced starts three voters between which there can be fences.
func (c *cluster) startFenced(f *fences) {
	c.Helper()
	for range 3 {
		join := ""
		if len(c.nodes) > 0 {
			join = c.nodes[0].Raft.Addr().String()
		}
		n := c.node(c.TempDir(), join)
		n.dial = f.dialFrom(n.Raft.Addr().String())
		if err := n.Start(c.Context()); err != nil {
			c.Fatal(err)
		}
		c.nodes = append(c.nodes, n)
	}
	c.votersAre(1, 2, 3)
}

// others are all nodes but one.
func (c *cluster) others(than *Node) (all []*Node) {
	for _, n := range c.nodes {
		if n != than {
			all = append(all, n)
		}
	}
	return all
}

// written waits until a node has committed a write, which may take an election.
func (c *cluster) written(n *Node, name, value string) {
	c.Helper()
	c.eventually("a write is committed", func() bool {
		_, err := n.Update(c.Context(), "test", write(name, value))
		return err == nil
	})
}

// The leader is cut off and believes for a while that it leads. What it answers from its own data
// is old, so who asks for more is refused, from the first moment on, and at the latest after the
// hold; behind the cut the others go on.
func TestReadsOnALeaderThatIsCutOff(t *testing.T) {
	c, f := fencedThree(t)
	old := c.leader()
	c.written(old, "x", "1")
	c.same()
	if err := old.Barrier(t.Context()); err != nil {
		t.Fatal(err)
	}
	old.Hold = 500 * time.Millisecond
	f.put(old, true)
	cutAt := time.Now()
	if st := old.Status(); st.Role != "leader" {
		t.Errorf("it knows already: %+v", st)
	}
	if err := old.Within(t.Context(), time.Minute); err != nil {
		t.Errorf("a read that may be a minute old: %v", err)
	}
	other := c.others(old)[0]
	c.written(other, "x", "2")
	for i := range 3 {
		began := time.Now()
		err := old.Barrier(t.Context())
		if took := time.Since(began); !errors.Is(err, store.ErrUnconfirmed) || took > old.Hold+time.Second {
			t.Errorf("barrier %d after %v: %v", i, took, err)
		}
		if !strings.Contains(err.Error(), "of 3 nodes; bring nodes back or ask another one") {
			t.Error(err)
		}
	}
	if got := valueOf(old.store, "x"); got != "1" { // or nothing was tested
		t.Errorf("the local read is not stale: %q", got)
	}
	began := time.Now()
	err := old.Within(t.Context(), 100*time.Millisecond)
	if took := time.Since(began); !errors.Is(err, store.ErrStale) || took > time.Second {
		t.Errorf("after %v: %v", took, err)
	}
	if stale := old.Status().Stale; stale < time.Since(cutAt)-100*time.Millisecond || stale > time.Since(cutAt)+time.Minute {
		t.Errorf("cut off for %v, it says that its data may be %v old", time.Since(cutAt), stale)
	}
	if err := other.Barrier(t.Context()); err != nil || valueOf(other.store, "x") != "2" {
		t.Errorf("on the other side: %v, %q", err, valueOf(other.store, "x"))
	}
	f.put(old, false)
	c.eventually("it can confirm again", func() bool { return old.Barrier(t.Context()) == nil })
	if got := valueOf(old.store, "x"); got != "2" {
		t.Errorf("behind a barrier it reads %q", got)
	}
}

// A read that allows some age is answered as long as the data are surely that fresh, and from the
// moment on that they may be older it is refused.
func TestABoundIsKept(t *testing.T) {
	c, f := fencedThree(t)
	n := c.others(c.leader())[0]
	const bound = 700 * time.Millisecond
	if err := n.Within(t.Context(), bound); err != nil {
		t.Fatal(err)
	}
	f.put(n, true)
	cutAt := time.Now()
	answered := 0
	for {
		before := time.Now()
		err := n.Within(t.Context(), bound)
		if err != nil {
			if !errors.Is(err, store.ErrStale) || !strings.Contains(err.Error(), " ms old, and 700 ms are allowed") {
				t.Error(err)
			}
			break
		}
		answered++
		if late := before.Sub(cutAt); late > bound {
			t.Fatalf("answered %v after the cut", late)
		}
	}
	if answered == 0 {
		t.Error("no read was answered after the cut")
	}
	f.put(n, false)
	c.eventually("reads are answered again", func() bool { return n.Within(t.Context(), bound) == nil })
}

// Many who ask at once share a barrier, each within its own time.
func TestThoseWhoWaitShareABarrier(t *testing.T) {
	c, f := fencedThree(t)
	n := c.others(c.leader())[0]
	var all sync.WaitGroup
	ask := func(want error) {
		for range 50 {
			all.Go(func() {
				began := time.Now()
				err := n.Within(t.Context(), 300*time.Millisecond)
				if took := time.Since(began); !errors.Is(err, want) || took > 2*time.Second {
					t.Errorf("after %v: %v", took, err)
				}
			})
		}
		all.Wait()
	}
	ask(nil)
	f.put(n, true)
	c.eventually("its data may be old", func() bool { return n.Status().Stale > 300*time.Millisecond })
	ask(store.ErrStale)
}

// Nobody who reads through barriers sees less than was acknowledged before, on whichever node, while
// leaders come and go.
func TestBarriersWhileLeadersComeAndGo(t *testing.T) {
	c, f := fencedThree(t)
	for i := range 6 {
		gone := c.leader()
		f.put(gone, true)
		alive := c.others(gone)
		c.written(alive[i%2], "x", strconv.Itoa(i))
		for _, n := range alive {
			c.eventually("a barrier", func() bool { return n.Barrier(t.Context()) == nil })
			if got := valueOf(n.store, "x"); got != strconv.Itoa(i) {
				t.Errorf("node %d reads %q, and %d was acknowledged", n.identity.Node, got, i)
			}
		}
		f.put(gone, false)
	}
}

// Age counts by whichever clock says more, and is nothing before the first barrier.
func TestAge(t *testing.T) {
	var f freshness
	if age := f.age(time.Now()); age != -1 || f.within(time.Hour, time.Now()) {
		t.Errorf("nothing is known, and the age is %v", age)
	}
	at := time.Now()
	f.proved(at)
	f.proved(at.Add(-time.Hour))
	for _, e := range []struct {
		now  time.Time
		want time.Duration
	}{
		{at.Add(time.Second), time.Second},
		{at.Add(-time.Second), 0},
		{at.Round(0).Add(time.Hour), time.Hour}, // without the clock that stands still in sleep
	} {
		if got := f.age(e.now); got != e.want {
			t.Errorf("%v, want %v", got, e.want)
		}
	}
}
