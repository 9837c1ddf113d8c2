package load

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"time"
)

// A conn speaks RESP with a node, and hands over what answers none of its commands in the order in which it comes. Clients'
// libraries connect again by themselves, and so hide that something may have been missed.
type conn struct {
	net.Conn
	frames
	heard func(push []any)
}

// failure is an error that a node answered.
type failure string

func (s failure) Error() string { return string(s) }

// RedisError makes it one of those that go-redis knows.
func (failure) RedisError() {}

// patience is how long a node may take to answer, or to send the rest of what it has begun.
const patience = 30 * time.Second

// connect connects to a node, in RESP 2 or 3. It is told the lie, if there is one.
func connect(ctx context.Context, addr, protocol string, lie *Lie, heard func(push []any)) (*conn, error) {
	open := (&net.Dialer{Timeout: 2 * time.Second}).DialContext
	if lie != nil && lie.Hook != nil {
		open = lie.Hook().DialHook(open)
	}
	nc, err := open(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	c := &conn{Conn: nc, frames: frames{bufio.NewReader(nc)}, heard: heard}
	if _, err := c.do("HELLO", protocol); err != nil {
		return nil, errors.Join(err, nc.Close())
	}
	return c, nil
}

// send sends a command.
func (c *conn) send(words ...string) error {
	b := fmt.Appendf(nil, "*%d\r\n", len(words))
	for _, w := range words {
		b = fmt.Appendf(b, "$%d\r\n%s\r\n", len(w), w)
	}
	if err := c.SetDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	_, err := c.Write(b)
	return err
}

// do sends a command and returns its answer. An error that the node answers is a [failure].
func (c *conn) do(words ...string) (answer any, err error) {
	if err := c.send(words...); err != nil {
		return nil, err
	}
	for {
		f, err := c.next()
		if err != nil {
			return nil, err
		}
		if !f.push {
			answer, err := f.value, error(nil)
			if s, is := answer.(failure); is {
				answer, err = nil, s
			}
			return answer, err
		}
		c.heard(f.value.([]any))
	}
}

// listen hands over what comes, until nothing has for so long.
func (c *conn) listen(d time.Duration) error {
	for {
		if err := c.SetDeadline(time.Now().Add(d)); err != nil {
			return err
		}
		if _, err := c.r.Peek(1); errors.Is(err, os.ErrDeadlineExceeded) {
			return nil
		}
		if err := c.SetDeadline(time.Now().Add(patience)); err != nil {
			return err
		}
		f, err := c.next()
		if err != nil {
			return err
		}
		if !f.push {
			return fmt.Errorf("%v answers nothing", f.value)
		}
		c.heard(f.value.([]any))
	}
}

// Frames are what a node sends.
type frames struct{ r *bufio.Reader }

// A frame is one answer, or something that answers nothing.
type frame struct {
	raw   []byte
	value any // string, int64, []any (a map's are keys and values), failure, or nil
	push  bool
}

// next reads a frame.
func (s frames) next() (f frame, err error) {
	f.value, err = s.read(&f.raw)
	if all, is := f.value.([]any); is && len(all) > 0 {
		f.push = f.raw[0] == '>' || all[0] == "message" // as RESP 2 has it
	}
	return f, err
}

// read reads a value, and adds its bytes to raw.
func (s frames) read(raw *[]byte) (any, error) {
	line, err := s.r.ReadString('\n')
	if err != nil {
		return nil, err
	}
	*raw = append(*raw, line...)
	text := strings.TrimSuffix(line[1:], "\r\n")
	switch line[0] {
	case '+', ',', '#', '(':
		return text, nil
	case '-':
		return failure(text), nil
	case '_':
		return nil, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	switch {
	case err != nil:
		return nil, fmt.Errorf("%q: %w", line, err)
	case line[0] == ':':
		return n, nil
	case n < 0:
		return nil, nil
	case line[0] == '$', line[0] == '=':
		b := make([]byte, n+2)
		_, err := io.ReadFull(s.r, b)
		*raw = append(*raw, b...)
		return string(b[:n]), err
	case line[0] == '%':
		n *= 2
	case line[0] != '*' && line[0] != '~' && line[0] != '>':
		return nil, fmt.Errorf("%q is no RESP", line)
	}
	all := []any{}
	for range n {
		v, err := s.read(raw)
		if err != nil {
			return nil, err
		}
		all = append(all, v)
	}
	return all, nil
}
