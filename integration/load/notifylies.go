package load

import (
	"bufio"
	"context"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

// NotifyLies are what [Notify] has to notice. Each is told once, to one of its subscribers.
func NotifyLies() []*Lie {
	notification := func(_ string, push []any) bool { return len(push) == 4 && about(push[2], "/w0") }
	message := func(addr string, push []any) bool { return len(push) == 3 && about(push[1], addr) }
	return []*Lie{
		pushLie("a notification is swallowed", notification, swallow(1)),
		pushLie("two notifications are swallowed", notification, swallow(2)),
		pushLie("a notification comes twice", notification, double),
		pushLie("two notifications are swapped", notification, exchange(1)),
		pushLie("a notification comes late", notification, exchange(4)),
		pushLie("a message is swallowed", message, swallow(1)),
		pushLie("a message comes twice", message, double),
		pushLie("two messages are swapped", message, exchange(1)),
	}
}

// about reports whether a word has a part.
func about(word any, part string) bool {
	text, _ := word.(string)
	return strings.Contains(text, part)
}

// An alteration is what becomes of a lie's pushes from the one on with which it begins: it is given each push that it is about,
// and how many came before, and returns what comes in its place. It is over when it says so.
type alteration func(n int, raw []byte, held *[]byte) (instead []byte, over bool)

// swallow swallows so many.
func swallow(many int) alteration {
	return func(n int, _ []byte, _ *[]byte) ([]byte, bool) { return nil, n == many-1 }
}

func double(_ int, raw []byte, _ *[]byte) ([]byte, bool) {
	return append(raw[:len(raw):len(raw)], raw...), true
}

// exchange puts the first behind so many that follow.
func exchange(many int) alteration {
	return func(n int, raw []byte, held *[]byte) ([]byte, bool) {
		if n == 0 {
			*held = raw
			return nil, false
		}
		if n < many {
			return raw, false
		}
		return append(raw, *held...), true
	}
}

// pushLie alters, once, what answers no command, over one of the connections.
func pushLie(name string, about func(addr string, push []any) bool, alter alteration) *Lie {
	lie := &pushes{about: about, alter: alter, truths: truths}
	return &Lie{Name: name, Hook: func() redis.Hook { return lie }}
}

// pushes is the hook of a lie about them.
type pushes struct {
	passing
	about  func(addr string, push []any) bool
	alter  alteration
	truths int // how many come as they are, first

	mu   sync.Mutex
	seen int
	by   *lyingConn // that has told the lie
}

// DialHook has what is dialled lie.
func (p *pushes) DialHook(next redis.DialHook) redis.DialHook {
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		c, err := next(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		return &lyingConn{Conn: c, frames: frames{bufio.NewReader(c)}, lie: p, addr: addr}, nil
	}
}

// begins reports whether the lie begins, with a push over a connection.
func (p *pushes) begins(c *lyingConn, push []any) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.by == nil && p.about(c.addr, push) {
		if p.seen++; p.seen > p.truths {
			p.by = c
			return true
		}
	}
	return false
}

// A lyingConn is a connection over which a lie is told.
type lyingConn struct {
	net.Conn
	frames
	lie  *pushes
	addr string

	telling bool
	told    int
	held    []byte
	out     []byte // what is read next
}

// Read reads what the lie has made of what came.
func (c *lyingConn) Read(b []byte) (int, error) {
	for len(c.out) == 0 {
		if _, err := c.r.Peek(1); err != nil {
			return 0, err
		}
		// It is the reader's business how long it waits for a frame, and not how long for the rest of one.
		if err := c.SetReadDeadline(time.Now().Add(patience)); err != nil {
			return 0, err
		}
		f, err := c.next()
		if err != nil {
			return 0, err
		}
		c.out = c.instead(f)
	}
	n := copy(b, c.out)
	c.out = c.out[n:]
	return n, nil
}

// instead is what comes in place of a frame.
func (c *lyingConn) instead(f frame) []byte {
	if !f.push {
		return f.raw
	}
	push := f.value.([]any)
	if !c.telling && c.lie.begins(c, push) {
		c.telling = true
	}
	if !c.telling || !c.lie.about(c.addr, push) {
		return f.raw
	}
	instead, over := c.lie.alter(c.told, f.raw, &c.held)
	c.told++
	c.telling = !over
	return instead
}
