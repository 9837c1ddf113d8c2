package integration

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os/exec"
	"strings"
	"sync/atomic"
	"time"
)

// check notes the first thing that is not as it should be.
type check struct {
	err  error
	text string // what is to be said if all is well
}

// is returns what takes a reply, which must be as wanted.
func (c *check) is(want any) func(got any, err error) {
	return func(got any, err error) {
		switch {
		case c.err != nil:
		case err != nil:
			c.err = fmt.Errorf("want %v: %w", want, err)
		case fmt.Sprint(got) != fmt.Sprint(want):
			c.err = fmt.Errorf("got %v, want %v", got, want)
		}
	}
}

// that must be true.
func (c *check) that(what string, holds bool) {
	if c.err == nil && !holds {
		c.err = errors.New(what)
	}
}

// until waits, as long as all is well, until something holds.
func (c *check) until(ctx context.Context, what string, holds func() bool) {
	for c.err == nil && !holds() {
		select {
		case <-ctx.Done():
			c.err = fmt.Errorf("never: %s", what)
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// A show is one ability of a client written in Go.
type show struct {
	ability string
	run     func(ctx context.Context, c *check)
}

// perform has all abilities shown, each within twice the time for which a node holds a write.
func perform(ctx context.Context, tr trial, shows []show) {
	for _, s := range shows {
		c := &check{}
		within, cancel := context.WithTimeout(ctx, 20*time.Second)
		s.run(within, c)
		cancel()
		text := strings.TrimSpace("ok " + c.text)
		if c.err != nil {
			text = c.err.Error()
		}
		tr.say(verdict{s.ability, text})
	}
}

// module returns the version of a module that the tests are built with.
func module(path string) func() (string, error) {
	return func() (string, error) {
		out, err := exec.Command("go", "list", "-m", "-f", "{{.Version}}", path).Output()
		return strings.TrimPrefix(strings.TrimSpace(string(out)), "v"), err
	}
}

// A roster dials the first of some addresses that answers.
type roster struct {
	addresses []string
	moved     atomic.Bool // it was not the first one
}

func (r *roster) dial(ctx context.Context, _, _ string) (conn net.Conn, err error) {
	for i, address := range r.addresses {
		var d net.Dialer
		if conn, err = d.DialContext(ctx, "tcp", address); err == nil {
			r.moved.Store(i > 0)
			return conn, nil
		}
	}
	return nil, err
}

// recount counts with incr until it has counted on for a while at another node. A reply that is an error is one
// too many; a broken connection leaves an increment in doubt.
func recount(ctx context.Context, c *check, r *roster, incr func() error, isReply func(error) bool) {
	acknowledged, doubtful, since := 0, 0, 0
	for since < 20 && ctx.Err() == nil && c.err == nil {
		switch err := incr(); {
		case err == nil:
			acknowledged++
			if r.moved.Load() {
				since++
			}
		case isReply(err):
			c.err = err
		default:
			doubtful++
		}
	}
	c.that(fmt.Sprintf("it has counted %d times elsewhere", since), since == 20)
	c.text = fmt.Sprintf("%d acknowledged, %d in doubt", acknowledged, doubtful)
}
