package loadgen

import (
	"cmp"
	"context"
	"fmt"
	"runtime"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// A thread is the clients that one thread of the system serves, alone: an operation costs no switch of goroutines.
type thread struct {
	load    RESP
	number  int
	left    *atomic.Int64 // operations that nobody has begun, of all threads
	tally   *tally
	poll    *poll
	clients []*client
	busy    int // clients that wait for replies
}

// A client has one pipeline on its way at a time.
type client struct {
	*socket
	number  int // of all clients
	begun   int // commands, ever
	waits   int // for so many replies
	failed  int64
	size    int64 // of the pipeline on its way
	sent    time.Duration
	out     []byte
	written int // of out
	blocked bool
}

// open connects a thread's share of the clients.
func (t *thread) open(ctx context.Context, threads int) (err error) {
	if t.poll, err = newPoll(); err != nil {
		return err
	}
	for number := t.number; number < t.load.Clients; number += threads {
		s, err := dial(ctx, t.load.Addrs[number%len(t.load.Addrs)])
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			t.tally.fail(err)
			continue
		}
		t.clients = append(t.clients, &client{socket: s, number: number})
		if err := t.poll.add(s.fd, len(t.clients)-1); err != nil {
			return err
		}
	}
	return nil
}

func (t *thread) close() {
	for _, c := range t.clients {
		c.close()
	}
	if t.poll != nil {
		t.poll.close()
	}
}

// run serves the clients until nobody waits for a reply: for d from began on they send.
func (t *thread) run(ctx context.Context, began time.Time, d time.Duration) error {
	runtime.LockOSThread() // it ends with the goroutine, and so does its place
	if t.load.CPU >= 0 {
		var set unix.CPUSet
		set.Set(t.load.CPU + t.number)
		if err := unix.SchedSetaffinity(0, &set); err != nil {
			return fmt.Errorf("pin a thread to processor %d: %w", t.load.CPU+t.number, err)
		}
	} else {
		defer runtime.UnlockOSThread()
	}
	for number, c := range t.clients {
		t.judge(c, t.send(c, number, time.Since(began), d))
	}
	for t.busy > 0 {
		events, err := t.poll.wait()
		if err = cmp.Or(err, ctx.Err()); err != nil {
			return err
		}
		for _, event := range events {
			number := int(event.Fd)
			t.judge(t.clients[number], t.serve(t.clients[number], number, event.Events, began, d))
		}
	}
	return nil
}

// judge ends a client whose connection has failed.
func (t *thread) judge(c *client, err error) {
	if err == nil {
		return
	}
	t.tally.fail(err)
	if c.waits > 0 {
		c.waits = 0
		t.busy--
	}
	c.close()
}

// serve does what an event asks for.
func (t *thread) serve(c *client, number int, events uint32, began time.Time, d time.Duration) error {
	if c.fd < 0 {
		return nil
	}
	if events&unix.EPOLLOUT != 0 {
		if err := t.flush(c, number); err != nil {
			return err
		}
	}
	if events&^unix.EPOLLOUT == 0 {
		return nil
	}
	if err := c.fill(); err != nil {
		return err
	}
	if err := t.replies(c); err != nil || c.waits > 0 {
		return err
	}
	if c.size == 0 {
		return nil
	}
	now := time.Since(began)
	t.tally.add(c.size-c.failed, now-c.sent)
	t.busy--
	return t.send(c, number, now, d)
}

// replies counts the replies that have come.
func (t *thread) replies(c *client) error {
	for {
		reply, ok, err := c.reply(t.load.Check != nil)
		if err != nil || !ok {
			return err
		}
		if c.kind == '>' { // it is about something else
			continue
		}
		if c.waits == 0 {
			return fmt.Errorf("a reply that nobody waits for begins with %q", c.kind)
		}
		c.waits--
		switch {
		case c.bad:
			c.failed++
			t.tally.errors++
			if t.tally.last != string(c.fail) { // a comparison that copies nothing
				t.tally.last = string(c.fail)
			}
		case t.load.Check != nil:
			if err := t.load.Check(reply); err != nil {
				c.failed++
				t.tally.fail(err)
			}
		}
	}
}

// send begins a client's next pipeline, unless the time is over or all has been begun.
func (t *thread) send(c *client, number int, now, d time.Duration) error {
	c.size, c.failed = 0, 0
	if now >= d {
		return nil
	}
	pipeline := int64(t.load.Pipeline)
	n := pipeline + min(0, t.left.Add(-pipeline))
	if n <= 0 {
		return nil
	}
	c.out, c.written = c.out[:0], 0
	for range n {
		c.out = t.load.Next(c.out, c.number, c.begun)
		c.begun++
	}
	c.size, c.waits, c.sent = n, int(n), now
	t.busy++
	return t.flush(c, number)
}

// flush writes what it can, and has the poll say when there is room for the rest.
func (t *thread) flush(c *client, number int) error {
	n, err := c.write(c.out[c.written:])
	c.written += n
	blocked := c.written < len(c.out)
	if err != nil || blocked == c.blocked {
		return err
	}
	c.blocked = blocked
	return t.poll.writable(c.fd, number, blocked)
}
