package replication

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"confman/store"
)

// reach asks a node how many others have everything, for a while.
func reach(n *Node, wanted int, patience time.Duration) (count int, took time.Duration) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	began := time.Now()
	return n.Reach(ctx, wanted), time.Since(began)
}

// The others are counted when they have applied what this node has, and not before.
func TestReachCountsWhoHasEverything(t *testing.T) {
	c, f := fencedThree(t)
	for i := range 30 {
		n := c.nodes[i%3]
		c.update(n, write("x", fmt.Sprint(i)))
		if count, took := reach(n, 2, 20*time.Second); count != 2 || took > 10*time.Second {
			t.Fatalf("write %d: %d after %v", i, count, took)
		}
		for _, other := range c.others(n) {
			if got := valueOf(other.store, "x"); got != fmt.Sprint(i) {
				t.Fatalf("write %d has reached all, and node %d has %q", i, other.identity.Node, got)
			}
		}
	}
	leader := c.leader()
	behind := c.others(leader)[0]
	f.put(behind, true)
	c.written(leader, "x", "behind its back")
	if count, took := reach(leader, 1, 20*time.Second); count != 1 || took > 10*time.Second {
		t.Errorf("%d after %v", count, took)
	}
	if count, took := reach(leader, 2, 300*time.Millisecond); count != 1 || took < 300*time.Millisecond || took > 5*time.Second {
		t.Errorf("with a node cut off: %d after %v", count, took)
	}
	if count, _ := reach(leader, 0, 20*time.Second); count != 1 {
		t.Errorf("asked once: %d", count)
	}
	came := make(chan int, 1)
	go func() {
		count, _ := reach(leader, 2, 60*time.Second)
		came <- count
	}()
	f.put(behind, false)
	if count := <-came; count != 2 {
		t.Errorf("the node came back while it was waited for: %d", count)
	}
}

// Many wait at once, some for ever; one question at a time goes to each node, and who no longer
// waits leaves nothing behind.
func TestManyWaitAtOnce(t *testing.T) {
	c, f := fencedThree(t)
	n := c.leader()
	behind := c.others(n)[0]
	f.put(behind, true)
	c.written(n, "x", "1")
	ctx, cancel := context.WithCancel(t.Context())
	counts := make(chan int, 200)
	var all sync.WaitGroup
	for i := range 200 {
		all.Go(func() {
			wanted := 1 + i%3 // 3 is more than there are
			counts <- n.Reach(ctx, wanted)
		})
	}
	for range 67 { // those that want one
		if count := <-counts; count < 1 {
			t.Errorf("%d", count)
		}
	}
	n.transport.mu.Lock()
	conns := len(n.transport.conns)
	n.transport.mu.Unlock()
	if conns > 12 {
		t.Errorf("%d connections", conns)
	}
	f.put(behind, false)
	for range 67 { // those that want two
		if count := <-counts; count != 2 {
			t.Errorf("%d, want 2", count)
		}
	}
	cancel()
	all.Wait()
	for range 66 {
		if count := <-counts; count != 2 {
			t.Errorf("%d, want 2", count)
		}
	}
}

// Waiting ends with its context, and then nothing keeps the node from stopping.
func TestReachEndsWithTheNode(t *testing.T) {
	c := three(t)
	n := c.nodes[1]
	ended := make(chan struct{})
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		n.Reach(ctx, 5)
		close(ended)
	}()
	c.update(n, func(tx *store.Tx) error { return tx.Set("x", "1", 0) })
	cancel()
	<-ended
	began := time.Now()
	c.stop(n)
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("stopping took %v", took)
	}
}
