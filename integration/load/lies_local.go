package load

import (
	"slices"

	"github.com/redis/go-redis/v9"
)

// LocalLies are what [Local] has to find.
var LocalLies = []Lie{
	{"a read is answered from earlier", saying(earlierReads(5))},
	{"a value is read that nobody wrote", saying(func() answerer {
		now := every(5)
		return func(c *redis.Cmd, send func() error) error {
			err := send()
			if is(c, "GET") && err == nil && now() {
				c.SetVal("v0")
			}
			return err
		}
	})},
	{"HGETALL shows a field as it was", saying(func() answerer {
		earlier, now := &memory{}, every(3)
		return func(c *redis.Cmd, send func() error) error {
			err := send()
			all, hash := c.Val().(map[any]any)
			if !hash || !is(c, "HGETALL") || all["b"] == nil {
				return err
			}
			old, known := earlier.recall(word(c, 1))
			earlier.keep(word(c, 1), all["b"])
			if known && now() {
				all["b"] = old
			}
			return err
		}
	})},
	{"a revision goes down", sayingAll(func() pipeAnswerer {
		now := every(3)
		return func(all []*redis.Cmd, send func([]*redis.Cmd) error) error {
			err := send(all)
			if replies, done := all[len(all)-1].Val().([]any); done && len(replies) == 2 {
				if meta, found := replies[1].(map[any]any); found && now() {
					revision, _ := meta["revision"].(int64)
					meta["revision"] = revision - 1
				}
			}
			return err
		}
	})},
	{"a write is acknowledged and never sent", sayingAll(func() pipeAnswerer {
		last, now := &memory{}, every(4)
		return func(all []*redis.Cmd, send func([]*redis.Cmd) error) error {
			exec := all[len(all)-1]
			revision, known := last.recall("revision")
			if hset(all) && known && now() {
				for _, c := range all {
					c.SetVal("OK")
				}
				exec.SetVal([]any{int64(0), revision.(int64) + 1})
				return nil
			}
			err := send(all)
			if replies, done := exec.Val().([]any); done && hset(all) && len(replies) == 2 {
				last.keep("revision", replies[1])
			}
			return err
		}
	})},
	{"a write is refused, and done", sayingAll(func() pipeAnswerer {
		now := every(4)
		return func(all []*redis.Cmd, send func([]*redis.Cmd) error) error {
			err := send(all)
			if exec := all[len(all)-1]; hset(all) && exec.Err() == nil && now() {
				return declines(exec)
			}
			return err
		}
	})},
	{"a write is told a wrong revision", sayingAll(func() pipeAnswerer {
		now := every(4)
		return func(all []*redis.Cmd, send func([]*redis.Cmd) error) error {
			err := send(all)
			if replies, done := all[len(all)-1].Val().([]any); done && hset(all) && len(replies) == 2 && now() {
				revision, _ := replies[1].(int64)
				replies[1] = revision + 1
			}
			return err
		}
	})},
	{"what was committed is not in the history", sayingAll(func() pipeAnswerer {
		return func(all []*redis.Cmd, send func([]*redis.Cmd) error) error {
			err := send(all)
			if c := all[0]; is(c, "CONF") && word(c, 1) == "GET" && c.Err() == nil {
				c.SetVal(nil)
				c.SetErr(redis.Nil)
			}
			return err
		}
	})},
	{"a bound is agreed to, and not kept", saying(func() answerer {
		return func(c *redis.Cmd, send func() error) error {
			if is(c, "CONF") && word(c, 2) == "BOUNDED" {
				c.SetVal("OK")
				return nil
			}
			return send()
		}
	})},
}

// hset reports whether commands that are sent together set fields.
func hset(all []*redis.Cmd) bool {
	return slices.ContainsFunc(all, func(c *redis.Cmd) bool { return is(c, "HSET") })
}
