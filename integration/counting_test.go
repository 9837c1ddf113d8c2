package integration

import (
	"context"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// A counting is clients of every node that count one config up, while things go wrong.
type counting struct {
	t       *testing.T
	nodes   []*node
	through []progress // for each node
	cancel  context.CancelFunc
	clients sync.WaitGroup
}

// progress is what the clients of one node were told.
type progress struct {
	acknowledged, doubtful, refused atomic.Int64
}

const counted = "counter"

// patience is how long a client waits for an answer: for as long as the node holds a write, and
// then some.
const patience = 20 * time.Second

// underLoad starts some clients for each node. check ends them, or else the test's end does.
func underLoad(t *testing.T, nodes []*node, each int) *counting {
	ctx, cancel := context.WithCancel(context.Background())
	c := &counting{t: t, nodes: nodes, through: make([]progress, len(nodes)), cancel: cancel}
	t.Cleanup(c.stop)
	for i, n := range nodes {
		for range each {
			c.clients.Go(func() { c.count(ctx, n, &c.through[i]) })
		}
	}
	return c
}

// count counts through one node until ctx ends. After an error it waits a little: a refusal
// costs nothing, and a client that did nothing but collect them would take the machine's time.
func (c *counting) count(ctx context.Context, n *node, p *progress) {
	client := n.client()
	defer client.Close()
	pause := time.NewTicker(20 * time.Millisecond)
	defer pause.Stop()
	for ctx.Err() == nil {
		start := time.Now()
		err := client.Incr(context.Background(), counted).Err()
		if took := time.Since(start); took > patience {
			c.t.Errorf("INCR through %s was answered after %v: %v", n.resp, took, err)
		}
		switch {
		case err == nil:
			p.acknowledged.Add(1)
			continue
		case redis.HasErrorPrefix(err, "MISCONF"):
			p.refused.Add(1)
		case redis.HasErrorPrefix(err, "CLUSTERDOWN"), redis.HasErrorPrefix(err, "TRYAGAIN"),
			strings.Contains(err.Error(), "connection refused"):
		case redis.HasErrorPrefix(err, "INDOUBT"), !isReply(err):
			p.doubtful.Add(1) // in doubt, or the connection broke
		default:
			c.t.Errorf("INCR: %v", err)
		}
		<-pause.C
	}
}

// goesOn waits until writes go through each of some nodes, given by their index.
func (c *counting) goesOn(at ...int) {
	c.t.Helper()
	for _, i := range at {
		before := c.through[i].acknowledged.Load()
		c.nodes[i].eventually("writes go through it", func() bool { return c.through[i].acknowledged.Load() > before+10 })
	}
}

func (c *counting) stop() {
	c.cancel()
	c.clients.Wait()
}

// check ends the clients, waits until all nodes hold one state, and compares what was counted
// with what the clients were told.
func (c *counting) check() {
	c.t.Helper()
	c.stop()
	settled(c.t, c.nodes)
	client := c.nodes[0].client()
	defer client.Close()
	total, err := client.Get(context.Background(), counted).Int64()
	if err != nil {
		c.t.Fatal(err)
	}
	var acknowledged, doubtful, refused int64
	for i := range c.through {
		acknowledged += c.through[i].acknowledged.Load()
		doubtful += c.through[i].doubtful.Load()
		refused += c.through[i].refused.Load()
	}
	c.t.Logf("%d increments acknowledged, %d in doubt, %d refused, %d counted", acknowledged, doubtful, refused, total)
	if total < acknowledged || total > acknowledged+doubtful {
		c.t.Errorf("counted to %d: %d were acknowledged, and %d more may have happened", total, acknowledged, doubtful)
	}
}
