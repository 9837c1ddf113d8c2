package integration

import (
	"context"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	loads "confman/integration/load"
)

// Consumers on all nodes follow the feed, and go on at other nodes, while writers write through all of
// them and nodes are killed. Nobody misses a change, or gets one twice, or another order; and what
// the feed has told is what there is, on a node that has only come at the end, too.
func TestTheFeedLosesNothing(t *testing.T) {
	nodes := three(t)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	feed := &loads.Feed{Pause: time.Millisecond, Nap: 500 * time.Millisecond}
	var working sync.WaitGroup
	working.Go(func() { feed.Run(ctx, addrsOf(nodes), 1) })
	killsUnderLoad(t, nodes, func() int64 { return feed.Report().Operations })
	stop()
	working.Wait()
	late := newNode(t)
	late.start("--join", nodes[0].token())
	late.eventually("it takes part", late.takesPart)
	nodes = append(nodes, late)
	settled(t, nodes)
	feed.Finish(t.Context(), addrsOf(nodes))
	tellsAll(t, feed)
	t.Logf("consumers went on at another node %d times; the late node was sent the state: %v",
		feed.Moves(), strings.Contains(late.log.String(), stateReplaced))
	if feed.Moves() == 0 {
		t.Error("every consumer stayed where it was")
	}

	// Who has only come at the end tells all from the beginning.
	again := &loads.Feed{Pause: time.Hour}
	ctx, stop = context.WithCancel(t.Context())
	defer stop()
	working.Go(func() { again.Run(ctx, addrsOf(nodes[3:]), 2) })
	late.eventually("it tells all", func() bool { return again.Report().Checked >= feed.Report().Checked })
	stop()
	working.Wait()
	settled(t, nodes)
	again.Finish(t.Context(), addrsOf(nodes))
	tellsAll(t, again)
}

func addrsOf(nodes []*node) (all []string) {
	for _, n := range nodes {
		all = append(all, n.resp)
	}
	return all
}

// tellsAll checks what the feed was found to tell.
func tellsAll(t *testing.T, feed *loads.Feed) {
	t.Helper()
	r := feed.Report()
	t.Log(r)
	for _, v := range r.Violations {
		t.Error(v)
	}
	if r.Checked < 60_000 { // by three consumers
		t.Errorf("only %d changes", r.Checked)
	}
}

// killsUnderLoad kills nodes while so many writes are done.
func killsUnderLoad(t *testing.T, nodes []*node, done func() int64) {
	t.Helper()
	const kills, writes = 9, 24_000
	for i := range int64(kills) {
		n := nodes[i%3]
		if i%2 == 0 {
			n = nodes[leader(t, nodes)]
		}
		n.kill()
		goal := done() + writes/kills/2
		nodes[0].eventually("the others go on", func() bool { return done() > goal })
		n.start()
		nodes[0].eventually("writes go through", func() bool { return done() > writes*(i+1)/kills })
	}
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
