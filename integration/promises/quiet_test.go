package promises

import (
	"context"
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"confman/integration/ground"
)

// still waits until nobody has written anything for a while: what operators did is noted a moment later.
func still(t *testing.T, g *ground.Ground) {
	t.Helper()
	last, since := "", time.Now()
	await(t, "nothing is written", func() bool {
		if now := g.Hosts()[0].Info()["applied_revision"]; now != last {
			last, since = now, time.Now()
		}
		return time.Since(since) > 1500*time.Millisecond
	})
}

// revisions are the revisions of some nodes.
func revisions(t *testing.T, g *ground.Ground) (all []int64) {
	t.Helper()
	g.Settled()
	for _, h := range g.Hosts() {
		n, err := strconv.ParseInt(h.Info()["applied_revision"], 10, 64)
		if err != nil {
			t.Fatalf("%s: %v", h.Name, err)
		}
		all = append(all, n)
	}
	return all
}

// echoes writes some configs while clients of all kinds listen, and lets one expire. It returns where more, or less, has been
// applied than that: nobody who hears of what was applied has it proposed again.
func echoes(t *testing.T, g *ground.Ground, meanwhile func(ctx context.Context)) (wrong []string) {
	t.Helper()
	client := g.Hosts()[0].Client()
	defer client.Close()
	still(t, g)
	before := revisions(t, g)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		meanwhile(ctx)
	}()
	const writes = 20
	for i := range writes {
		if err := client.Set(ctx, fmt.Sprintf("quiet/%d", i), i, 0).Err(); err != nil {
			t.Fatal(err)
		}
	}
	if err := client.Set(ctx, "quiet/expires", 1, 300*time.Millisecond).Err(); err != nil {
		t.Fatal(err)
	}
	await(t, "it has expired", func() bool {
		return client.Do(ctx, "CONF", "META", "quiet/expires").Err() == redis.Nil
	})
	time.Sleep(time.Second) // what is not to happen has its time
	stop()
	<-ended
	for i, after := range revisions(t, g) {
		if got := after - before[i]; got != writes+2 { // one of them for what expires
			wrong = append(wrong, fmt.Sprintf("%d writes, and one that expires: %s has applied %d", writes+1, g.Hosts()[i].Name, got))
		}
	}
	return wrong
}

// Class 3: a node proposes what it has applied, and so all nodes do, for ever.
func TestNothingIsProposedThatWasApplied(t *testing.T) {
	t.Parallel()
	g := newGround(t)
	hosts := g.Found(3)
	admin := hosts[0].Client()
	defer admin.Close()
	if err := admin.ConfigSet(t.Context(), "notify-keyspace-events", "KEA").Err(); err != nil {
		t.Fatal(err)
	}
	listen := func(ctx context.Context, heard func(name string)) {
		var ends []func() error
		for _, h := range hosts {
			c := h.Client()
			s := c.PSubscribe(ctx, "__keyevent@0__:set")
			ends = append(ends, s.Close, c.Close)
			go func() {
				for m := range s.Channel() {
					heard(m.Payload)
				}
			}()
			conn := c.Conn()
			ends = append(ends, conn.Close)
			for _, words := range [][]any{{"HELLO", 3}, {"CLIENT", "TRACKING", "ON", "BCAST"}} {
				if err := conn.Do(ctx, words...).Err(); err != nil {
					t.Error(err)
				}
			}
			_ = c.XRead(ctx, &redis.XReadArgs{Streams: []string{"confman/changes", "$"}, Block: 200 * time.Millisecond}).Err()
		}
		<-ctx.Done()
		for _, end := range ends {
			_ = end()
		}
	}
	holds(t, echoes(t, g, func(ctx context.Context) { listen(ctx, func(string) {}) }))
	noticed(t, "a client writes what it hears", echoes(t, g, func(ctx context.Context) {
		listen(ctx, func(name string) { _ = hosts[1].Client().Set(ctx, name+"/again", "1", 0).Err() })
	}))
}
