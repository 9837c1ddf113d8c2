package resp

import (
	"context"
	"errors"
	"net"
	"os"
	"sync"
	"time"

	"github.com/tidwall/redcon"
)

// A guard stands between a connection and redcon's parser, and lets only whole, bounded
// commands through. The parser trusts what it reads: on its own, 26 bytes from a stranger
// end the process, a slow sender overflows its stack, and a browser's POST is executed.
//
// One goroutine reads; end may be called by any.
type guard struct {
	net.Conn
	frames
	complete time.Duration        // how long a command may take to arrive
	idle     func() time.Duration // how long nothing may arrive; zero, or nil, for ever
	doze     time.Duration        // after how long in which nothing has come waiting ends with errDoze; zero for never
	budget   *budget              // of what all connections may take for large commands
	patience time.Duration        // how long to wait for some of it
	stir     func()               // has who rests look after itself; nil if nobody does
	held     int                  // of it for whole commands that are not answered

	inline     []byte    // a command that came as a plain line, for the parser
	arrived    time.Time // when something came last
	rested     time.Time // since when nothing has come, if that is not known otherwise
	begun      time.Time // when the first part of an incomplete command came; zero if there is none
	introduced time.Time // by when a stranger must have shown its password; zero if there is no such time
	handedOn   int       // bytes since the parser was new
	parsed     int       // of these, bytes of commands that it has returned

	mu      sync.Mutex
	ending  bool // no more is read
	waiting bool // nothing has come of the next command
	timed   bool // reading has a deadline
}

// errRenew asks for a new parser: redcon's keeps the memory of the largest pipeline it has
// seen. It has read all it was handed when it gets this error.
var errRenew = errors.New("resp: parser is due for renewal")

// errDoze says that nothing has come for a while. The wait may go on, elsewhere.
var errDoze = errors.New("resp: nothing has come for a while")

// renewAfter is how many bytes a parser reads in its life, or one read's worth more.
const renewAfter = 64 << 10

// ReadCommands waits for whole commands and returns those that came together.
func (g *guard) ReadCommands(parser *redcon.Reader) ([]redcon.Command, *redcon.Reader, error) {
	for {
		if parser == nil {
			parser = redcon.NewReader(g)
		}
		commands, err := parser.ReadCommands()
		if err != errRenew {
			return commands, parser, err
		}
		parser = nil
	}
}

// Read hands on whole commands. It returns a protocolError once all those before the fault
// have been handed on.
func (g *guard) Read(p []byte) (int, error) {
	for {
		if n := g.handOn(p); n > 0 {
			g.handedOn += n
			return n, nil
		}
		line, found := g.scan()
		switch {
		case found:
			if err := g.take(line); err != nil {
				return 0, err
			}
		case g.whole():
		case g.due > 0:
			g.pay()
		case g.fault != nil:
			return 0, g.fault
		case g.handedOn > renewAfter:
			g.handedOn, g.parsed = 0, 0
			return 0, errRenew
		default:
			if err := g.fill(); err != nil {
				return 0, err
			}
		}
	}
}

// clear reports whether the parser has been handed all that came, and has returned all of it.
func (g *guard) clear() bool {
	return g.start == len(g.buf) && len(g.inline) == 0 && g.fault == nil && g.parsed == g.handedOn
}

// handOn copies what is ready for the parser.
func (g *guard) handOn(p []byte) int {
	if len(g.inline) > 0 {
		n := copy(p, g.inline)
		g.inline = g.inline[n:]
		return n
	}
	n := copy(p, g.buf[g.start:g.ready])
	g.start += n
	return n
}

// take makes a command that came as a plain line into one that the parser reads right: its
// own rules for quotes are not Redis's.
func (g *guard) take(line string) error {
	if line == dropped {
		g.inline = appendReply(nil, bulks([]string{dropped}), 2)
		return nil
	}
	words, err := SplitLine(line)
	if err != nil {
		g.fault = protocolError("unbalanced quotes in request")
		return g.fault
	}
	if len(words) > 0 {
		g.inline = appendReply(nil, bulks(words), 2)
	}
	return nil
}

// pay takes the room that is due for a large command, or has the command dropped. Nothing is read
// meanwhile, and the time that it takes is not the client's.
func (g *guard) pay() {
	began := time.Now()
	if taken, enough := g.budget.more(g.held, g.due, g.patience); enough {
		g.paid, g.held, g.due = g.paid+g.due, g.held+taken, 0
	} else {
		g.settle()
		g.refuse()
	}
	if !g.begun.IsZero() {
		g.begun = g.begun.Add(time.Since(began))
	}
}

// settle gives back the room of commands that are answered, or dropped.
func (g *guard) settle() {
	if g.held > 0 {
		g.budget.give(g.held)
	}
	g.held, g.paid = 0, 0
}

// fill waits for more bytes. A command that has begun must be complete in time.
func (g *guard) fill() error {
	partial := g.compact() || g.refused
	if !partial {
		g.begun, g.moved = time.Time{}, false
		return g.await()
	}
	if g.begun.IsZero() || g.moved {
		g.begun = g.arrived
	}
	g.moved = false
	if err := g.setDeadline(g.within(g.begun.Add(g.complete))); err != nil {
		return err
	}
	return g.more()
}

// await waits for the next command. How long it may may change meanwhile.
func (g *guard) await() error {
	since := time.Now()
	if !g.rested.IsZero() {
		since, g.rested = g.rested, time.Time{}
	}
	dozes := time.Now().Add(g.doze) // not since then: what has come, if only the end, must be read before
	for {
		err := g.setIdle(since, dozes)
		if err == nil {
			err = g.more()
		}
		switch {
		case !errors.Is(err, os.ErrDeadlineExceeded), g.late(since):
			return err
		case g.doze > 0 && !time.Now().Before(dozes):
			g.rested = since
			return errDoze
		}
	}
}

// late reports whether a client that has sent nothing since then has had its time.
func (g *guard) late(since time.Time) bool {
	deadline := g.deadline(since)
	return !deadline.IsZero() && !time.Now().Before(deadline)
}

// deadline is when waiting for a command ends that began then; the zero time if it does not.
func (g *guard) deadline(since time.Time) (t time.Time) {
	if idle := g.idleTime(); idle > 0 {
		t = since.Add(idle)
	}
	return g.within(t)
}

func (g *guard) idleTime() time.Duration {
	if g.idle == nil {
		return 0
	}
	return g.idle()
}

// setIdle sets when waiting for a command ends that began then, or dozes off, unless reading has to end now.
func (g *guard) setIdle(since, dozes time.Time) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.ending {
		return net.ErrClosed
	}
	g.waiting = true
	t := g.deadline(since)
	if g.doze > 0 && (t.IsZero() || dozes.Before(t)) {
		t = dozes
	}
	return g.until(t)
}

// until sets when reading ends: never, for most, and then nothing need be said. The lock is held.
func (g *guard) until(t time.Time) error {
	if t.IsZero() && !g.timed {
		return nil
	}
	g.timed = !t.IsZero()
	return g.SetReadDeadline(t)
}

// reconsider makes a wait for a command look anew how long it may take.
func (g *guard) reconsider() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.waiting {
		_ = g.until(time.Now()) // it fails if the connection has ended
	}
	g.disturb()
}

// maxBehind is how many bytes a client may send behind a command that blocks.
const maxBehind = 64 << 10

// watch reads while a command blocks, so that it is noticed when the client hangs up: then, and
// when reading has to end or the client sends more than may wait, the context ends. Nobody else
// reads before stop has returned.
func (g *guard) watch(ctx context.Context) (blocking context.Context, stop func()) {
	blocking, cancel := context.WithCancel(ctx)
	ended := make(chan struct{})
	err := g.setDeadline(time.Time{})
	go func() {
		defer close(ended)
		defer cancel()
		for err == nil && !g.crowded() {
			err = g.more()
		}
	}()
	return blocking, func() {
		cancel()
		_ = g.setDeadline(time.Now()) // it fails if the connection has ended, or reading has
		<-ended
	}
}

// crowded reports whether the client has sent all that it may behind a command that blocks.
func (g *guard) crowded() bool { return len(g.buf)-g.start >= maxBehind }

// more reads what comes next.
func (g *guard) more() error {
	n, err := g.Conn.Read(g.room())
	if n > 0 {
		g.arrived = time.Now()
		g.buf = g.buf[:len(g.buf)+n]
		return nil
	}
	return err
}

// setDeadline sets when reading ends, unless it has to end now.
func (g *guard) setDeadline(t time.Time) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.ending {
		return net.ErrClosed
	}
	g.waiting = false
	return g.until(t)
}

// end makes reading end; whole commands that have come are still handed on.
func (g *guard) end() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.ending = true
	_ = g.until(time.Now()) // it fails if the connection has ended
	g.disturb()
}

// Close closes the connection, in whatever state it is.
func (g *guard) Close() error {
	err := g.Conn.Close()
	g.disturb()
	return err
}

// disturb has the connection look after itself, if it rests.
func (g *guard) disturb() {
	if g.stir != nil {
		g.stir()
	}
}

// lighten lets go of the memory of large commands that have been copied, before they are
// answered, and returns the parser to go on with. One that may have bytes left is kept.
func (g *guard) lighten(commands []redcon.Command, parser *redcon.Reader) *redcon.Reader {
	for _, c := range commands {
		g.parsed += len(c.Raw)
	}
	if g.handedOn <= renewAfter {
		return parser
	}
	if !g.whole() {
		g.compact()
	}
	if g.parsed != g.handedOn {
		return parser
	}
	g.handedOn, g.parsed = 0, 0
	return nil
}
