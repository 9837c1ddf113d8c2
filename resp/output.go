package resp

import (
	"sync"
	"sync/atomic"
	"time"
)

// An output is what a client has yet to take. However large a reply is, no more than a piece of it is
// encoded at a time: the next one is when the client has taken the one before, and the next command
// is read when all are sent.
type output struct {
	room    atomic.Int64 // bytes of the server's budget that are taken for the reply that is being sent
	unsent  atomic.Int64 // bytes of out
	sending atomic.Int64 // since when a piece is being sent, in Unix nanoseconds; 0 if none is

	mu  sync.Mutex
	out []byte // replies that were not sent yet
	err error  // why nothing can be sent any more
}

const (
	flushAt    = 64 << 10 // bytes of a piece; and of the replies that wait at most for the rest of a pipeline's
	keptOutput = 16 << 10 // bytes of memory that a connection keeps for its next replies
	maxReplies = 16 << 20 // bytes that a transaction answers at most
)

// reply adds a reply to what will be sent, in a version of the protocol.
func (c *conn) reply(r Reply, protocol int) {
	if c.room.Load() == 0 {
		c.owe(sizeOf(r))
	}
	c.mu.Lock()
	c.put(r, protocol)
	c.unsent.Store(int64(len(c.out)))
	c.mu.Unlock()
	if n := c.room.Swap(0); n > 0 {
		c.server.replies.give(int(n))
	}
}

// put adds a reply, and sends whole pieces of it. The lock is held.
func (c *conn) put(r Reply, protocol int) {
	if c.err != nil {
		return
	}
	text, bulk := r.(string)
	kind, n, parts, composed := takeApart(r, protocol)
	switch {
	case composed:
		c.out = appendHead(c.out, kind, n)
		for _, part := range parts {
			c.put(part, protocol)
		}
	case bulk && len(text) > flushAt:
		c.putLong(text)
	default:
		c.out = appendReply(c.out, r, protocol)
	}
	if len(c.out) >= flushAt {
		c.send()
	}
}

// putLong adds a bulk string that takes more than a piece. The lock is held.
func (c *conn) putLong(text string) {
	c.out = appendHead(c.out, '$', len(text))
	for len(text) > 0 && c.err == nil {
		n := min(len(text), flushAt)
		c.out = append(c.out, text[:n]...)
		text = text[n:]
		c.send()
	}
	c.out = append(c.out, "\r\n"...)
}

// flush sends what has been replied.
func (c *conn) flush() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.send()
	if cap(c.out) > keptOutput {
		c.out = nil
	}
	return c.err
}

// send writes out what there is, in pieces that each have their time. The lock is held.
func (c *conn) send() {
	for rest := c.out; len(rest) > 0 && c.err == nil; {
		n := min(len(rest), flushAt)
		now := time.Now()
		if c.err = c.guard.SetWriteDeadline(c.guard.within(now.Add(c.server.WriteTime))); c.err == nil {
			c.sending.Store(now.UnixNano())
			_, c.err = c.guard.Write(rest[:n])
			c.sending.Store(0)
		}
		rest = rest[n:]
		c.unsent.Store(int64(len(rest)))
	}
	c.out = c.out[:0]
}

// broken reports whether nothing can be sent any more.
func (c *conn) broken() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err != nil
}

// afford takes room for a reply that is about to be sent, or returns what is to be answered instead.
// What has changed nothing may be asked for again; so who does that waits for room, and not for ever.
func (c *conn) afford(r Reply) Reply {
	size := sizeOf(r)
	if size <= flushAt {
		return r
	}
	const tries = 3
	for range tries {
		if taken, enough := c.server.replies.more(0, size, c.server.Hold/2); enough {
			c.room.Store(int64(taken))
			return r
		}
		c.server.cutOff()
	}
	c.server.counts.fail(errManyReplies)
	return errManyReplies
}

// owe takes room for a reply that must be given, whether there is some or not: others wait for it.
func (c *conn) owe(size int) {
	if size > flushAt {
		c.room.Store(int64(c.server.replies.owe(size)))
	}
}

// cutOff hangs up on clients that keep others waiting for room: those whose replies take some, and that
// have not taken a piece for as long as a large reply waits.
func (s *Server) cutOff() {
	if !s.cut.due(s.Hold / 4) {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.conns {
		since := c.sending.Load()
		if c.room.Load() > 0 && since > 0 && time.Since(time.Unix(0, since)) >= s.Hold && c.overrun.CompareAndSwap(false, true) {
			s.counts.overruns.Add(1)
			_ = c.guard.Close() // who uses it gets the error
			s.Log.Warn("a client is cut off: it does not take its replies, for which others wait", "client", c.guard.RemoteAddr())
		}
	}
}

// A seldom is something that is done once in a while, however many want it.
type seldom struct{ last atomic.Int64 }

// due reports whether it is time again.
func (s *seldom) due(every time.Duration) bool {
	now, last := time.Now().UnixNano(), s.last.Load()
	return (last == 0 || now-last >= int64(every)) && s.last.CompareAndSwap(last, now)
}
