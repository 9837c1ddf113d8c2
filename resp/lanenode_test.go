package resp

import (
	"bufio"
	"context"
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"confman/store"
)

// laneNode is a node in memory with a clock that only tests turn.
type laneNode struct {
	Node
	store *store.Store
	now   atomic.Int64
	long  bool // nothing can be glanced at: all commands go the long way

	mu    sync.Mutex
	index uint64
}

func newLaneNode(long bool) *laneNode {
	n := &laneNode{store: store.OpenMemory(), long: long}
	n.now.Store(1_700_000_000_000)
	return n
}

func (n *laneNode) millis() store.Millis { return store.Millis(n.now.Load()) }

func (n *laneNode) View(_ context.Context, do func(*store.Tx) error) error {
	return n.store.View(n.millis(), do)
}

func (n *laneNode) Glance(look func(store.Glance)) error {
	if n.long {
		return store.ErrLoading
	}
	n.store.Glance(n.millis(), look)
	return nil
}

func (n *laneNode) Update(_ context.Context, by string, do func(*store.Tx) error) (revision uint64, err error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	entry := store.Entry{Node: 1, Seq: n.index + 1, At: n.millis()}
	var failed error
	err = n.store.Evaluate(entry.At, []store.Update{{By: by, Do: do}}, func(_ int, txn store.Txn, err error) bool {
		entry.Txns, failed = []store.Txn{txn}, err
		return true
	})
	if err == nil {
		n.index++
		_, err = n.store.Apply([]store.Indexed{{Index: n.index, Entry: entry}})
	}
	return n.index, errors.Join(err, failed)
}

func (n *laneNode) Barrier(context.Context) error { return nil }

func (n *laneNode) Within(context.Context, time.Duration) error { return nil }

// laneServer serves a node. stop ends it, and waits for all its goroutines.
func laneServer(t testing.TB, s *Server) (addr string, stop func()) {
	t.Helper()
	if s.Node == nil {
		s.Node = newLaneNode(false)
	}
	s.AuditTime = time.Hour
	s.Node.(*laneNode).store.Watch(s)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(ctx, ln) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Serve: %v", err)
		}
	})
	t.Cleanup(func() {
		stop()
		_ = s.Node.(*laneNode).store.Close()
	})
	return ln.Addr().String(), stop
}

// laneClient is a client that sends bytes as the test says.
type laneClient struct {
	*net.TCPConn
	r *bufio.Reader
}

func laneDial(t testing.TB, addr string) *laneClient {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	if err := c.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return &laneClient{c.(*net.TCPConn), bufio.NewReader(c)}
}

// send sends bytes.
func (c *laneClient) send(t testing.TB, bytes string) {
	t.Helper()
	if _, err := c.Write([]byte(bytes)); err != nil {
		t.Fatal(err)
	}
}

// ask sends a command and returns the reply, or the message that comes before it.
func (c *laneClient) ask(t testing.TB, words ...string) Reply {
	t.Helper()
	c.send(t, laneEncode(words...))
	return c.hear(t)
}

// hear returns what comes next.
func (c *laneClient) hear(t testing.TB) Reply {
	t.Helper()
	r, err := readReply(c.r, 0)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func laneEncode(words ...string) string { return string(appendReply(nil, bulks(words), 2)) }

// laneHolds waits until something holds.
func laneHolds(t testing.TB, what string, holds func() bool) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(20 * time.Second); !holds(); <-tick.C {
		if time.Now().After(deadline) {
			t.Fatalf("it never holds that %s", what)
		}
	}
}

// only returns the one connection of a server.
func (s *Server) only(t testing.TB) (one *conn) {
	t.Helper()
	laneHolds(t, "there is one connection", func() bool { return s.clients() == 1 })
	s.mu.Lock()
	defer s.mu.Unlock()
	for one = range s.conns {
	}
	return one
}
