package load

import (
	"context"
	"slices"

	"github.com/redis/go-redis/v9"
)

// CounterLies are what [Counter] has to find.
var CounterLies = []Lie{
	{"an increment is sent twice", sayingAll(twice("INCR"))},
	{"a sum is sent twice", sayingAll(twice("HINCRBY"))},
	{"a word is appended twice", sayingAll(twice("APPEND"))},
	{"a word is acknowledged and never sent", sayingAll(unsent("APPEND", int64(1<<20)))},
	{"an increment is acknowledged and never sent", sayingAll(unsent("INCR", int64(1)))},
	{"an increment is refused, and done", sayingAll(func() pipeAnswerer {
		now := every(3)
		return func(all []*redis.Cmd, send func([]*redis.Cmd) error) error {
			err := send(all)
			if at := named(all, "INCR"); at >= 0 && all[at].Err() == nil && now() {
				return declines(all[at])
			}
			return err
		}
	})},
	{"an increment is told the number before", sayingAll(func() pipeAnswerer {
		now := every(3)
		return func(all []*redis.Cmd, send func([]*redis.Cmd) error) error {
			err := send(all)
			if at := named(all, "INCR"); at >= 0 && now() {
				if n, counted := all[at].Val().(int64); counted {
					all[at].SetVal(n - 1)
				}
			}
			return err
		}
	})},
	{"two answers are in the wrong order", sayingAll(func() pipeAnswerer {
		now := every(5)
		return func(all []*redis.Cmd, send func([]*redis.Cmd) error) error {
			err := send(all)
			if err == nil && now() {
				a, b := all[0].Val(), all[1].Val()
				all[0].SetVal(b)
				all[1].SetVal(a)
			}
			return err
		}
	})},
	{"an answer is another client's", sayingAll(func() pipeAnswerer {
		others, now := &memory{}, every(3)
		return func(all []*redis.Cmd, send func([]*redis.Cmd) error) error {
			err := send(all)
			at := named(all, "GET")
			if at < 0 || err != nil {
				return err
			}
			old, known := others.recall("GET")
			if others.keep("GET", all[at].Val()); known && now() {
				all[at].SetVal(old)
			}
			return nil
		}
	})},
	{"a request is never answered", func() redis.Hook { return losing }},
}

// losing loses a request now and then.
var losing = &liar{lose: every(50)}

// named is where the first command of a name stands, or -1.
func named(all []*redis.Cmd, name string) int {
	return slices.IndexFunc(all, func(c *redis.Cmd) bool { return is(c, name) })
}

// twice sends a command again, as if its answer had been lost.
func twice(name string) func() pipeAnswerer {
	return func() pipeAnswerer {
		now := every(3)
		return func(all []*redis.Cmd, send func([]*redis.Cmd) error) error {
			if at := named(all, name); at >= 0 && now() {
				return send(slices.Insert(slices.Clone(all), at, redis.NewCmd(context.Background(), all[at].Args()...)))
			}
			return send(all)
		}
	}
}

// unsent answers a command that is never sent.
func unsent(name string, answer any) func() pipeAnswerer {
	return func() pipeAnswerer {
		now := every(3)
		return func(all []*redis.Cmd, send func([]*redis.Cmd) error) error {
			at := named(all, name)
			if at < 0 || !now() {
				return send(all)
			}
			all[at].SetVal(answer)
			return send(slices.Delete(slices.Clone(all), at, at+1))
		}
	}
}
