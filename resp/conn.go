package resp

import (
	"container/list"
	"context"
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tidwall/redcon"
)

// A conn is one client's connection. One goroutine reads and answers; what is written goes
// through a lock, so that messages of others can come between two replies.
type conn struct {
	server  *Server
	guard   *guard
	session *session
	lane    lane
	turn    sync.Mutex // held while what came is answered, or messages are sent
	mail    mailbox
	overrun atomic.Bool // it was closed because it does not take its messages
	killed  atomic.Bool // by CLIENT KILL: it is about to end

	stranger *list.Element // of the server's, whose lock is held; nil if the client has shown its password

	rest
	output
}

func newConn(s *Server, nc net.Conn, id int64) *conn {
	c := &conn{server: s, guard: &guard{Conn: metered{nc, &s.counts}, complete: s.CompleteTime, budget: s.commands, patience: s.Hold}}
	c.guard.idle, c.guard.stir = c.idleTime, c.stir
	c.calm = calm // it rests at once
	c.session = &session{server: s, conn: c, id: id, since: s.Now(), protocol: 2}
	c.session.active.Store(c.session.since.UnixNano())
	c.session.authenticated = s.open()
	c.guard.trust(s.open(), s.AuthTime)
	return c
}

// idleTime is how long the client may send nothing, now. One that only listens may for ever.
func (c *conn) idleTime() time.Duration {
	if c.session.listens() || c.session.monitors {
		return 0
	}
	return c.server.idleTime()
}

// serve reads what came in one go, answers it, and goes on until the connection rests, or the client or the server ends
// it: then it returns true.
func (c *conn) serve(ctx context.Context) (ended bool) {
	if c.answering(func() {}) != nil {
		return true
	}
	var parser *redcon.Reader
	for !c.session.quit {
		if c.guard.clear() {
			switch served, err := c.serveShort(); {
			case err != nil:
				return true
			case served && c.rests():
				return false
			case served:
				continue
			}
		}
		commands, next, err := c.guard.ReadCommands(parser)
		if err != nil {
			c.refuse(err)
			return true
		}
		all := words(commands)
		commands, parser = nil, c.guard.lighten(commands, next)
		if c.take(ctx, all) != nil {
			return true
		}
	}
	return true
}

// serveShort waits until something comes, answers what of it is the lane's, and reports whether that was all.
func (c *conn) serveShort() (all bool, err error) {
	c.guard.doze = c.dozes()
	err = c.guard.fill()
	c.guard.doze = 0 // nothing has begun only here
	switch {
	case errors.Is(err, errDoze):
		c.calm = calm
		c.awake.Store(true)
		return true, nil
	case err != nil:
		c.refuse(err)
		return false, err
	}
	c.awake.Store(false)
	if err = c.answering(c.takeShort); err != nil || c.session.quit {
		return c.session.quit, err
	}
	all = c.guard.clear()
	if c.calm++; !all {
		c.calm = 0
	}
	return all, nil
}

// end ends what the connection has begun.
func (c *conn) end() {
	c.guard.settle()
	c.turn.Lock()
	c.mail.close() // first, so that whoever redirects messages to it learns that it has gone before they are lost
	c.session.forget()
	c.turn.Unlock()
	_ = c.guard.Close() // it may be closed already
	c.stopListening()
	if c.overrun.Load() {
		c.server.Log.Warn("a client was cut off: it did not take what it was sent", "client", c.guard.RemoteAddr())
	}
}

// take answers commands.
func (c *conn) take(ctx context.Context, commands [][]string) error {
	return c.answering(func() {
		c.session.active.Store(c.server.Now().UnixNano())
		c.session.answer(ctx, commands)
		if !c.guard.whole() {
			c.guard.settle()
		}
	})
}

// answering takes the connection's turn to do something, and sends the replies and what has come for the client meanwhile.
func (c *conn) answering(do func()) error {
	c.turn.Lock()
	defer c.turn.Unlock()
	do()
	c.forward()
	return c.flush()
}

// words copies commands out of the parser's memory.
func words(commands []redcon.Command) [][]string {
	all := make([][]string, len(commands))
	for i, c := range commands {
		all[i] = make([]string, len(c.Args))
		for j, w := range c.Args {
			all[i][j] = string(w)
		}
	}
	return all
}

// refuse says what was wrong with the bytes that came, if that was it.
func (c *conn) refuse(err error) {
	var fault protocolError
	if !errors.As(err, &fault) {
		return // the connection has ended, or ran out of time
	}
	if fault == errHTTP {
		if c.server.browsers.due(time.Minute) {
			c.server.Log.Warn("a client speaks HTTP to the port for clients and is hung up on; perhaps a page makes somebody's browser "+
				"send commands here (this is said once a minute at most)", "client", c.guard.RemoteAddr())
		}
		return
	}
	if c.server.faults.due(time.Minute) {
		c.server.Log.Info("a client broke the protocol (this is said once a minute at most)", "client", c.guard.RemoteAddr(), "error", fault)
	}
	c.session.reply(fault)
	_ = c.flush() // it ends either way
}
