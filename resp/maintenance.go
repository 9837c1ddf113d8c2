package resp

import (
	"context"
	"strings"
	"sync"
	"time"
)

// maintenanceCommands are those of clients that want to know what becomes of the node that they talk to.
var maintenanceCommands = []Command{{
	Name:     "client|maint_notifications",
	Synopsis: "<ON | OFF> [MOVING-ENDPOINT-TYPE <INTERNAL-IP | INTERNAL-FQDN | EXTERNAL-IP | EXTERNAL-FQDN | NONE>]",
	Flags:    Loose, Group: "connection", Since: "8.0.0", Do: clientMaintNotifications, // of Redis Software
	Summary: "Has the client told (RESP3 only) when no leader is known any more, FAILING_OVER seq seconds, when there is one again, FAILED_OVER seq, " +
		"and before this node is stopped, MOVING seq seconds host:port, where another node is, which NONE leaves out. Clients do so by themselves.",
}}

// clientMaintNotifications begins or ends that a client is told. Nothing changes unless all is right.
func clientMaintNotifications(_ context.Context, c *Call) Reply {
	nowhere, err := c.endpointType()
	if err != nil {
		return err
	}
	s := c.session
	switch strings.ToUpper(c.Args[0]) {
	case "ON":
		if s.protocol != 3 {
			return errMaintenanceProtocol
		}
		s.conn.listen()
		s.server.maintenance.tell(s.conn, !nowhere)
	case "OFF":
		s.server.maintenance.forget(s.conn)
	default:
		return errSyntax
	}
	return ok
}

// endpointType reads the words behind ON or OFF, and reports whether a client that is to move finds its way
// by itself. A node has one address, whichever kind is asked for.
func (c *Call) endpointType() (nowhere bool, err error) {
	switch {
	case len(c.Args) == 1:
		return false, nil
	case len(c.Args) != 3 || !strings.EqualFold(c.Args[1], "moving-endpoint-type"):
		return false, errSyntax
	}
	switch strings.ToLower(c.Args[2]) {
	case "none":
		return true, nil
	case "internal-ip", "internal-fqdn", "external-ip", "external-fqdn":
		return false, nil
	}
	return false, errEndpointType
}

// What is wrong with asking to be told.
const (
	errMaintenanceProtocol = Error("ERR CLIENT MAINT_NOTIFICATIONS needs RESP3: begin with HELLO 3")
	errEndpointType        = Error("ERR moving-endpoint-type is one of internal-ip, internal-fqdn, external-ip, external-fqdn and none")
)

// A maintenance is what becomes of this node, and of its leader, for the clients that want to know. Its zero
// value knows of none.
type maintenance struct {
	mu     sync.Mutex
	told   map[*conn]bool // who wants to know; whether also where to go
	seq    int64          // of what was told last
	lost   notification   // that no leader is known; nil if one is
	moving *moving        // nil unless this node is to be stopped
}

// A notification is what a client is told, as a push.
type notification []Reply

// A moving is the stop of this node, for clients that are to go to another one.
type moving struct {
	seq, seconds int64
	to           string        // client address of the other node
	gone         chan struct{} // closed when nobody is left who was told
}

// failOverTime is how long clients are told that it may take until there is a leader again: no profile takes longer.
const failOverTime = time.Minute

// notify makes what a client is told, with where to go if it wants to know.
func (m *moving) notify(where bool) notification {
	if !where {
		return notification{"MOVING", m.seq, m.seconds, nil}
	}
	return notification{"MOVING", m.seq, m.seconds, m.to}
}

// next returns the number of what is told next: they grow, over starts of the node too. The mutex is held.
func (m *maintenance) next(now time.Time) int64 {
	m.seq = max(m.seq+1, now.UnixMilli())
	return m.seq
}

// tell has a client told from now on, beginning with what is the matter now.
func (m *maintenance) tell(c *conn, where bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.told == nil {
		m.told = map[*conn]bool{}
	}
	m.told[c] = where
	if m.lost != nil {
		c.post(m.lost)
	}
	if m.moving != nil {
		c.post(m.moving.notify(where))
	}
}

// forget ends that a client is told.
func (m *maintenance) forget(c *conn) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, was := m.told[c]; !was {
		return
	}
	if delete(m.told, c); len(m.told) == 0 && m.moving != nil {
		close(m.moving.gone)
		m.moving = nil
	}
}

// leads notes whether a leader is known, and tells of the change.
func (m *maintenance) leads(known bool, now time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if known == (m.lost == nil) {
		return
	}
	n := notification{"FAILED_OVER", m.next(now)}
	if m.lost = nil; !known {
		n = notification{"FAILING_OVER", m.seq, int64(failOverTime / time.Second)}
		m.lost = n
	}
	for c := range m.told {
		c.post(n)
	}
}

// move tells the clients to move, and returns what is closed when they have gone; nil if there are none.
func (m *maintenance) move(to string, within time.Duration, now time.Time) (gone <-chan struct{}) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.told) == 0 {
		return nil
	}
	seconds := int64((within + time.Second - 1) / time.Second)
	m.moving = &moving{seq: m.next(now), seconds: seconds, to: to, gone: make(chan struct{})}
	for c, where := range m.told {
		c.post(m.moving.notify(where))
	}
	return m.moving.gone
}

// followLeader tells clients when there is no leader, and when there is one again, until ctx ends.
func (s *Server) followLeader(ctx context.Context) {
	for s.Leader != nil {
		known, changed := s.Leader()
		s.maintenance.leads(known, s.Now())
		select {
		case <-changed:
		case <-ctx.Done():
			return
		}
	}
}

// move has clients that want to know move to another node, and waits until they have gone, at the longest
// for MoveTime or until ctx ends. It does not if there is none of them, or no node to go to.
func (s *Server) move(ctx context.Context) {
	if s.Elsewhere == nil {
		return
	}
	to := s.Elsewhere()
	if to == "" {
		return
	}
	gone := s.maintenance.move(to, s.MoveTime, s.Now())
	if gone == nil {
		return
	}
	select {
	case <-gone:
	case <-time.After(s.MoveTime):
	case <-ctx.Done():
	}
}
