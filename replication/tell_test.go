package replication

import (
	"fmt"
	"strings"
	"sync"
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
	large := []byte("0:" + strings.Repeat("x", 1<<20))
	for range 2 * maxUntold {
		from.Tell(large)
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("to tell what cannot arrive took %v", took)
	}
	c.eventually("some are lost", func() bool { return from.Status().Untold > maxUntold })
	f.put(away, false)
	c.eventually("it is told again", func() bool {
		from.Tell([]byte("back:here"))
		return len(boxes[2].letters("back")) > 0
	})
}
