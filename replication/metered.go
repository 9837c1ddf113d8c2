package replication

import (
	"net"
	"sync/atomic"
	"time"
)

// A Link is what has passed between this node and another one, in this node's life.
type Link struct {
	Contact        time.Duration // since anything came from it; -1 if nothing ever did
	Sent, Received int64         // bytes on the wire
}

// traffic counts the bytes on the wire to and from one host.
type traffic struct {
	sent, received atomic.Int64
	last           atomic.Pointer[time.Time] // when anything was received
	rejects        atomic.Int64              // how often the host said that it lacks what comes before what it was sent
}

// link is what has been counted.
func (t *traffic) link(now time.Time) Link {
	l := Link{Contact: -1, Sent: t.sent.Load(), Received: t.received.Load()}
	if last := t.last.Load(); last != nil {
		l.Contact = now.Sub(*last)
	}
	return l
}

func (t *traffic) receive(n int) {
	if n > 0 {
		now := time.Now()
		t.received.Add(int64(n))
		t.last.Store(&now)
	}
}

// metered is a connection whose bytes are counted.
type metered struct {
	net.Conn
	traffic atomic.Pointer[traffic]
}

func meter(conn net.Conn, to *traffic) *metered {
	m := &metered{Conn: conn}
	m.traffic.Store(to)
	return m
}

// belongs counts the bytes for a host from now on, and those so far.
func (m *metered) belongs(to *traffic) {
	before := m.traffic.Swap(to)
	to.sent.Add(before.sent.Load())
	to.receive(int(before.received.Load()))
}

func (m *metered) Read(b []byte) (int, error) {
	n, err := m.Conn.Read(b)
	m.traffic.Load().receive(n)
	return n, err
}

func (m *metered) Write(b []byte) (int, error) {
	n, err := m.Conn.Write(b)
	m.traffic.Load().sent.Add(int64(n))
	return n, err
}
