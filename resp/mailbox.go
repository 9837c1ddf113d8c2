package resp

import (
	"sync"
	"sync/atomic"
	"time"
)

// A mailbox holds the messages for a client that answer none of its commands, until they are sent.
// Whoever puts one in does not wait for the client.
type mailbox struct {
	mu       sync.Mutex
	messages []Reply
	alone    [1]Reply  // the memory of one that waits by itself, as most do
	size     int       // of the messages, in bytes
	heavy    time.Time // since when there has been more than softMail; zero if there is not
	full     bool      // there was too much: the connection ends

	ended bool // nobody sends them any more

	called  atomic.Bool   // a courier is on its way
	attempt *attempt      // of couriers; nil if they cannot, or nobody listens
	ready   chan struct{} // signals that there are messages; closed when the connection ends
	sent    sync.WaitGroup
}

// How many bytes of messages may wait for a client, at once and for longer. They are Redis's limits
// for subscribers.
const (
	hardMail = 32 << 20
	softMail = 8 << 20
	softTime = 60 * time.Second
)

// put adds a message, and reports whether there is room for it.
func (m *mailbox) put(message Reply) (room bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.full {
		return false
	}
	if m.ended {
		return true
	}
	m.size += sizeOf(message)
	switch {
	case m.size <= softMail:
		m.heavy = time.Time{}
	case m.heavy.IsZero():
		m.heavy = time.Now()
	case time.Since(m.heavy) > softTime:
		m.full = true
	}
	if m.full = m.full || m.size > hardMail; m.full {
		m.messages, m.size = nil, 0
		return false
	}
	if m.messages == nil {
		m.messages = m.alone[:0]
	}
	m.messages = append(m.messages, message)
	return true
}

// wake signals that there are messages, if somebody waits for that.
func (m *mailbox) wake() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.ended {
		return
	}
	select {
	case m.ready <- struct{}{}:
	default:
	}
}

// next takes out the message that came first, if there is one and it is no larger than that.
func (m *mailbox) next(most int) (message Reply, some bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.messages) == 0 {
		return nil, false
	}
	message = m.messages[0]
	size := sizeOf(message)
	if size > most {
		return nil, false
	}
	m.messages[0] = nil
	if m.messages = m.messages[1:]; len(m.messages) == 0 {
		m.messages, m.alone[0] = nil, nil // and the memory of many
	}
	if m.size -= size; m.size <= softMail {
		m.heavy = time.Time{}
	}
	return message, true
}

// empty reports whether no message waits.
func (m *mailbox) empty() bool {
	_, messages := m.waiting()
	return messages == 0
}

// close has the mailbox take no more messages, and drops those that wait.
func (m *mailbox) close() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.messages, m.size = nil, 0
	if m.ready != nil && !m.ended {
		close(m.ready)
	}
	m.ended = true
}

// waiting is how many bytes of messages wait, and how many messages.
func (m *mailbox) waiting() (bytes, messages int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.size, len(m.messages)
}

// sizeOf is about how many bytes a message or another reply takes.
func sizeOf(r Reply) int {
	const head = 16
	switch r := r.(type) {
	case string:
		return head + len(r)
	case sight:
		return head + len(r)
	case invalidation:
		return head + sizeOf(r.keys)
	case notification:
		return sizeOf(Push(r))
	case Text:
		return head + len(r)
	}
	n := head
	_, _, parts, _ := takeApart(r, 2)
	for _, part := range parts {
		n += sizeOf(part)
	}
	return n
}

// listen has the client sent what comes into its mailbox, from now on.
func (c *conn) listen() {
	c.mail.mu.Lock()
	defer c.mail.mu.Unlock()
	if c.mail.ready != nil || c.mail.ended {
		return
	}
	c.mail.ready, c.mail.attempt = make(chan struct{}, 1), c.attempt()
	if len(c.mail.messages) > 0 {
		c.mail.ready <- struct{}{}
	}
	c.mail.sent.Go(func() {
		for range c.mail.ready {
			c.turn.Lock()
			c.forward()
			err := c.flush()
			c.session.active.Store(c.server.Now().UnixNano())
			c.turn.Unlock()
			if err != nil {
				_ = c.guard.Close() // who reads there gets the error
				return
			}
		}
	})
}

// stopListening ends what listen has begun. The connection is closed.
func (c *conn) stopListening() {
	c.mail.close()
	c.mail.sent.Wait()
}

// gone reports whether the connection has ended.
func (c *conn) gone() bool {
	c.mail.mu.Lock()
	defer c.mail.mu.Unlock()
	return c.mail.ended
}

// post sends the client a message that answers no command. It does not wait: a client that does not
// take its messages loses its connection.
func (c *conn) post(message Reply) {
	if !c.mail.put(message) {
		c.cut()
	} else if c.mail.called.CompareAndSwap(false, true) {
		c.server.couriers.call(c)
	}
}

// cut hangs up on a client that is sent more than it takes. Whoever does so may hold up others: the log
// hears of it when the connection ends.
func (c *conn) cut() {
	if c.overrun.CompareAndSwap(false, true) {
		c.server.counts.overruns.Add(1)
		_ = c.guard.Close() // who uses it gets the error
	}
}

// forward adds the messages that have come to what will be sent. Only whoever has the turn calls it,
// when all that was read for the client is answered: so a message about a change never overtakes a
// reply that does not know of the change.
func (c *conn) forward() {
	for m, some := c.mail.next(hardMail); some; m, some = c.mail.next(hardMail) {
		if as, understood := c.session.message(m); understood {
			c.reply(as, c.session.protocol)
		}
	}
}

// aside runs what may wait long without keeping the client's messages from it. All commands before
// it are answered.
func (c *conn) aside(wait func()) {
	c.forward()
	_ = c.flush() // the connection remembers an error
	c.turn.Unlock()
	defer c.turn.Lock()
	wait()
}
