package resp

import (
	"runtime"
	"sync"
	"syscall"
)

// Couriers take messages from the mailboxes of clients that take them at once to these clients: one courier serves a
// thousand in less time than it takes to wake a thousand goroutines. It waits for no client. One that is being answered,
// or that does not take all, is left to the goroutine of its own that listen has begun.
type couriers struct {
	mu      sync.Mutex
	waiting []*conn // whose mailboxes are to be looked into
	working int
	workers sync.WaitGroup
}

const (
	courierRound = 16      // clients that a courier serves before it asks for more
	courierLoad  = 4 << 10 // bytes that it takes to one at most, and one message more that is no larger
)

// call has a courier look into a client's mailbox. Couriers take half the processors, for commands
// are to be answered meanwhile, and there are none when there is nothing to do.
func (k *couriers) call(c *conn) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.waiting = append(k.waiting, c)
	if k.working < max(1, runtime.GOMAXPROCS(0)/2) {
		k.working++
		k.workers.Go(k.work)
	}
}

// work serves clients until none waits.
func (k *couriers) work() {
	var round [courierRound]*conn
	for n := k.take(round[:]); n > 0; n = k.take(round[:]) {
		for _, c := range round[:n] {
			if !c.deliver() {
				c.mail.wake()
			}
		}
	}
}

// take moves some of the clients that wait into a round, and counts them. It ends the courier's work if there are none.
func (k *couriers) take(round []*conn) (n int) {
	clear(round)
	k.mu.Lock()
	defer k.mu.Unlock()
	n = copy(round, k.waiting)
	clear(k.waiting[:n])
	k.waiting = k.waiting[n:]
	if n == 0 {
		k.waiting = nil
		k.working--
	}
	return n
}

// deliver sends the client its messages, if it takes them at once. It reports whether nothing is left to be done.
func (c *conn) deliver() (done bool) {
	c.mail.called.Store(false)
	if c.mail.attempt == nil || !c.turn.TryLock() {
		return false
	}
	defer c.turn.Unlock()
	if !c.mu.TryLock() { // the last reply is sent when it is nobody's turn
		return false
	}
	defer c.mu.Unlock()
	if c.err != nil || len(c.out) > 0 {
		return false
	}
	for len(c.out) < courierLoad {
		m, some := c.mail.next(courierLoad)
		if !some {
			break
		}
		if as, understood := c.session.message(m); understood {
			c.out = appendReply(c.out, as, c.session.protocol)
		}
	}
	if len(c.out) > 0 {
		sent := c.mail.attempt.send(c.out)
		c.server.counts.sent.Add(int64(sent))
		c.out = c.out[:copy(c.out, c.out[sent:])]
		c.unsent.Store(int64(len(c.out)))
		c.session.active.Store(c.server.Now().UnixNano())
	}
	return len(c.out) == 0 && c.mail.empty()
}

// An attempt sends what a connection takes at once.
type attempt struct {
	conn  syscall.RawConn
	do    func(fd uintptr)
	bytes []byte
	taken int // of the bytes
}

// attempt returns how to write without waiting; nil if nobody can.
func (c *conn) attempt() *attempt {
	nc := c.guard.Conn
	if m, is := nc.(metered); is {
		nc = m.Conn
	}
	if s, is := nc.(syscall.Conn); is {
		if raw, err := s.SyscallConn(); err == nil {
			a := &attempt{conn: raw}
			a.do = a.write // once: it takes memory
			return a
		}
	}
	return nil
}

// send sends bytes, and returns how many of them were taken.
func (a *attempt) send(b []byte) (taken int) {
	a.bytes, a.taken = b, 0
	_ = a.conn.Control(a.do) // it fails if the connection has ended
	a.bytes = nil
	return a.taken
}
