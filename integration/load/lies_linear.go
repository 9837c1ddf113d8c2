package load

import (
	"slices"

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
	{"a read is answered from earlier", saying(earlierReads(4))},
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
