package replication

import (
	"context"
	"sync"
	"testing"
	"time"

	"confman/store"
)

// A node is alive without the others, and not while what is committed cannot be applied.
func TestAliveWithoutAMajorityAndNotWhenStuck(t *testing.T) {
	c := three(t)
	alive := func(n *Node, patience time.Duration) error {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		return n.Alive(ctx, patience)
	}
	last := c.nodes[0]
	if err := alive(last, time.Second); err != nil {
		t.Fatal(err)
	}
	held, release := make(chan struct{}), make(chan struct{})
	var reading sync.WaitGroup
	reading.Go(func() {
		_ = last.View(context.Background(), func(*store.Tx) error { // returns nil
			close(held)
			<-release
			return nil
		})
	})
	<-held
	reading.Go(func() { _, _ = last.Update(context.Background(), "default", write("a", "1")) }) // however it ends
	c.eventually("it notices that nothing is applied", func() bool { return alive(last, 50*time.Millisecond) != nil })
	close(release)
	reading.Wait()
	c.eventually("it goes on", func() bool { return alive(last, 50*time.Millisecond) == nil })
	for len(c.nodes) > 1 {
		c.stop(c.nodes[1])
	}
	c.eventually("it misses the others", func() bool { known, _ := last.Leader(); return !known })
	if err := alive(last, time.Second); err != nil {
		t.Errorf("without a majority: %v", err)
	}
}
