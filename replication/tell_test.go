package replication

import (
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"confman/store"

	"github.com/google/uuid"
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

// A node that cannot be reached holds up nobody: whoever tells goes on, the others are told all of it, and what
// does not wait for it is lost. It is told again when it is back.
func TestANodeThatCannotBeTold(t *testing.T) {
	c, f, boxes := talkative(t)
	from, away := c.nodes[0], c.nodes[2].Raft.Addr().String()
	var once sync.Once
	dialled, back := make(chan struct{}), make(chan struct{})
	f.mu.Lock()
	f.gate = func(_, to string) {
		if to == away {
			once.Do(func() { close(dialled) })
			<-back
		}
	}
	f.mu.Unlock()
	from.Tell([]byte("0:x"))
	<-dialled // with that one; from now on they wait
	const half = maxUntold / 2
	for told := 1; told < 1+4*half; told += half {
		for range half {
			from.Tell([]byte("0:x"))
		}
		c.eventually("the other node has them", func() bool { return len(boxes[1].letters("0")) == told+half })
	}
	if lost := from.Status().Untold; lost != 2*half {
		t.Errorf("%d messages are lost, want all but the one on its way and those that wait: %d", lost, 2*half)
	}
	close(back)
	c.eventually("it is told again", func() bool {
		from.Tell([]byte("back:here"))
		return len(boxes[2].letters("back")) > 0
	})
}

// Who tells a node is gone when there has been nothing to tell for a minute, and there again when there is.
func TestTellersRest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		over := &transport{book: &book{}, log: slog.New(slog.DiscardHandler)}
		over.ctx = t.Context()
		var all tellers
		running := func() int {
			synctest.Wait()
			all.mu.Lock()
			defer all.mu.Unlock()
			return len(all.byHost)
		}
		for life := range 2 {
			all.tell(over, "host", []byte("x"))
			time.Sleep(tellIdle - 1) // it is the bubble's time
			all.tell(over, "host", []byte("x"))
			time.Sleep(tellIdle - 1)
			if n := running(); n != 1 {
				t.Errorf("life %d: %d tellers run, want one that was told something within a minute", life, n)
			}
			time.Sleep(time.Nanosecond)
			if n := running(); n != 0 {
				t.Fatalf("life %d: %d tellers run after a minute without anything to tell", life, n)
			}
			over.wg.Wait() // it has ended
		}
		if lost := all.lost.Load(); lost != 4 {
			t.Errorf("%d messages to a host without an address are lost, want 4", lost)
		}
	})
}

// Whoever becomes a member, or is none any more, counts at the next message; until then the table is not
// read again.
func TestNeighboursAreTheMembers(t *testing.T) {
	c := three(t)
	n, host := c.nodes[0], uuid.NewString()
	hosts := []string{c.nodes[1].identity.Host, c.nodes[2].identity.Host}
	for _, story := range []struct {
		change func(tx *store.Tx) error
		want   []string
	}{
		{func(*store.Tx) error { return nil }, hosts},
		{func(tx *store.Tx) error { return putMember(tx, Member{ID: 4, Host: host}) }, append(slices.Clone(hosts), host)},
		{func(tx *store.Tx) error { return retire(tx, 4, 0) }, hosts},
	} {
		if err := n.asSystem(t.Context(), story.change); err != nil {
			t.Fatal(err)
		}
		got := n.neighbours()
		if !slices.Equal(got, story.want) {
			t.Errorf("the neighbours are %v, want %v", got, story.want)
		}
		if again := n.neighbours(); &again[0] != &got[0] {
			t.Error("the members were read again though nothing has changed")
		}
	}
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
