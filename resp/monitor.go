package resp

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
)

var monitorCommands = []Command{
	{
		Name: "monitor", Flags: Admin, Group: "server", Since: "1.0.0", Do: monitor,
		Summary: "Has the client sent what all clients of this node call, as it comes, until RESET. Values and passwords are left out, and commands for operators.",
	},
}

// The errors of monitors.
const (
	errMonitorInExec = Error("ERR MONITOR isn't allowed for DENY BLOCKING client")
	errMonitorReads  = Error("ERR Replica can't interact with the keyspace")
)

// monitors are the clients that watch what others call. The zero value has none.
type monitors struct {
	some atomic.Int64 // how many there are: the only question while there are none

	mu  sync.Mutex
	all map[*conn]struct{}
}

func (m *monitors) add(c *conn) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.all == nil {
		m.all = map[*conn]struct{}{}
	}
	m.all[c] = struct{}{}
	m.some.Add(1)
}

func (m *monitors) remove(c *conn) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.all, c)
	m.some.Add(-1)
}

// tell posts a line to all of them. It waits for nobody.
func (m *monitors) tell(line string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for c := range m.all {
		c.post(sight(line))
	}
}

// A sight is a line that a monitor is sent.
type sight string

// monitor answers nothing to a client that is one already, as Redis does.
func monitor(_ context.Context, c *Call) Reply {
	s := c.session
	switch {
	case s.executing:
		return errMonitorInExec
	case s.monitors:
		return silence{}
	}
	s.tell(func() { s.monitors = true })
	s.conn.listen()
	s.server.monitors.add(s.conn)
	return ok
}

// stopMonitoring ends what MONITOR has begun.
func (s *session) stopMonitoring() {
	if s.monitors {
		s.tell(func() { s.monitors = false })
		s.server.monitors.remove(s.conn)
	}
}

// show shows a call to those who watch, before it is carried out. Commands for operators are not shown.
func (s *session) show(c *Call) {
	if s.server.monitors.some.Load() == 0 || c.Flags&Admin != 0 {
		return
	}
	now := s.server.Now()
	var line strings.Builder
	fmt.Fprintf(&line, "%d.%06d [0 %s]", now.Unix(), now.Nanosecond()/1000, s.conn.guard.RemoteAddr())
	for _, w := range c.cleared() {
		line.WriteString(" " + quoted(w))
	}
	s.server.monitors.tell(line.String())
}

// showAll shows calls.
func (s *session) showAll(calls []*Call) {
	if s.server.monitors.some.Load() > 0 {
		for _, c := range calls {
			s.show(c)
		}
	}
}
