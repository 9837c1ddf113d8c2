package integration

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/redis/go-redis/v9"
)

var goRedis = contestant{
	name:    "go-redis",
	version: module("github.com/redis/go-redis/v9"),
	run: func(ctx context.Context, tr trial) {
		r := &roster{addresses: tr.addresses}
		g := &goRedisTrial{at: r, below: tr.below, c: redis.NewClient(&redis.Options{
			Dialer: r.dial, ClientName: "matrix", ReadTimeout: 15 * time.Second, MaxRetries: -1, // what is in doubt is not sent again
		})}
		defer g.c.Close()
		perform(ctx, tr, []show{
			{"connect", g.connect},
			{"strings", g.strings},
			{"hashes", g.hashes},
			{"pipelines", g.pipelines},
			{"transactions", g.transactions},
			{"scan", g.scan},
			{"pubsub", g.pubsub},
			{"expiry", g.expiry},
			{"caching", g.caching},
			{"reconnect", g.reconnect},
		})
	},
}

type goRedisTrial struct {
	at    *roster
	c     *redis.Client
	below string
}

func (g *goRedisTrial) name(last string) string { return g.below + "/" + last }

func (g *goRedisTrial) connect(ctx context.Context, c *check) {
	c.is("PONG")(g.c.Ping(ctx).Result())
	c.is("matrix")(g.c.ClientGetName(ctx).Result())
}

func (g *goRedisTrial) strings(ctx context.Context, c *check) {
	c.is("OK")(g.c.Set(ctx, g.name("text"), "k\xe4se\r\n\x00", 0).Result())
	c.is("k\xe4se\r\n\x00")(g.c.Get(ctx, g.name("text")).Result())
	c.is("[k\xe4se\r\n\x00 <nil>]")(g.c.MGet(ctx, g.name("text"), g.name("nothing")).Result())
	c.that("GET of nothing is Nil", errors.Is(g.c.Get(ctx, g.name("nothing")).Err(), redis.Nil))
	for n := 1; c.err == nil && g.c.Exists(ctx, g.name("struck")).Val() == 0; n++ {
		c.is(n)(g.c.Incr(ctx, g.name("count")).Result())
	}
}

func (g *goRedisTrial) hashes(ctx context.Context, c *check) {
	h := g.name("hash")
	c.is(3)(g.c.HSet(ctx, h, "a", "1", "b", "2", "c", "3").Result())
	c.is("map[a:1 b:2 c:3]")(g.c.HGetAll(ctx, h).Result())
	c.is("2")(g.c.Get(ctx, h+"/b").Result())
	c.is(1)(g.c.HDel(ctx, h, "b").Result())
	c.is(2)(g.c.HLen(ctx, h).Result())
}

func (g *goRedisTrial) pipelines(ctx context.Context, c *check) {
	replies, err := g.c.Pipelined(ctx, func(p redis.Pipeliner) error {
		for range 99 {
			p.Incr(ctx, g.name("piped"))
		}
		return p.HGet(ctx, g.name("text"), "field").Err() // of a config
	})
	c.that("one fails", redis.HasErrorPrefix(err, "WRONGTYPE"))
	c.that("all are answered", len(replies) == 100)
	for i, r := range replies[:99] {
		c.is(i + 1)(r.(*redis.IntCmd).Result())
	}
}

func (g *goRedisTrial) transactions(ctx context.Context, c *check) {
	name := g.name("watched")
	add := func(tx *redis.Tx) error {
		_, err := tx.TxPipelined(ctx, func(p redis.Pipeliner) error {
			p.Incr(ctx, name)
			return nil
		})
		return err
	}
	c.is(nil)(nil, g.c.Watch(ctx, add, name))
	err := g.c.Watch(ctx, func(tx *redis.Tx) error {
		c.is("OK")(g.c.Set(ctx, name, 7, 0).Result())
		return add(tx)
	}, name)
	c.that("it is not carried out", errors.Is(err, redis.TxFailedErr))
	c.is("7")(g.c.Get(ctx, name).Result())
}

func (g *goRedisTrial) scan(ctx context.Context, c *check) {
	var want, pairs []string
	for i := range 250 {
		field := fmt.Sprintf("%03d", i)
		want, pairs = append(want, g.name("many/")+field), append(pairs, field, "x")
	}
	c.is(250)(g.c.HSet(ctx, g.name("many"), pairs).Result())
	var got []string
	names := g.c.Scan(ctx, 0, g.name("many/*"), 20).Iterator()
	for names.Next(ctx) {
		got = append(got, names.Val())
	}
	c.is(fmt.Sprint(want))(slices.Sorted(slices.Values(got)), names.Err())
	got = nil
	fields := g.c.HScan(ctx, g.name("many"), 0, "", 20).Iterator()
	for fields.Next(ctx) {
		field := fields.Val()
		if c.that("it has a value", fields.Next(ctx)); fields.Val() == "x" {
			got = append(got, g.name("many/")+field)
		}
	}
	c.is(fmt.Sprint(want))(slices.Sorted(slices.Values(got)), fields.Err())
}

func (g *goRedisTrial) pubsub(ctx context.Context, c *check) {
	s := g.c.Subscribe(ctx, g.name("channel"))
	defer s.Close()
	_, err := s.Receive(ctx)
	c.is(nil)(nil, err)
	c.is(nil)(nil, s.PSubscribe(ctx, g.name("chan*")))
	_, err = s.Receive(ctx)
	c.is(nil)(nil, err)
	c.is(2)(g.c.Publish(ctx, g.name("channel"), "hello").Result())
	for range 2 {
		if m, err := s.ReceiveMessage(ctx); err != nil || m.Payload != "hello" {
			c.is("hello")(m, err)
		}
	}
}

func (g *goRedisTrial) expiry(ctx context.Context, c *check) {
	name := g.name("soon")
	c.is("OK")(g.c.Set(ctx, name, "x", 100*time.Millisecond).Result())
	c.until(ctx, "it is gone", func() bool { return errors.Is(g.c.Get(ctx, name).Err(), redis.Nil) })
	c.is("OK")(g.c.Set(ctx, name, "x", time.Hour).Result())
	c.that("an hour is left", g.c.TTL(ctx, name).Val() > 59*time.Minute)
	c.is(true)(g.c.Persist(ctx, name).Result())
	c.is(time.Duration(-1))(g.c.TTL(ctx, name).Result())
}

func (g *goRedisTrial) caching(ctx context.Context, c *check) {
	caching := redis.NewClient(&redis.Options{Dialer: g.at.dial, ClientSideCacheConfig: &redis.ClientSideCacheConfig{}})
	defer caching.Close()
	name := g.name("cached")
	c.is("OK")(g.c.Set(ctx, name, "old", 0).Result())
	c.is("old")(caching.Get(ctx, name).Result())
	c.is("old")(caching.Get(ctx, name).Result())
	c.is(1)(caching.CSCStats().Hits, nil)
	c.is("OK")(g.c.Set(ctx, name, "new", 0).Result())
	c.until(ctx, "it hears of the write", func() bool { return caching.Get(ctx, name).Val() == "new" })
}

func (g *goRedisTrial) reconnect(ctx context.Context, c *check) {
	recount(ctx, c, g.at, func() error { return g.c.Incr(ctx, g.name("again")).Err() }, isReply)
}
