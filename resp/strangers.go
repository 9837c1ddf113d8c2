package resp

import "time"

// strangersShare is the part of max_clients that may be taken by clients that have not shown the
// password: one in so many, but one at least.
const strangersShare = 4

// makeRoom hangs up on a stranger if there is no room for a newcomer. The one goes that has had most time
// to show its password: so nobody who only connects keeps others out, who need but a moment. The lock
// is held.
func (s *Server) makeRoom(newcomer *conn) {
	most := int(s.live.maxClients.Load())
	full := len(s.conns) >= most
	crowded := !newcomer.guard.trusted && s.strangers.Len() >= max(1, most/strangersShare)
	if oldest := s.strangers.Front(); oldest != nil && (full || crowded) {
		c := oldest.Value.(*conn)
		s.counts.rejected.Add(1)
		_ = c.guard.Close() // who uses it gets the error
		s.leave(c)
	}
}

// estrange notes that a client has yet to show the password. The lock is held.
func (s *Server) estrange(c *conn) {
	if c.stranger == nil {
		c.stranger = s.strangers.PushBack(c)
	}
}

// befriend notes that a client is no stranger any more, or is gone. The lock is held.
func (s *Server) befriend(c *conn) {
	if c.stranger != nil {
		s.strangers.Remove(c.stranger)
		c.stranger = nil
	}
}

// trust sets whether the client may do more than introduce itself. If it may not, it has some time to
// show its password.
func (c *conn) trust(trusted bool) {
	c.guard.trust(trusted, c.server.AuthTime)
	c.server.mu.Lock()
	defer c.server.mu.Unlock()
	if _, here := c.server.conns[c]; !trusted && here {
		c.server.estrange(c)
	} else {
		c.server.befriend(c)
	}
}

// trust sets which limits hold, and until when those of a stranger do: then it is hung up on.
func (g *guard) trust(trusted bool, patience time.Duration) {
	g.trusted = trusted
	g.introduced = time.Now().Add(patience)
}

// within is a deadline for the client, or that for its password if it is due before. No deadline is
// the zero time.
func (g *guard) within(deadline time.Time) time.Time {
	if !g.trusted && !g.introduced.IsZero() && (deadline.IsZero() || g.introduced.Before(deadline)) {
		return g.introduced
	}
	return deadline
}
