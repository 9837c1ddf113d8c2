package resp

import (
	"context"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// pauseCommands hold the commands of clients for some time.
var pauseCommands = []Command{
	{
		Name: "client|pause", Synopsis: "timeout [WRITE | ALL]", Flags: Admin | Loose, Group: "connection", Since: "2.9.50", Do: clientPause,
		Summary: "Holds what clients call on this node for so many milliseconds: all of it but CLIENT UNPAUSE and SHUTDOWN, or only writes and messages. " +
			"Other nodes go on writing.",
	},
	{
		Name: "client|unpause", Flags: Admin, Group: "connection", Since: "6.2.0", Do: clientUnpause,
		Summary: "Ends what CLIENT PAUSE has begun.",
	},
}

const errPauseMode = Error("ERR CLIENT PAUSE mode must be WRITE or ALL")

// A pause holds commands back until it is over. The zero value holds none.
type pause struct {
	some atomic.Bool // it may hold something: the only question while there is none

	mu    sync.Mutex
	all   bool // not only writes
	until time.Time
	over  chan struct{} // closed when it is over
	timer *time.Timer
	ended bool // there is none any more, nor will be
}

// begin begins a pause, or goes on with the one that there is, which only becomes longer.
func (p *pause) begin(length time.Duration, all bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ended || length <= 0 && p.over == nil {
		return
	}
	if until := time.Now().Add(length); until.After(p.until) {
		p.until = until
	}
	p.all = all
	p.some.Store(true)
	if p.over == nil {
		p.over = make(chan struct{})
	} else {
		p.timer.Stop()
	}
	over := p.over
	p.timer = time.AfterFunc(time.Until(p.until), func() { p.lift(over) })
}

// lift ends a pause, if it is still that one; nil means any.
func (p *pause) lift(which chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.over == nil || which != nil && which != p.over {
		return
	}
	if which != nil && time.Now().Before(p.until) {
		return // it has become longer meanwhile
	}
	p.some.Store(false)
	p.timer.Stop()
	close(p.over)
	p.over, p.until = nil, time.Time{}
}

// end ends it for good, because the server ends.
func (p *pause) end() {
	p.mu.Lock()
	p.ended = true
	p.mu.Unlock()
	p.lift(nil)
}

func (p *pause) isEnded() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.ended
}

// holds returns what is closed when a call need not wait any more, or nil.
func (p *pause) holds(c *Call) (over <-chan struct{}) {
	if !p.some.Load() {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.over == nil || !p.all && !c.changes() || c.session.monitors || unpaused[c.Name] {
		return nil
	}
	return p.over
}

// unpaused are the commands that nothing holds: they end a pause.
var unpaused = map[string]bool{"client|unpause": true, "shutdown": true}

// changes reports whether a call may change something that others see; EXEC does what is queued.
func (c *Call) changes() bool {
	if c.Name == "exec" {
		for _, queued := range c.session.queue {
			if queued.changes() {
				return true
			}
		}
	}
	return c.Flags&Writes != 0 || c.publishes()
}

// postpone waits until a call may be carried out. If the client or the server ends before, it never is.
func (s *session) postpone(ctx context.Context, call *Call) {
	if s.quit {
		return
	}
	s.server.counts.blocked.Add(1)
	s.tell(func() { s.held = true })
	s.conn.aside(func() { s.quit = !s.outlast(ctx, call) })
	s.tell(func() { s.held = false })
	s.server.counts.blocked.Add(-1)
}

// outlast waits until nothing holds a call, and reports whether the client and the server are still
// there. A client that sends more behind the call than is read meanwhile is not watched any more.
func (s *session) outlast(ctx context.Context, call *Call) bool {
	pause := &s.server.pause
	watching, stop := s.conn.guard.watch(ctx)
	defer stop()
	left := watching.Done()
	for over := pause.holds(call); over != nil; over = pause.holds(call) {
		select {
		case <-over:
		case <-left:
			if stop(); !s.conn.guard.crowded() {
				return false
			}
			left = nil
		}
	}
	return !pause.isEnded()
}

func clientPause(_ context.Context, c *Call) Reply {
	all := true
	switch len(c.Args) {
	case 1:
	case 2:
		switch strings.ToUpper(c.Args[1]) {
		case "WRITE":
			all = false
		case "ALL":
		default:
			return errPauseMode
		}
	default:
		return errSubcommandSyntax(c)
	}
	length, err := parseTimeout(c.Args[0])
	if err != nil {
		return err
	}
	s := c.session
	s.server.Log.Warn("a client pauses this node", "for", length, "all", all, "user", defaultUser, "client", s.conn.guard.RemoteAddr(), "name", s.name)
	s.server.pause.begin(length, all)
	return ok
}

func clientUnpause(_ context.Context, c *Call) Reply {
	c.session.server.pause.lift(nil)
	return ok
}
