package replication

import (
	"errors"
	"net"
	"slices"
	"time"
)

func (t *transport) accept() {
	defer t.wg.Done()
	for {
		conn, err := t.ln.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil { // such as too many open files, which must not end the process
			t.log.Warn("the raft port cannot accept a connection; if too many files are open, raise LimitNOFILE of the service", "error", err)
			select {
			case <-t.ctx.Done():
				return
			case <-time.After(50 * time.Millisecond):
			}
			continue
		}
		t.admit(conn)
	}
}

// admit serves a connection in a goroutine of its own. Of those that have not introduced
// themselves the oldest gives way: whoever means it has said hello long before.
func (t *transport) admit(conn net.Conn) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed || len(t.conns) >= t.maxConns {
		_ = conn.Close()
		return
	}
	if len(t.fresh) >= t.maxFresh {
		_ = t.fresh[0].Close()
		t.fresh = t.fresh[1:]
	}
	t.fresh = append(t.fresh, conn)
	t.conns[conn] = struct{}{}
	t.wg.Add(1)
	go func() {
		defer t.wg.Done()
		defer t.release(conn)
		if err := t.serve(conn); errors.Is(err, errForeign) {
			t.log.Debug("not a node on the raft port", "from", conn.RemoteAddr())
		} else if err != nil && t.complaints.worth(caller(conn)+" "+err.Error(), time.Now()) {
			t.log.Warn("connection to the raft port refused", "from", conn.RemoteAddr(), "error", err)
		}
	}()
}

// caller is the machine at the other end of a connection, whatever its port.
func caller(conn net.Conn) string {
	host, _, _ := net.SplitHostPort(conn.RemoteAddr().String())
	return host
}

// introduced takes a connection off those that may have to give way.
func (t *transport) introduced(conn net.Conn) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.fresh = slices.DeleteFunc(t.fresh, func(c net.Conn) bool { return c == conn })
}

// hold registers an outgoing connection with those that Close closes. If given, run is called
// in a goroutine that Close waits for.
func (t *transport) hold(conn net.Conn, run func()) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return errors.Join(net.ErrClosed, conn.Close())
	}
	t.conns[conn] = struct{}{}
	if run != nil {
		t.wg.Go(run)
	}
	return nil
}

// release closes a connection and forgets it.
func (t *transport) release(conn net.Conn) {
	_ = conn.Close()
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.conns, conn)
	t.fresh = slices.DeleteFunc(t.fresh, func(c net.Conn) bool { return c == conn })
}
