package replication

import (
	"fmt"
	"net"
	"time"
)

// A life is one start of a host, as long as there are connections from it. A host has one at a
// time: two of them that both speak are two machines with copies of one data directory, and the
// votes of both would count for one node.
type life struct {
	host, name string
	heard      chan struct{} // signals that it has said something
	gone       chan struct{} // closed with its last connection
	conns      map[net.Conn]struct{}
}

// enter takes a connection up into the life that has said hello. Where another life of the host
// is connected, the one that is there stays if it goes on speaking: leaders and followers do so
// with every heartbeat. If it falls silent it has died without a word, and its connections are
// closed, so that nothing it sent is heard later.
func (t *transport) enter(h hello, conn net.Conn) (*life, error) {
	for {
		mine, other := t.peers.join(h, conn)
		if other == nil {
			if t.peers.reborn(h) {
				t.tell(h.Host, true)
			}
			return mine, nil
		}
		speaks := false
		for range 2 { // what is heard first may have been on its way when its sender died
			speaks = t.listen(other)
		}
		select {
		case <-other.gone:
		case <-t.ctx.Done():
			return nil, net.ErrClosed
		default:
			if speaks {
				return nil, finally{fmt.Errorf("host %s is running elsewhere already: one data directory is a copy of the other's", h.Host)}
			}
			t.peers.cut(other)
		}
	}
}

// listen reports whether a life says something from now on, within the time in which it must.
func (t *transport) listen(l *life) bool {
	select {
	case <-l.heard: // that was before
	default:
	}
	select {
	case <-time.After(t.silence):
	case <-l.gone:
	case <-t.ctx.Done():
	}
	select {
	case <-l.heard:
		return true
	default:
		return false
	}
}

// join adds a connection to the life it belongs to, or returns the life that is in the way.
func (p *peers) join(h hello, conn net.Conn) (mine, other *life) {
	p.mu.Lock()
	defer p.mu.Unlock()
	known := p.get(h.Host)
	if known.life == nil {
		known.life = &life{
			host: h.Host, name: h.Life, conns: map[net.Conn]struct{}{},
			heard: make(chan struct{}, 1), gone: make(chan struct{}),
		}
	}
	if known.life.name != h.Life {
		return nil, known.life
	}
	known.life.conns[conn] = struct{}{}
	return known.life, nil
}

// leave takes a connection out of its life.
func (p *peers) leave(l *life, conn net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(l.conns, conn)
	if len(l.conns) == 0 {
		p.bury(l)
	}
}

// cut ends a life and its connections.
func (p *peers) cut(l *life) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for conn := range l.conns {
		_ = conn.Close() // its goroutine leaves
	}
	p.bury(l)
}

// bury notes the end of a life; the mutex is held.
func (p *peers) bury(l *life) {
	if known := p.get(l.host); known.life == l {
		known.life = nil
		close(l.gone)
	}
}
