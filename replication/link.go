package replication

import (
	"bufio"
	"context"
	"errors"
	"net"
	"sync/atomic"
	"time"

	"github.com/lni/dragonboat/v4/raftio"
	pb "github.com/lni/dragonboat/v4/raftpb"
)

// GetConnection returns at once: the link connects when it has something to send.
func (t *transport) GetConnection(ctx context.Context, host string) (raftio.IConnection, error) {
	return &link{t: t, ctx: ctx, host: host}, nil
}

// link sends message batches to one host. One goroutine of dragonboat's uses it.
type link struct {
	t    *transport
	ctx  context.Context // dragonboat's, ends when the NodeHost stops
	host string
	conn net.Conn
	gone *atomic.Bool // conn has ended
	buf  []byte

	through through
	rejects int64 // that had come when through began
}

// SendMessageBatch sends a batch or drops it. It never fails.
func (l *link) SendMessageBatch(batch pb.MessageBatch) error {
	if n := l.t.peers.traffic(l.host).rejects.Load(); n != l.rejects {
		l.through, l.rejects = through{}, n
	}
	if batch = l.through.unsent(batch, time.Now()); len(batch.Requests) == 0 {
		return nil
	}
	for _, part := range parts(batch) {
		if !l.send(part) {
			break // what follows is of no use without it
		}
	}
	return nil
}

func (l *link) send(batch pb.MessageBatch) (sent bool) {
	var err error
	if l.buf, err = appendFrame(l.buf[:0], &batch); err != nil {
		l.t.log.Error("a raft message was dropped", "to", l.host, "error", err)
		return false
	}
	for !sent && l.connect() { // a connection may die under the first try
		start := time.Now()
		if sent = send(l.conn, l.buf, l.t.writeTime) == nil; sent {
			l.through.sent(batch, len(l.buf), time.Since(start), time.Now())
		} else {
			l.Close()
		}
	}
	if cap(l.buf) > step {
		l.buf = nil
	}
	return sent
}

// Close ends the connection, if there is one.
func (l *link) Close() {
	if l.conn != nil {
		_ = l.conn.Close()
		l.conn, l.through = nil, through{}
	}
}

// connect makes sure that there is a connection, if it may try now.
func (l *link) connect() bool {
	if l.conn != nil && !l.gone.Load() {
		return true
	}
	l.Close()
	if !l.t.peers.mayDial(l.host) {
		return false
	}
	conn, err := l.t.open(l.ctx, kindRaft, l.host, l.t.dialTime)
	if err != nil {
		l.t.peers.dialled(l.host, err)
		l.t.log.Debug("a raft message was dropped", "error", err)
		return false
	}
	gone := new(atomic.Bool)
	stop := context.AfterFunc(l.ctx, func() { _ = conn.Close() })
	if l.t.hold(conn, func() {
		defer stop()
		l.t.watch(conn, l.host, gone)
	}) != nil {
		stop()
		return false
	}
	l.conn, l.gone = conn, gone
	return true
}

// watch notices the end of an outgoing connection, on which the other side says nothing but
// why it refuses.
func (t *transport) watch(conn net.Conn, host string, gone *atomic.Bool) {
	t.peers.came(host)
	defer t.parted(host)
	defer t.release(conn)
	defer gone.Store(true)
	line, err := readLine(bufio.NewReaderSize(conn, maxHello), maxHello)
	if err == nil {
		err = refused(line)
	} else if !alerted(err) {
		return
	}
	if err != nil {
		if errors.Is(err, errFinal) && t.barred != nil {
			t.barred(err)
		}
		t.book.failed(host, conn.RemoteAddr().String())
		if t.peers.dialled(host, err) {
			t.log.Warn("connection to a node refused", "host", host, "addr", conn.RemoteAddr(), "error", err)
		}
	}
}
