package integration

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

const feed = "confman/changes"

// told is one change as the feed tells it.
type told struct {
	id, name, op, digest string
	version              uint64
}

// toldOf reads entries of a stream.
func toldOf(entries []redis.XMessage) (all []told) {
	for _, e := range entries {
		field := func(name string) string { s, _ := e.Values[name].(string); return s }
		version, _ := strconv.ParseUint(field("version"), 10, 64)
		all = append(all, told{e.ID, field("name"), field("op"), field("digest"), version})
	}
	return all
}

// fold makes of what the feed has told the configs that there must be, by name, and checks that it
// told all: ids grow, within a revision one by one, and so do the versions of each config, also when it was gone meanwhile.
func fold(all []told) (configs map[string]told, err error) {
	configs = map[string]told{}
	versions := map[string]uint64{}
	var revision, place uint64
	for i, c := range all {
		var r, n uint64
		if _, err := fmt.Sscanf(c.id, "%d-%d", &r, &n); err != nil {
			return nil, fmt.Errorf("change %d: id %q: %w", i, c.id, err)
		}
		if !(r > revision && n == 0 || i > 0 && r == revision && n == place+1) {
			return nil, fmt.Errorf("change %d: %s comes behind %d-%d", i, c.id, revision, place)
		}
		revision, place = r, n
		before, there := configs[c.name]
		want := versions[c.name] + 1
		versions[c.name] = c.version
		switch c.op {
		case "del", "expired":
			want = before.version
			delete(configs, c.name)
		case "set", "expire", "persist":
			there = true
			configs[c.name] = c
		default:
			return nil, fmt.Errorf("change %d: %+v", i, c)
		}
		if !there || c.version != want {
			return nil, fmt.Errorf("change %d: %+v comes behind %+v", i, c, before)
		}
	}
	return configs, nil
}

// A consumer follows the feed, from one node to the next.
type consumer struct {
	all   []told
	moves int // how often it went on at another node
	last  atomic.Pointer[string]
}

// follow reads on until ctx ends, at another node whenever one fails, and every now and then.
func (c *consumer) follow(ctx context.Context, t *testing.T, nodes []*node, at int) {
	const reads = 40 // at one node
	position := "0"
	for ; ctx.Err() == nil; at++ {
		client := nodes[at%len(nodes)].client()
		for n := 0; n < reads && ctx.Err() == nil; n++ {
			streams, err := client.XRead(ctx, &redis.XReadArgs{Streams: []string{feed, position}, Block: 200 * time.Millisecond}).Result()
			if errors.Is(err, redis.Nil) {
				continue
			}
			if err != nil {
				if redis.HasErrorPrefix(err, "GONE") || redis.HasErrorPrefix(err, "ERR") {
					t.Errorf("behind %s: %v", position, err)
				}
				break
			}
			c.all = append(c.all, toldOf(streams[0].Messages)...)
			latest := c.all[len(c.all)-1].id
			position = latest
			c.last.Store(&latest)
		}
		_ = client.Close()
		c.moves++
	}
}

// scribble writes, deletes and lets expire through a node until ctx ends.
func scribble(ctx context.Context, t *testing.T, n *node, seed uint64, done *atomic.Int64) {
	random := rand.New(rand.NewPCG(seed, 1))
	client := n.client()
	defer client.Close()
	for ctx.Err() == nil {
		results, _ := client.Pipelined(context.Background(), func(p redis.Pipeliner) error {
			for range 20 {
				name := fmt.Sprintf("feed/n%d/k%d", random.IntN(5), random.IntN(50))
				switch random.IntN(10) {
				case 0:
					p.Del(context.Background(), name)
				case 1:
					p.PExpire(context.Background(), name, time.Duration(1+random.IntN(2000))*time.Millisecond)
				case 2:
					p.MSet(context.Background(), name, random.IntN(100), "feed/m/"+strconv.Itoa(random.IntN(20)), random.IntN(100))
				default:
					p.Set(context.Background(), name, random.IntN(1000), 0)
				}
			}
			return nil
		})
		for _, r := range results {
			if err := r.Err(); err == nil {
				done.Add(1)
			} else if redis.HasErrorPrefix(err, "ERR") || redis.HasErrorPrefix(err, "WRONGTYPE") {
				t.Errorf("%v: %v", r, err)
			}
		}
	}
}

// Consumers on all nodes follow the feed, and go on at other nodes, while writers write through all of
// them and nodes are killed. Nobody misses a change, or gets one twice, or another order; and what
// the feed has told is what there is, on a node that has only come at the end, too.
func TestTheFeedLosesNothing(t *testing.T) {
	nodes := three(t)
	writing, stopWriting := context.WithCancel(context.Background())
	following, stopFollowing := context.WithCancel(context.Background())
	defer stopFollowing()
	defer stopWriting()
	var writers, readers sync.WaitGroup
	var done atomic.Int64
	consumers := []*consumer{{}, {}, {}}
	for i, c := range consumers {
		readers.Go(func() { c.follow(following, t, nodes, i) })
	}
	for i := range 6 {
		writers.Go(func() { scribble(writing, t, nodes[i%3], uint64(i), &done) })
	}
	killsUnderLoad(t, nodes, &done)
	stopWriting()
	writers.Wait()
	late := newNode(t)
	late.start("--join", nodes[0].token())
	late.eventually("it takes part", late.takesPart)
	all := append(slices.Clone(nodes), late)
	last := quiet(t, all)
	for i, c := range consumers {
		nodes[i].eventually("it is told all", c.has(last))
	}
	stopFollowing()
	readers.Wait()
	t.Logf("%d changes, %d writes; consumers went on at another node %d, %d and %d times; the late node was sent the state: %v",
		len(consumers[0].all), done.Load(), consumers[0].moves, consumers[1].moves, consumers[2].moves, strings.Contains(late.log.String(), stateReplaced))
	checkAll(t, all, append(consumers, fromTheStart(t, late, last)))
}

// killsUnderLoad kills nodes while so many writes are done.
func killsUnderLoad(t *testing.T, nodes []*node, done *atomic.Int64) {
	t.Helper()
	const kills, writes = 9, 24_000
	for i := range int64(kills) {
		n := nodes[i%3]
		if i%2 == 0 {
			n = nodes[leader(t, nodes)]
		}
		n.kill()
		goal := done.Load() + writes/kills/2
		nodes[0].eventually("the others go on", func() bool { return done.Load() > goal })
		n.start()
		nodes[0].eventually("writes go through", func() bool { return done.Load() > writes*(i+1)/kills })
	}
}

// quiet waits until nothing changes any more, and returns the id of the last change.
func quiet(t *testing.T, nodes []*node) (last string) {
	t.Helper()
	client := nodes[0].client()
	defer client.Close()
	nodes[0].eventually("nothing expires any more", func() bool {
		text, _ := client.Info(context.Background(), "keyspace").Result()
		return strings.Contains(text, "expires=0")
	})
	settled(t, nodes)
	entries, err := client.XRevRangeN(context.Background(), feed, "+", "-", 1).Result()
	if err != nil || len(entries) == 0 {
		t.Fatalf("%v, %v", entries, err)
	}
	return entries[0].ID
}

// has returns whether the consumer has been told of a change.
func (c *consumer) has(id string) func() bool {
	return func() bool { p := c.last.Load(); return p != nil && *p == id }
}

// fromTheStart is a consumer that reads all from one node.
func fromTheStart(t *testing.T, n *node, last string) *consumer {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	c := &consumer{}
	var reading sync.WaitGroup
	reading.Go(func() { c.follow(ctx, t, []*node{n}, 0) })
	n.eventually("it tells all", c.has(last))
	stop()
	reading.Wait()
	return c
}

// checkAll checks what consumers were told, and that the checks would notice if it were wrong.
func checkAll(t *testing.T, nodes []*node, consumers []*consumer) {
	t.Helper()
	all := consumers[0].all
	if len(all) < 20_000 {
		t.Errorf("only %d changes", len(all))
	}
	for i, c := range consumers {
		if !slices.Equal(c.all, all) {
			t.Errorf("consumer %d was told other things: %d changes", i, len(c.all))
		}
		if len(nodes) > 1 && c.moves == 0 {
			t.Errorf("consumer %d stayed where it was", i)
		}
	}
	for _, n := range nodes {
		if err := checkFeed(n, all); err != nil {
			t.Errorf("node %s: %v", n.resp, err)
		}
	}
	for _, at := range []int{0, len(all) / 3, len(all) / 2, len(all) - 1} {
		without := slices.Delete(slices.Clone(all), at, at+1)
		for what, wrong := range map[string][]told{
			"missing":        without,
			"twice":          slices.Insert(slices.Clone(all), at, all[at]),
			"the end":        all[:at],
			"elsewhere":      slices.Insert(slices.Clone(without), (at+7)%len(without), all[at]),
			"said once more": append(slices.Clone(all), all[at]),
		} {
			if checkFeed(nodes[0], wrong) == nil {
				t.Errorf("change %d is %s, and nobody noticed", at, what)
			}
		}
	}
}

// checkFeed compares what the feed has told with the configs of a node.
func checkFeed(n *node, all []told) error {
	want, err := fold(all)
	if err != nil {
		return err
	}
	client := n.client()
	defer client.Close()
	ctx := context.Background()
	found := 0
	for names := client.Scan(ctx, 0, "*", 1000).Iterator(); names.Next(ctx); found++ {
		digest, err := client.Do(ctx, "DIGEST", names.Val()).Text()
		if c, told := want[names.Val()]; err != nil || !told || c.digest != digest {
			return fmt.Errorf("%s has the digest %s, and the feed says %+v: %w", names.Val(), digest, c, err)
		}
	}
	if found != len(want) || found == 0 {
		return fmt.Errorf("there are %d configs, and the feed says %d", found, len(want))
	}
	return nil
}

// redis-py reads the feed as any stream.
func TestTheFeedWithRedisPy(t *testing.T) {
	python := withRedis(t)
	n := newNode(t)
	n.start()
	const program = `
import redis, sys, threading
def connect(): return redis.Redis(port=int(sys.argv[1]), decode_responses=True)
r = connect()
r.set("prod/api/timeout", "30s")
r.mset({"prod/api/url": "http://x", "dev/x": 1})
(name, entries), = r.xread({"confman/changes": 0})
assert name == "confman/changes" and sorted(e[1]["name"] for e in entries) == ["dev/x", "prod/api/timeout", "prod/api/url"], entries
last = entries[-1][0]
got = []
t = threading.Thread(target=lambda: got.extend(connect().xread({"confman/values/prod": last}, block=30000)))
t.start()
while r.info("clients")["blocked_clients"] == 0: pass
r.set("dev/x", 2)
r.set("prod/api/timeout", "45s")
t.join()
(name, entries), = got
assert name == "confman/values/prod" and len(entries) == 1, got
assert entries[0][1]["value"] == "45s" and entries[0][1]["version"] == "2" and entries[0][1]["op"] == "set", entries
assert r.xlen("confman/changes") == 5 and len(r.xrange("confman/changes")) == 5 and len(r.xrevrange("confman/changes", count=1)) == 1
info = r.xinfo_stream("confman/changes")
assert info["length"] == 5 and info["last-entry"][0] == entries[0][0], info
assert r.xinfo_groups("confman/changes") == [] and r.type("confman/changes") == "stream"
assert r.xread({"confman/changes": "$"}, block=1) == []
try:
    r.xlen("confman/nodes")
    raise SystemExit("the system's configs are open")
except redis.ResponseError as e:
    assert "reserved" in str(e), e
print("fine")
`
	_, port, _ := strings.Cut(n.resp, ":")
	out, err := exec.Command(python, "-c", program, port).CombinedOutput()
	if err != nil || strings.TrimSpace(string(out)) != "fine" {
		t.Errorf("%v\n%s", err, out)
	}
}
