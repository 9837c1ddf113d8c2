package load

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/redis/go-redis/v9"
)

// LinearLies are what [Linear] has to find.
var LinearLies = []Lie{
	{"a write is acknowledged and never sent", saying(func() answerer {
		now := every(5)
		return func(c *redis.Cmd, send func() error) error {
			if is(c, "SET") && len(c.Args()) == 3 && now() {
				c.SetVal("OK")
				return nil
			}
			return send()
		}
	})},
	{"an increment is sent twice", saying(func() answerer {
		now := every(3)
		return func(c *redis.Cmd, send func() error) error {
			if is(c, "INCR", "HINCRBY") && now() {
				_ = send() // as if it had been lost
			}
			return send()
		}
	})},
	{"a read is answered from earlier", saying(func() answerer {
		earlier, now := &memory{}, every(4)
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
	})},
	{"an increment is told a wrong number", saying(func() answerer {
		now := every(3)
		return func(c *redis.Cmd, send func() error) error {
			err := send()
			if n, counted := c.Val().(int64); counted && is(c, "INCR", "HINCRBY") && now() {
				c.SetVal(n + 1)
			}
			return err
		}
	})},
	{"HGETALL shows a field as it was", saying(func() answerer {
		earlier, now := &memory{}, every(3)
		return func(c *redis.Cmd, send func() error) error {
			err := send()
			all, hash := c.Val().(map[any]any)
			if !hash || !is(c, "HGETALL") || all["a"] == nil {
				return err
			}
			old, known := earlier.recall(word(c, 1))
			earlier.keep(word(c, 1), all["a"])
			if known && now() {
				all["a"] = old
			}
			return err
		}
	})},
	{"a comparison fails, and says that it has not", saying(func() answerer {
		return func(c *redis.Cmd, send func() error) error {
			err := send()
			if is(c, "SET") && len(c.Args()) == 5 && err == redis.Nil {
				c.SetErr(nil)
				c.SetVal("OK")
				return nil
			}
			return err
		}
	})},
	{"a comparison holds, and says that it does not", saying(func() answerer {
		now := every(2)
		return func(c *redis.Cmd, send func() error) error {
			err := send()
			if is(c, "SET") && len(c.Args()) == 5 && err == nil && now() {
				c.SetVal(nil)
				c.SetErr(redis.Nil)
				return redis.Nil
			}
			return err
		}
	})},
	{"a write is refused, and can be read", saying(func() answerer {
		refused, now := &memory{}, every(4)
		return func(c *redis.Cmd, send func() error) error {
			if is(c, "SET") && len(c.Args()) == 3 && now() {
				refused.keep(word(c, 1), c.Args()[2])
				return declines(c)
			}
			if dirty, known := refused.recall(word(c, 1)); known && is(c, "GET") {
				c.SetVal(dirty)
				return nil
			}
			return send()
		}
	})},
	{"a transaction is halved", sayingAll(func() pipeAnswerer {
		return func(all []*redis.Cmd, send func([]*redis.Cmd) error) error {
			at := slices.IndexFunc(all, func(c *redis.Cmd) bool { return is(c, "SET") && len(c.Args()) == 3 })
			if exec := all[len(all)-1]; at > 0 && is(exec, "EXEC") {
				err := send(slices.Delete(slices.Clone(all), at, at+1))
				if replies, done := exec.Val().([]any); done {
					all[at].SetVal("QUEUED")
					exec.SetVal(slices.Insert(slices.Clone(replies), at-1, any("OK")))
				} else {
					all[at].SetErr(exec.Err())
				}
				return err
			}
			return send(all)
		}
	})},
	{"a transaction is refused, and done", sayingAll(func() pipeAnswerer {
		now := every(3)
		return func(all []*redis.Cmd, send func([]*redis.Cmd) error) error {
			err := send(all)
			if exec := all[len(all)-1]; is(exec, "EXEC") && exec.Err() == nil && now() {
				return declines(exec)
			}
			return err
		}
	})},
	{"what is watched may change", sayingAll(func() pipeAnswerer {
		return func(all []*redis.Cmd, send func([]*redis.Cmd) error) error {
			at := slices.IndexFunc(all, func(c *redis.Cmd) bool { return is(c, "WATCH") })
			if at < 0 {
				return send(all)
			}
			all[at].SetVal("OK")
			return send(slices.Delete(slices.Clone(all), at, at+1))
		}
	})},
}

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
	one answerer
	all pipeAnswerer
}

// DialHook leaves connections as they are.
func (l *liar) DialHook(next redis.DialHook) redis.DialHook { return next }

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
