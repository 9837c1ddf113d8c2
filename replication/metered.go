package replication

import (
	"net"
	"sync/atomic"
)

// traffic counts the bytes on the wire to and from one host.
type traffic struct{ sent, received atomic.Int64 }

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
	to.received.Add(before.received.Load())
}

func (m *metered) Read(b []byte) (int, error) {
	n, err := m.Conn.Read(b)
	m.traffic.Load().received.Add(int64(n))
	return n, err
}

func (m *metered) Write(b []byte) (int, error) {
	n, err := m.Conn.Write(b)
	m.traffic.Load().sent.Add(int64(n))
	return n, err
}
