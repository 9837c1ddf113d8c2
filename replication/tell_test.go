package replication

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// A letterbox keeps what a node was told, by who has said it.
type letterbox struct {
	mu   sync.Mutex
	from map[string][]string
}

func (l *letterbox) take(message []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	from, text, _ := strings.Cut(string(message), ":")
	if l.from == nil {
		l.from = map[string][]string{}
	}
	l.from[from] = append(l.from[from], text)
}

func (l *letterbox) letters(from string) []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.from[from]
}

// talkative starts three nodes between which connections can be cut, with what they are told.
func talkative(t *testing.T) (*cluster, *fences, []*letterbox) {
	c, f := newCluster(t), &fences{apart: map[string]bool{}}
	var boxes []*letterbox
	for range 3 {
		join := ""
		if len(c.nodes) > 0 {
			join = c.nodes[0].Raft.Addr().String()
		}
		n, box := c.node(t.TempDir(), join), &letterbox{}
		n.dial, n.Told = f.dialFrom(n.Raft.Addr().String()), box.take
		if err := n.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		c.nodes, boxes = append(c.nodes, n), append(boxes, box)
	}
	c.votersAre(1, 2, 3)
	return c, f, boxes
}

// What a node tells arrives at all others, once and in its order, and not at itself.
func TestNodesTellEachOther(t *testing.T) {
	c, _, boxes := talkative(t)
	const messages = 500
	var all sync.WaitGroup
	for i, n := range c.nodes {
		all.Go(func() {
			for j := range messages {
				n.Tell(fmt.Appendf(nil, "%d:%d", i, j))
				if j%100 == 99 { // as many as wait at a time
					c.eventually("the others have them", func() bool {
						for k, box := range boxes {
							if k != i && len(box.letters(fmt.Sprint(i))) <= j {
								return false
							}
						}
						return true
					})
				}
			}
		})
	}
	all.Wait()
	for i := range c.nodes {
		for k, box := range boxes {
			letters := box.letters(fmt.Sprint(i))
			if k == i && len(letters) > 0 {
				t.Errorf("node %d has told itself", i+1)
			}
			for j, text := range letters {
				if text != fmt.Sprint(j) {
					t.Fatalf("node %d was told %s by node %d, want %d", k+1, text, i+1, j)
				}
			}
		}
	}
	for _, n := range c.nodes {
		if lost := n.Status().Untold; lost != 0 {
			t.Errorf("node %d has lost %d messages", n.identity.Node, lost)
		}
	}
}

// A node that cannot be reached, or does not take what it is told, holds up nobody, and is told again
// when it is back.
func TestANodeThatCannotBeTold(t *testing.T) {
	c, f, boxes := talkative(t)
	from, away := c.nodes[0], c.nodes[2]
	f.put(away, true)
	began := time.Now()
	for range 2 * maxUntold {
		from.Tell([]byte("0:x"))
	}
	if took := time.Since(began); took > 5*time.Second { // a single wait for it would be as long as that
		t.Errorf("to tell what cannot arrive took %v", took)
	}
	c.eventually("some are lost", func() bool { return from.Status().Untold > maxUntold })
	f.put(away, false)
	c.eventually("it is told again", func() bool {
		from.Tell([]byte("back:here"))
		return len(boxes[2].letters("back")) > 0
	})
}

// What waits for a node that takes nothing is bounded, in messages and in bytes; what is more is lost, at
// once.
func TestMessagesThatWaitAreBounded(t *testing.T) {
	for _, story := range []struct{ size, messages, lost int }{
		{1, maxUntold, 0},
		{1, maxUntold + 3, 3},
		{1 << 20, maxUntoldBytes>>20 + 2, 2},
		{maxMessage + 1, 1, 1},
	} {
		var lost atomic.Uint64
		one := &teller{lost: &lost, queue: make(chan []byte, maxUntold)}
		message := make([]byte, story.size)
		for range story.messages {
			one.put(message)
		}
		if got := int(lost.Load()); got != story.lost || len(one.queue) != story.messages-story.lost {
			t.Errorf("%d messages of %d bytes: %d lost, %d wait", story.messages, story.size, got, len(one.queue))
		}
		for len(one.queue) > 0 {
			one.bytes.Add(-int64(len(<-one.queue)))
		}
		if left := one.bytes.Load(); left != 0 {
			t.Errorf("%d messages of %d bytes: %d bytes are never given back", story.messages, story.size, left)
		}
	}
}
