package load

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/redis/go-redis/v9"
)

// An answerer answers a command in the place of the node, to which send sends it; a pipeAnswerer, commands that are
// sent together.
type (
	answerer     func(c *redis.Cmd, send func() error) error
	pipeAnswerer func(all []*redis.Cmd, send func([]*redis.Cmd) error) error
)

// saying and sayingAll make hooks of what answers all clients that are told a lie.
func saying(answers func() answerer) func() redis.Hook {
	l := &liar{one: answers()}
	return func() redis.Hook { return l }
}

func sayingAll(answers func() pipeAnswerer) func() redis.Hook {
	l := &liar{all: answers()}
	return func() redis.Hook { return l }
}

// A liar is the hook of a lie.
type liar struct {
	one  answerer
	all  pipeAnswerer
	lose func() bool // what is written next; never if nil
}

// DialHook has the network lose what it is to lose.
func (l *liar) DialHook(next redis.DialHook) redis.DialHook {
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := next(ctx, network, addr)
		if err != nil || l.lose == nil {
			return conn, err
		}
		return &lossy{conn, l.lose}, nil
	}
}

// A lossy connection loses some of what is written to it.
type lossy struct {
	net.Conn
	lose func() bool
}

func (l *lossy) Write(b []byte) (int, error) {
	if l.lose() {
		return len(b), nil
	}
	return l.Conn.Write(b)
}

// ProcessHook has one command answered.
func (l *liar) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		c, plain := cmd.(*redis.Cmd)
		if l.one == nil || !plain {
			return next(ctx, cmd)
		}
		return l.one(c, func() error { return next(ctx, c) })
	}
}

// ProcessPipelineHook has commands answered that are sent together.
func (l *liar) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		all := make([]*redis.Cmd, len(cmds))
		for i, cmd := range cmds {
			c, plain := cmd.(*redis.Cmd)
			if l.all == nil || !plain { // as those are with which a client introduces itself
				return next(ctx, cmds)
			}
			all[i] = c
		}
		return l.all(all, func(all []*redis.Cmd) error {
			sent := make([]redis.Cmder, len(all))
			for i, c := range all {
				sent[i] = c
			}
			return next(ctx, sent)
		})
	}
}

// every returns what is true each nth time.
func every(n int64) func() bool {
	var times atomic.Int64
	return func() bool { return times.Add(1)%n == 0 }
}

// A memory keeps values by name.
type memory struct {
	mu sync.Mutex
	m  map[string]any
}

func (m *memory) keep(name string, value any) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.m == nil {
		m.m = map[string]any{}
	}
	m.m[name] = value
}

func (m *memory) recall(name string) (value any, known bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	value, known = m.m[name]
	return value, known
}

// word is a word of a command, or nothing.
func word(c *redis.Cmd, at int) string {
	if at < len(c.Args()) {
		return fmt.Sprint(c.Args()[at])
	}
	return ""
}

// is reports whether a command has one of some names.
func is(c *redis.Cmd, names ...string) bool {
	return slices.Contains(names, strings.ToUpper(word(c, 0)))
}

// said is an error that a node might have sent.
type said string

func (s said) Error() string { return string(s) }

// RedisError tells clients that a server has sent it.
func (said) RedisError() {}

// declines has a command answered as by a node that has done nothing.
func declines(c *redis.Cmd) error {
	c.SetVal(nil)
	c.SetErr(said("CLUSTERDOWN there is no leader"))
	return c.Err()
}

// earlierReads answers one of so many reads with what was read before.
func earlierReads(often int64) func() answerer {
	return func() answerer {
		earlier, now := &memory{}, every(often)
		return func(c *redis.Cmd, send func() error) error {
			if !is(c, "GET") {
				return send()
			}
			if old, known := earlier.recall(word(c, 1)); known && now() {
				c.SetVal(old)
				return nil
			}
			err := send()
			if err == nil {
				earlier.keep(word(c, 1), c.Val())
			}
			return err
		}
	}
}
