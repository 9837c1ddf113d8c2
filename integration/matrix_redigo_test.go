package integration

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/gomodule/redigo/redis"
)

var redigo = contestant{
	name:    "redigo",
	version: module("github.com/gomodule/redigo"),
	lacks:   noCache,
	run: func(ctx context.Context, tr trial) {
		r := &roster{addresses: tr.addresses}
		g := &redigoTrial{at: r, below: tr.below, pool: &redis.Pool{DialContext: func(ctx context.Context) (redis.Conn, error) {
			return redis.DialContext(ctx, "tcp", "", redis.DialClientName("matrix"), redis.DialReadTimeout(15*time.Second),
				redis.DialContextFunc(func(ctx context.Context, _, _ string) (net.Conn, error) { return r.dial(ctx, "", "") }))
		}}}
		defer g.pool.Close()
		perform(ctx, tr, []show{
			{"connect", g.connect},
			{"strings", g.strings},
			{"hashes", g.hashes},
			{"pipelines", g.pipelines},
			{"transactions", g.transactions},
			{"scan", g.scan},
			{"pubsub", g.pubsub},
			{"expiry", g.expiry},
			{"reconnect", g.reconnect},
		})
	},
}

type redigoTrial struct {
	at    *roster
	pool  *redis.Pool
	below string
}

func (g *redigoTrial) name(last string) string { return g.below + "/" + last }

// do sends a command over any connection.
func (g *redigoTrial) do(command string, args ...any) (any, error) {
	c := g.pool.Get()
	defer c.Close()
	return c.Do(command, args...)
}

func (g *redigoTrial) connect(_ context.Context, c *check) {
	c.is("PONG")(g.do("PING"))
	c.is("matrix")(redis.String(g.do("CLIENT", "GETNAME")))
}

func (g *redigoTrial) strings(_ context.Context, c *check) {
	c.is("OK")(g.do("SET", g.name("text"), []byte("k\xe4se\r\n\x00")))
	c.is("k\xe4se\r\n\x00")(redis.String(g.do("GET", g.name("text"))))
	c.is("[k\xe4se\r\n\x00 ]")(redis.Strings(g.do("MGET", g.name("text"), g.name("nothing"))))
	_, err := redis.String(g.do("GET", g.name("nothing")))
	c.that("GET of nothing is nil", errors.Is(err, redis.ErrNil))
	for n := 1; c.err == nil; n++ {
		if struck, _ := redis.Bool(g.do("EXISTS", g.name("struck"))); struck {
			break
		}
		c.is(n)(g.do("INCR", g.name("count")))
	}
}

func (g *redigoTrial) hashes(_ context.Context, c *check) {
	h := g.name("hash")
	c.is(3)(g.do("HSET", redis.Args{h}.AddFlat(map[string]int{"a": 1, "b": 2, "c": 3})...))
	c.is("map[a:1 b:2 c:3]")(redis.StringMap(g.do("HGETALL", h)))
	c.is("2")(redis.String(g.do("GET", h+"/b")))
	c.is(1)(g.do("HDEL", h, "b"))
	c.is(2)(g.do("HLEN", h))
}

func (g *redigoTrial) pipelines(_ context.Context, c *check) {
	conn := g.pool.Get()
	defer conn.Close()
	for range 99 {
		c.is(nil)(nil, conn.Send("INCR", g.name("piped")))
	}
	c.is(nil)(nil, conn.Send("HGET", g.name("text"), "field")) // of a config
	c.is(nil)(nil, conn.Flush())
	for i := range 99 {
		c.is(i + 1)(conn.Receive())
	}
	_, err := conn.Receive()
	c.that("one fails", err != nil && strings.HasPrefix(err.Error(), "WRONGTYPE"))
}

func (g *redigoTrial) transactions(_ context.Context, c *check) {
	name := g.name("watched")
	conn := g.pool.Get()
	defer conn.Close()
	add := func() (any, error) {
		c.is(nil)(nil, conn.Send("MULTI"))
		c.is(nil)(nil, conn.Send("INCR", name))
		return conn.Do("EXEC")
	}
	c.is("OK")(conn.Do("WATCH", name))
	c.is("[1]")(add())
	c.is("OK")(conn.Do("WATCH", name))
	c.is("OK")(g.do("SET", name, 7))
	c.is(nil)(add())
	c.is("7")(redis.String(g.do("GET", name)))
}

func (g *redigoTrial) scan(_ context.Context, c *check) {
	var want []string
	pairs := redis.Args{g.name("many")}
	for i := range 250 {
		field := fmt.Sprintf("%03d", i)
		want, pairs = append(want, g.name("many/")+field), pairs.Add(field, "x")
	}
	c.is(250)(g.do("HSET", pairs...))
	// It has no iterators: a page is taken apart by hand.
	iterate := func(page func(cursor string) (any, error)) (all []string) {
		for cursor := ""; c.err == nil && cursor != "0"; {
			reply, err := redis.Values(page(cmp.Or(cursor, "0")))
			var some []string
			if err == nil {
				_, err = redis.Scan(reply, &cursor, &some)
			}
			c.is(nil)(nil, err)
			all = append(all, some...)
		}
		return all
	}
	names := iterate(func(cursor string) (any, error) { return g.do("SCAN", cursor, "MATCH", g.name("many/*"), "COUNT", 20) })
	c.is(fmt.Sprint(want))(slices.Sorted(slices.Values(names)), nil)
	var fields []string
	for pair := range slices.Chunk(iterate(func(cursor string) (any, error) { return g.do("HSCAN", g.name("many"), cursor, "COUNT", 20) }), 2) {
		fields = append(fields, g.name("many/")+pair[0])
	}
	c.is(fmt.Sprint(want))(slices.Sorted(slices.Values(fields)), nil)
}

func (g *redigoTrial) pubsub(_ context.Context, c *check) {
	s := redis.PubSubConn{Conn: g.pool.Get()}
	defer s.Close()
	c.is(nil)(nil, s.Subscribe(g.name("channel")))
	c.is(nil)(nil, s.PSubscribe(g.name("chan*")))
	c.is("subscribe")(s.Receive().(redis.Subscription).Kind, nil)
	c.is("psubscribe")(s.Receive().(redis.Subscription).Kind, nil)
	c.is(2)(g.do("PUBLISH", g.name("channel"), "hello"))
	for range 2 {
		m, _ := s.ReceiveWithTimeout(15 * time.Second).(redis.Message)
		c.is("hello")(string(m.Data), nil)
	}
}

func (g *redigoTrial) expiry(ctx context.Context, c *check) {
	name := g.name("soon")
	c.is("OK")(g.do("SET", name, "x", "PX", 100))
	c.until(ctx, "it is gone", func() bool { got, err := g.do("GET", name); return got == nil && err == nil })
	c.is("OK")(g.do("SETEX", name, 3600, "x"))
	left, err := redis.Int(g.do("TTL", name))
	c.is(true)(left > 3540, err)
	c.is(1)(g.do("PERSIST", name))
	c.is(-1)(g.do("TTL", name))
}

func (g *redigoTrial) reconnect(ctx context.Context, c *check) {
	recount(ctx, c, g.at, func() error { _, err := g.do("INCR", g.name("again")); return err },
		func(err error) bool { var reply redis.Error; return errors.As(err, &reply) })
}
