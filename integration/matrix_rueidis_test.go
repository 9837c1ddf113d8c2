package integration

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/redis/rueidis"
)

// It caches unless it is told not to, and takes a server for a cluster until CLUSTER is refused.
var viaRueidis = contestant{
	name:    "rueidis",
	version: module("github.com/redis/rueidis"),
	run: func(ctx context.Context, tr trial) {
		g := &rueidisTrial{at: &roster{addresses: tr.addresses}, below: tr.below}
		defer func() {
			if g.c != nil {
				g.c.Close()
			}
		}()
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

type rueidisTrial struct {
	at    *roster
	c     rueidis.Client
	below string
}

func (g *rueidisTrial) name(last string) string { return g.below + "/" + last }

// do sends the words of a command.
func (g *rueidisTrial) do(ctx context.Context, words ...string) rueidis.RedisResult {
	return g.c.Do(ctx, g.c.B().Arbitrary(words...).Build())
}

func (g *rueidisTrial) connect(ctx context.Context, c *check) {
	g.c, c.err = rueidis.NewClient(rueidis.ClientOption{
		InitAddress: g.at.addresses[:1], ClientName: "matrix", ConnWriteTimeout: 15 * time.Second,
		DialCtxFn: func(ctx context.Context, _ string, _ *net.Dialer, _ *tls.Config) (net.Conn, error) {
			return g.at.dial(ctx, "", "")
		},
	})
	if c.err != nil {
		return
	}
	c.is("PONG")(g.do(ctx, "PING").ToString())
	c.is("matrix")(g.do(ctx, "CLIENT", "GETNAME").ToString())
}

func (g *rueidisTrial) strings(ctx context.Context, c *check) {
	text := g.name("text")
	c.is("OK")(g.do(ctx, "SET", text, "k\xe4se\r\n\x00").ToString())
	c.is("k\xe4se\r\n\x00")(g.c.Do(ctx, g.c.B().Get().Key(text).Build()).ToString())
	both, err := g.c.Do(ctx, g.c.B().Mget().Key(text, g.name("nothing")).Build()).ToArray()
	c.is(2)(len(both), err)
	c.that("the second is nothing", both[1].IsNil())
	c.that("GET of nothing is nil", rueidis.IsRedisNil(g.do(ctx, "GET", g.name("nothing")).Error()))
	for n := 1; c.err == nil; n++ {
		if struck, _ := g.do(ctx, "EXISTS", g.name("struck")).AsInt64(); struck == 1 {
			break
		}
		c.is(n)(g.c.Do(ctx, g.c.B().Incr().Key(g.name("count")).Build()).AsInt64())
	}
}

func (g *rueidisTrial) hashes(ctx context.Context, c *check) {
	h := g.name("hash")
	c.is(3)(g.c.Do(ctx, g.c.B().Hset().Key(h).FieldValue().FieldValue("a", "1").FieldValue("b", "2").FieldValue("c", "3").Build()).AsInt64())
	c.is("map[a:1 b:2 c:3]")(g.c.Do(ctx, g.c.B().Hgetall().Key(h).Build()).AsStrMap())
	c.is("2")(g.do(ctx, "GET", h+"/b").ToString())
	c.is(1)(g.c.Do(ctx, g.c.B().Hdel().Key(h).Field("b").Build()).AsInt64())
	c.is(2)(g.c.Do(ctx, g.c.B().Hlen().Key(h).Build()).AsInt64())
}

func (g *rueidisTrial) pipelines(ctx context.Context, c *check) {
	var all rueidis.Commands
	for range 99 {
		all = append(all, g.c.B().Incr().Key(g.name("piped")).Build())
	}
	all = append(all, g.c.B().Hget().Key(g.name("text")).Field("field").Build())
	replies := g.c.DoMulti(ctx, all...)
	for i, r := range replies[:99] {
		c.is(i + 1)(r.AsInt64())
	}
	err, isReply := rueidis.IsRedisErr(replies[99].Error())
	c.that("one fails", isReply && strings.HasPrefix(err.Error(), "WRONGTYPE"))
}

func (g *rueidisTrial) transactions(ctx context.Context, c *check) {
	name := g.name("watched")
	add := func(meanwhile func()) (result rueidis.RedisResult) {
		_ = g.c.Dedicated(func(d rueidis.DedicatedClient) error {
			c.is("OK")(d.Do(ctx, d.B().Watch().Key(name).Build()).ToString())
			meanwhile()
			replies := d.DoMulti(ctx, d.B().Multi().Build(), d.B().Incr().Key(name).Build(), d.B().Exec().Build())
			result = replies[2]
			return nil
		})
		return result
	}
	c.is("[1]")(add(func() {}).AsIntSlice())
	result := add(func() { c.is("OK")(g.do(ctx, "SET", name, "7").ToString()) })
	c.that("it is not carried out", rueidis.IsRedisNil(result.Error()))
	c.is("7")(g.do(ctx, "GET", name).ToString())
}

func (g *rueidisTrial) scan(ctx context.Context, c *check) {
	var want []string
	set := g.c.B().Hset().Key(g.name("many")).FieldValue()
	for i := range 250 {
		field := fmt.Sprintf("%03d", i)
		want, set = append(want, g.name("many/")+field), set.FieldValue(field, "x")
	}
	c.is(250)(g.c.Do(ctx, set.Build()).AsInt64())
	names := rueidis.NewScanner(func(cursor uint64) (rueidis.ScanEntry, error) {
		return g.c.Do(ctx, g.c.B().Scan().Cursor(cursor).Match(g.name("many/*")).Count(20).Build()).AsScanEntry()
	})
	got := slices.Collect(names.Iter())
	c.is(fmt.Sprint(want))(slices.Sorted(slices.Values(got)), names.Err())
	got = nil
	fields := rueidis.NewScanner(func(cursor uint64) (rueidis.ScanEntry, error) {
		return g.c.Do(ctx, g.c.B().Hscan().Key(g.name("many")).Cursor(cursor).Count(20).Build()).AsScanEntry()
	})
	for field := range fields.Iter2() {
		got = append(got, g.name("many/")+field)
	}
	c.is(fmt.Sprint(want))(slices.Sorted(slices.Values(got)), fields.Err())
}

func (g *rueidisTrial) pubsub(ctx context.Context, c *check) {
	heard := make(chan string, 2)
	d, release := g.c.Dedicate()
	defer release()
	d.SetPubSubHooks(rueidis.PubSubHooks{OnMessage: func(m rueidis.PubSubMessage) { heard <- m.Message }})
	c.is(nil)(nil, d.Do(ctx, d.B().Subscribe().Channel(g.name("channel")).Build()).Error())
	c.is(nil)(nil, d.Do(ctx, d.B().Psubscribe().Pattern(g.name("chan*")).Build()).Error())
	c.is(2)(g.c.Do(ctx, g.c.B().Publish().Channel(g.name("channel")).Message("hello").Build()).AsInt64())
	for range 2 {
		select {
		case m := <-heard:
			c.is("hello")(m, nil)
		case <-ctx.Done():
			c.is("hello")(nil, ctx.Err())
		}
	}
}

func (g *rueidisTrial) expiry(ctx context.Context, c *check) {
	name := g.name("soon")
	c.is("OK")(g.c.Do(ctx, g.c.B().Set().Key(name).Value("x").PxMilliseconds(100).Build()).ToString())
	c.until(ctx, "it is gone", func() bool { return rueidis.IsRedisNil(g.do(ctx, "GET", name).Error()) })
	c.is("OK")(g.c.Do(ctx, g.c.B().Set().Key(name).Value("x").ExSeconds(3600).Build()).ToString())
	left, err := g.c.Do(ctx, g.c.B().Ttl().Key(name).Build()).AsInt64()
	c.is(true)(left > 3540, err)
	c.is(1)(g.c.Do(ctx, g.c.B().Persist().Key(name).Build()).AsInt64())
	c.is(-1)(g.c.Do(ctx, g.c.B().Ttl().Key(name).Build()).AsInt64())
}

func (g *rueidisTrial) caching(ctx context.Context, c *check) {
	name := g.name("cached")
	cached := func() rueidis.RedisResult {
		return g.c.DoCache(ctx, g.c.B().Get().Key(name).Cache(), time.Minute)
	}
	c.is("OK")(g.do(ctx, "SET", name, "old").ToString())
	c.is("old")(cached().ToString())
	again := cached()
	c.that("it comes from the cache", again.IsCacheHit())
	c.is("old")(again.ToString())
	c.is("OK")(g.do(ctx, "SET", name, "new").ToString())
	c.until(ctx, "it hears of the write", func() bool { now, _ := cached().ToString(); return now == "new" })
}

func (g *rueidisTrial) reconnect(ctx context.Context, c *check) {
	recount(ctx, c, g.at, func() error { return g.c.Do(ctx, g.c.B().Incr().Key(g.name("again")).Build()).Error() },
		func(err error) bool { _, isReply := rueidis.IsRedisErr(err); return isReply })
}
