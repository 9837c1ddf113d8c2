package resp

import (
	"sync/atomic"
	"syscall"
	"time"
)

// A rest is how a connection waits of which nothing is to be done: it has no goroutine and no buffers, and a loop waits for it
// and many others at once. What the client sends then, the loop answers itself if all of it is the lane's; for
// anything else, and when somebody stirs the connection, it gets a goroutine that serves it until it can rest again.
// So a read costs two system calls, as few as any server needs, and who says nothing costs next to nothing.
type rest struct {
	loop    *loop           // nil where there is none: the connection never rests
	raw     syscall.RawConn // to the client
	fd      int32           // of it, while it rests
	resting atomic.Bool     // whoever takes this away serves the connection
	stirred atomic.Bool     // the connection is to look after itself
	calm    int             // how many times in a row all that came was the lane's
	awake   atomic.Bool     // it has dozed off since something came last, and could not rest
	serving func()          // serves it until it rests again
}

// calm is how many times in a row all that comes must be the lane's before a connection rests: going to rest, and
// waking up, cost more than one command.
const calm = 4

// dozeAfter is how long a client says nothing before its connection rests, whatever it has said before.
const dozeAfter = 10 * time.Second

// dozes returns after how long of silence the connection tries to rest; zero if it cannot, as far as is known.
func (c *conn) dozes() time.Duration {
	if c.loop == nil || c.awake.Load() {
		return 0
	}
	return c.server.doze
}

// mayRest has the connection rest from time to time, in a loop.
func (c *conn) mayRest(l *loop) {
	if sys, real := c.guard.Conn.(metered).Conn.(syscall.Conn); real {
		if raw, err := sys.SyscallConn(); err == nil {
			c.loop, c.raw = l, raw
		}
	}
}

// rests lets the connection rest, if it can. Then it is not the caller's any more.
func (c *conn) rests() bool {
	if c.loop == nil || c.calm < calm || c.stirred.Swap(false) || !c.guard.clear() || !c.lastsForEver() {
		return false
	}
	c.guard.compact()
	c.guard.buf, c.guard.parsed, c.guard.handedOn = nil, 0, 0
	if c.calm = 0; c.guard.rested.IsZero() { // it has not dozed off
		c.guard.rested = time.Now()
	}
	c.awake.Store(false)
	c.resting.Store(true)
	if !c.loop.add(c) || c.stirred.Load() {
		return !c.rouse()
	}
	return true
}

// lastsForEver reports whether nothing ends the connection by itself, and lets it read and write without an end, and without
// memory for its output.
func (c *conn) lastsForEver() bool {
	c.turn.Lock()
	defer c.turn.Unlock()
	if !c.session.plain() || c.guard.idleTime() > 0 || c.guard.setDeadline(time.Time{}) != nil {
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.out = nil // it is all sent
	return c.guard.SetWriteDeadline(time.Time{}) == nil
}

// rouse ends the connection's rest, and reports whether it did: then the caller serves it.
func (c *conn) rouse() bool {
	if !c.resting.CompareAndSwap(true, false) {
		return false
	}
	c.loop.remove(c)
	return true
}

// stir has a connection that rests look after itself.
func (c *conn) stir() {
	c.stirred.Store(true)
	if c.rouse() {
		go c.serving()
	}
}

// lend gives the connection what has come, and a buffer for what it answers, until [conn.giveBack].
func (c *conn) lend(came, out []byte) {
	c.guard.buf, c.out = came, out[:0]
}

// giveBack has the connection keep copies of what it has yet to answer, and to send.
func (c *conn) giveBack(unsent []byte) {
	c.out = append([]byte(nil), unsent...)
	if c.guard.compact() {
		c.guard.arrived = time.Now()
	}
	c.guard.buf = append([]byte(nil), c.guard.buf...)
}
