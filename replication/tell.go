package replication

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// Beside what goes through the log, nodes pass messages to one another that are kept nowhere: each
// arrives at most once, and those of one node in their order. Nobody waits for them to arrive.

const (
	// maxMessage bounds one message, in bytes.
	maxMessage = 20 << 20
	// maxUntold bounds how many messages wait for one node, and maxUntoldBytes how many bytes.
	maxUntold      = 1024
	maxUntoldBytes = 32 << 20
	// tellPause is how long a node is told nothing that could not be reached.
	tellPause = 500 * time.Millisecond
	// tellIdle is how long nothing is to be told to a node before the connection for it ends.
	tellIdle = time.Minute
)

// Tell passes a message to all other nodes that can be reached. It does not wait for them: what a
// node does not take in time is lost to it. The message must not be changed afterwards.
func (n *Node) Tell(message []byte) {
	for _, host := range n.neighbours() {
		n.tellers.tell(n.transport, host, message)
	}
}

// tellers are those who pass messages to the other nodes.
type tellers struct {
	lost atomic.Uint64 // messages, by how many nodes did not get them from here

	mu     sync.Mutex
	byHost map[string]*teller // those that run
}

// tell has a host told a message, by a teller that runs until it has been idle for long or the transport
// is closed.
func (t *tellers) tell(over *transport, host string, message []byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	one := t.byHost[host]
	if one == nil {
		if t.byHost == nil {
			t.byHost = map[string]*teller{}
		}
		one = &teller{transport: over, host: host, lost: &t.lost, queue: make(chan []byte, maxUntold)}
		t.byHost[host] = one
		over.begin(func() { one.run(over.ctx, t.retire) })
	}
	one.put(message)
}

// retire forgets a teller that has nothing to tell, and reports whether it was that.
func (t *tellers) retire(one *teller) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(one.queue) > 0 {
		return false
	}
	delete(t.byHost, one.host)
	return true
}

// begin runs do in a goroutine that Close waits for, unless the transport is closed.
func (t *transport) begin(do func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.closed {
		t.wg.Go(do)
	}
}

// A teller passes messages to one host, over a connection of its own, so that they do not keep
// raft's from it.
type teller struct {
	transport *transport
	host      string
	lost      *atomic.Uint64
	queue     chan []byte
	bytes     atomic.Int64 // in the queue

	conn  net.Conn
	gone  *atomic.Bool // conn has ended
	again time.Time    // when to connect again
	buf   []byte
}

// put queues a message, if there is room.
func (t *teller) put(message []byte) {
	size := int64(len(message))
	if size <= maxMessage && t.bytes.Add(size) <= maxUntoldBytes {
		select {
		case t.queue <- message:
			return
		default:
		}
	}
	if size <= maxMessage {
		t.bytes.Add(-size)
	}
	t.lost.Add(1)
}

// run passes messages on until ctx ends, or until it may retire after having been idle for long.
func (t *teller) run(ctx context.Context, retire func(*teller) bool) {
	defer t.hangUp()
	idle := time.NewTimer(tellIdle)
	defer idle.Stop()
	for {
		select {
		case message := <-t.queue:
			t.bytes.Add(-int64(len(message)))
			if !t.pass(ctx, message) {
				t.lost.Add(1)
			}
		case <-idle.C:
			if retire(t) {
				return
			}
		case <-ctx.Done():
			return
		}
		idle.Reset(tellIdle)
	}
}

// pass sends one message, and reports whether it is on its way.
func (t *teller) pass(ctx context.Context, message []byte) bool {
	if !t.connect(ctx) {
		return false
	}
	var err error
	if t.buf, err = appendFrame(t.buf[:0], payload(message)); err == nil {
		err = send(t.conn, t.buf, t.transport.writeTime)
	}
	if cap(t.buf) > step {
		t.buf = nil
	}
	if err != nil {
		t.hangUp()
	}
	return err == nil
}

// connect makes sure that there is a connection, if it may try now.
func (t *teller) connect(ctx context.Context) bool {
	if t.conn != nil && !t.gone.Load() {
		return true
	}
	t.hangUp()
	if time.Now().Before(t.again) {
		return false
	}
	t.again = time.Now().Add(tellPause)
	conn, err := t.transport.open(ctx, kindTell, t.host, t.transport.dialTime)
	if err != nil {
		t.transport.log.Debug("a message was dropped", "to", t.host, "error", err)
		return false
	}
	gone := new(atomic.Bool)
	if t.transport.hold(conn, func() {
		defer t.transport.release(conn)
		defer gone.Store(true)
		line, err := readLine(bufio.NewReaderSize(conn, maxHello), maxHello)
		if err == nil {
			t.transport.log.Debug("a node takes no messages", "host", t.host, "error", refused(line))
		}
	}) != nil {
		return false
	}
	t.conn, t.gone = conn, gone
	return true
}

// hangUp ends the connection, if there is one.
func (t *teller) hangUp() {
	if t.conn != nil {
		_ = t.conn.Close()
		t.conn = nil
	}
}

// payload is a message as a frame carries it.
type payload []byte

func (p payload) Size() int { return len(p) }

func (p payload) MarshalTo(b []byte) (int, error) { return copy(b, p), nil }

// serveTold takes the messages of a host.
func (t *transport) serveTold(conn net.Conn, r *bufio.Reader) error {
	if t.told == nil {
		err := errors.New("this node takes no messages")
		refuse(conn, err)
		return err
	}
	frames := frameReader{r: bufio.NewReaderSize(r, piece), limit: maxMessage}
	for {
		message, err := frames.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("take a message: %w", err)
		}
		t.told(message)
	}
}
