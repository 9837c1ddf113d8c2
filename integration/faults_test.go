package integration

import (
	"context"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// counter counts one config up from one node, and keeps account of what it was told.
type counter struct {
	acknowledged, doubtful atomic.Int64
}

// run counts until ctx ends. Errors other than "the outcome is not known" and "not done"
// are the test's to report.
func (c *counter) run(ctx context.Context, t *testing.T, n *node, name string) {
	client := n.client()
	defer client.Close()
	for ctx.Err() == nil {
		err := client.Incr(context.Background(), name).Err()
		switch {
		case err == nil:
			c.acknowledged.Add(1)
		case strings.HasPrefix(err.Error(), "CLUSTERDOWN"), strings.HasPrefix(err.Error(), "TRYAGAIN"),
			strings.Contains(err.Error(), "connection refused"):
		case redis.HasErrorPrefix(err, "INDOUBT"), !isReply(err):
			c.doubtful.Add(1) // in doubt, or the connection broke
		default:
			t.Errorf("INCR: %v", err)
		}
	}
}

// isReply reports whether an error is a server's answer.
func isReply(err error) bool {
	_, ok := err.(redis.Error)
	return ok
}

// Nodes are killed, one after the other and now and then all of them, while clients of
// every node count. What was acknowledged is counted, and nothing is counted twice.
func TestKillUnderLoad(t *testing.T) {
	nodes := three(t)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var c counter
	var clients sync.WaitGroup
	for range 4 {
		for _, n := range nodes {
			clients.Go(func() { c.run(ctx, t, n, "counter") })
		}
	}
	progress := func() {
		before := c.acknowledged.Load()
		nodes[0].eventually("somebody's write goes through", func() bool { return c.acknowledged.Load() > before+20 })
	}
	const kills = 30
	for i := range kills {
		progress()
		switch {
		case i%3 == 2:
			for _, n := range nodes {
				n.kill()
			}
			for _, n := range nodes {
				n.start()
			}
		case i%2 == 0:
			n := nodes[leader(t, nodes)]
			n.kill()
			progress()
			n.start()
		default:
			n := nodes[i%3]
			n.kill()
			n.start()
		}
	}
	progress()
	cancel()
	clients.Wait()
	settled(t, nodes)
	client := nodes[0].client()
	defer client.Close()
	total, err := client.Get(context.Background(), "counter").Int64()
	if err != nil {
		t.Fatal(err)
	}
	acknowledged, doubtful := c.acknowledged.Load(), c.doubtful.Load()
	t.Logf("%d kills, %d increments acknowledged, %d in doubt, %d counted", kills, acknowledged, doubtful, total)
	if total < acknowledged || total > acknowledged+doubtful {
		t.Errorf("counted to %d: %d were acknowledged, and %d more may have happened", total, acknowledged, doubtful)
	}
}

// A stopped leader hands over: nobody waits for an election.
func TestStopHandsOver(t *testing.T) {
	nodes := three(t)
	at := leader(t, nodes)
	other := nodes[(at+1)%3]
	client := other.client()
	defer client.Close()
	if err := client.Set(context.Background(), "x", "1", 0).Err(); err != nil {
		t.Fatal(err)
	}
	nodes[at].stop()
	start := time.Now()
	if err := client.Set(context.Background(), "x", "2", 0).Err(); err != nil {
		t.Fatal(err)
	}
	t.Logf("the first write after the leader had stopped took %v", time.Since(start))
}

// One of three nodes that is left alone reads, and refuses writes for a stated reason.
func TestAlone(t *testing.T) {
	nodes := three(t)
	ctx := context.Background()
	client := nodes[0].client()
	defer client.Close()
	if err := client.Set(ctx, "prod/x", "1", 0).Err(); err != nil {
		t.Fatal(err)
	}
	nodes[1].kill()
	nodes[2].kill()
	nodes[0].stop()
	nodes[0].hold = "300ms"
	nodes[0].start()
	if got, err := client.HGetAll(ctx, "prod").Result(); err != nil || got["x"] != "1" {
		t.Errorf("read alone, after a restart: %v, %v", got, err)
	}
	err := client.Set(ctx, "prod/x", "2", 0).Err()
	if err == nil || !strings.HasPrefix(err.Error(), "CLUSTERDOWN") || !strings.Contains(err.Error(), "reaches 1 of 3 nodes") {
		t.Errorf("write alone: %v", err)
	}
}

// A write through a survivor waits for the election and goes through, however often the
// leader is killed.
func TestFailover(t *testing.T) {
	nodes := three(t)
	const kills = 10
	var took []time.Duration
	for range kills {
		at := leader(t, nodes)
		client := nodes[(at+1)%3].client()
		nodes[at].kill()
		start := time.Now()
		if err := client.Incr(context.Background(), "counter").Err(); err != nil {
			t.Fatal(err)
		}
		took = append(took, time.Since(start))
		_ = client.Close() // it has done its work
		nodes[at].start()
		nodes[at].eventually("it follows", func() bool { return nodes[at].info()["raft_role"] == "follower" })
	}
	settled(t, nodes)
	client := nodes[0].client()
	defer client.Close()
	if got, err := client.Get(context.Background(), "counter").Int(); err != nil || got != kills {
		t.Errorf("counted to %d, %v", got, err)
	}
	slices.Sort(took)
	t.Logf("%d kills of the leader; until the next write was answered: median %v, longest %v", kills, took[kills/2], took[kills-1])
}
