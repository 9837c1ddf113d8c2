package resp

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// What others may ask of a connection stands in its presence, which only its session changes. The rest
// of that stands in the session itself: tell changes it, and no other way does.
type presence struct {
	telling sync.Mutex              // held by the session while it changes what is told, and by others while they read that
	last    atomic.Pointer[Command] // that the client has called; nil if it called none
	active  atomic.Int64            // when something came or was sent last, in nanoseconds

	waiting  func(error) // ends what the client waits for; nil if it does not wait
	held     bool        // by CLIENT PAUSE
	monitors bool
	noEvict  bool
	noTouch  bool
}

// tell changes what others may read.
func (s *session) tell(change func()) {
	s.telling.Lock()
	defer s.telling.Unlock()
	change()
}

// called is the name of the command that the client has called last.
func (p *presence) called() string {
	if cmd := p.last.Load(); cmd != nil {
		return cmd.Name
	}
	return "NULL"
}

// describe is the client's line in CLIENT LIST: Redis's fields in their order, without those that tell of
// Redis's own memory.
func (s *session) describe() string {
	s.telling.Lock()
	defer s.telling.Unlock()
	now := s.server.Now()
	queued := -1
	if s.multi {
		queued = len(s.queue)
	}
	bytes, messages := s.conn.mail.waiting()
	var b strings.Builder
	for _, f := range []struct {
		name  string
		value any
	}{
		{"id", s.id},
		{"addr", s.conn.guard.RemoteAddr()},
		{"laddr", s.conn.guard.LocalAddr()},
		{"name", s.name},
		{"age", int(now.Sub(s.since).Seconds())},
		{"idle", max(0, now.UnixNano()-s.active.Load()) / 1e9},
		{"flags", s.traits()},
		{"db", 0},
		{"sub", s.n[channels].Load()},
		{"psub", s.n[patterns].Load()},
		{"ssub", s.n[shards].Load()},
		{"multi", queued},
		{"watch", len(s.watched)},
		{"obl", s.conn.unsent.Load()},
		{"oll", messages},
		{"omem", bytes},
		{"cmd", s.called()},
		{"user", defaultUser},
		{"redir", s.redirection()},
		{"resp", s.protocol},
		{"lib-name", s.library},
		{"lib-ver", s.version},
	} {
		fmt.Fprintf(&b, " %s=%v", f.name, f.value)
	}
	return b.String()[1:] + "\n"
}

// traits are the letters that CLIENT LIST has for what a client is doing, in Redis's order.
func (s *session) traits() string {
	var letters strings.Builder
	for _, trait := range []struct {
		has    bool
		letter byte
	}{
		{s.monitors, 'O'},
		{s.listens(), 'P'},
		{s.multi, 'x'},
		{s.waiting != nil || s.held, 'b'},
		{s.how != nil, 't'},
		{s.how != nil && s.how.broken.Load(), 'R'},
		{s.how != nil && s.how.broadcast, 'B'},
		{s.noEvict, 'e'},
		{s.noTouch, 'T'},
	} {
		if trait.has {
			letters.WriteByte(trait.letter)
		}
	}
	if letters.Len() == 0 {
		return "N"
	}
	return letters.String()
}

// kind is what CLIENT LIST and CLIENT KILL have for a client after TYPE.
func (s *session) kind() string {
	if s.listens() {
		return "pubsub"
	}
	return "normal"
}

// present returns the connections in the order of their coming.
func (s *Server) present() []*conn {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]*conn, 0, len(s.conns))
	for c := range s.conns {
		if !c.killed.Load() {
			all = append(all, c)
		}
	}
	slices.SortFunc(all, func(a, b *conn) int { return cmp.Compare(a.session.id, b.session.id) })
	return all
}

// forget ends all that others do for the client beside answering it. It is the connection's turn to do so: whoever
// forwards messages looks at the session.
func (s *session) forget() {
	s.endTransaction()
	s.endBackup()
	s.unsubscribeAll()
	s.stopTracking()
	s.stopMonitoring()
	s.server.maintenance.forget(s.conn)
}
