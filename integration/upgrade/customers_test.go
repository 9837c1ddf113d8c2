package upgrade

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"confman/integration/ground"

	"github.com/redis/go-redis/v9"
)

// Customers are clients of all nodes while these are stopped and started on purpose. For each node there is one that
// counts a config of its own, and one that reads what is counted through the next node; they check each answer at
// once. A client of a node that is away on purpose may see errors, and connects again; one of a node that runs sees none.
type customers struct {
	at      []*customer
	gate    sync.RWMutex // is held for reading by whoever asks a node
	cancel  context.CancelFunc
	working sync.WaitGroup

	mu    sync.Mutex
	wrong []string // what cannot be, in the order in which it was seen
}

// A customer is the clients of one node.
type customer struct {
	host  *ground.Host
	away  atomic.Bool  // the node is, or is about to be
	asked atomic.Int64 // increments that may have happened
	acked atomic.Int64 // of them, those that were acknowledged
	reads atomic.Int64
}

// pace is how long a client waits between what it asks.
const pace = 10 * time.Millisecond

// serveCustomers starts clients of some nodes.
func serveCustomers(hosts []*ground.Host) *customers {
	ctx, cancel := context.WithCancel(context.Background())
	c := &customers{cancel: cancel}
	for _, h := range hosts {
		c.at = append(c.at, &customer{host: h})
	}
	for i, one := range c.at {
		c.working.Go(func() { c.count(ctx, one) })
		c.working.Go(func() { c.read(ctx, one, c.at[(i+1)%len(c.at)]) })
	}
	return c
}

func (c *customers) stop() {
	c.cancel()
	c.working.Wait()
}

// of returns the clients of a host's node.
func (c *customers) of(h *ground.Host) *customer {
	for _, one := range c.at {
		if one.host == h {
			return one
		}
	}
	return nil
}

func (one *customer) counts() string { return "upgrade/" + one.host.Name }

// each has a client ask its node over and over, until ctx ends.
func (c *customers) each(ctx context.Context, one *customer, ask func() error) {
	tick := time.NewTicker(pace)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		c.gate.RLock()
		excused := one.away.Load()
		if err := ask(); err != nil && !excused && !one.away.Load() {
			c.violated("a client of %s, which runs, was told: %v", one.host.Name, err)
		}
		c.gate.RUnlock()
	}
}

func (c *customers) count(ctx context.Context, one *customer) {
	client := one.host.Client()
	defer client.Close()
	c.each(ctx, one, func() error {
		one.asked.Add(1)
		n, err := client.Incr(context.Background(), one.counts()).Result()
		switch {
		case err == nil:
			one.acked.Add(1)
			c.check("counts through "+one.host.Name, one, one.acked.Load(), n)
		case didNothing(err):
			one.asked.Add(-1)
		}
		return err
	})
}

// read reads through one node what is counted through another. It asks for all that was acknowledged before, by whomever.
func (c *customers) read(ctx context.Context, one, other *customer) {
	client := linearizableClient(one.host)
	defer client.Close()
	c.each(ctx, one, func() error {
		least := other.acked.Load()
		n, err := client.Get(context.Background(), other.counts()).Int64()
		if errors.Is(err, redis.Nil) {
			n, err = 0, nil
		}
		if err == nil {
			one.reads.Add(1)
			c.check("reads through "+one.host.Name, other, least, n)
		}
		return err
	})
}

// linearizableClient is a client of a host's node whose reads a majority has to confirm.
func linearizableClient(h *ground.Host) *redis.Client {
	plain := h.Client()
	defer plain.Close()
	options := *plain.Options()
	options.OnConnect = func(ctx context.Context, conn *redis.Conn) error {
		return conn.Process(ctx, redis.NewStatusCmd(ctx, "CONF", "CONSISTENCY", "LINEARIZABLE"))
	}
	return redis.NewClient(&options)
}

// check compares a count that was seen with what its client was told.
func (c *customers) check(who string, counted *customer, least, n int64) {
	if most := counted.asked.Load(); n < least || n > most {
		c.violated("%s: %s is %d, and at least %d and at most %d were counted", who, counted.counts(), n, least, most)
	}
}

// didNothing reports whether an error says that a write has not happened and will not.
func didNothing(err error) bool {
	dial, is := errors.AsType[*net.OpError](err)
	return is && dial.Op == "dial" || redis.HasErrorPrefix(err, "CLUSTERDOWN") || redis.HasErrorPrefix(err, "TRYAGAIN") ||
		redis.HasErrorPrefix(err, "LOADING")
}

// violated notes what cannot be, the first few times.
func (c *customers) violated(format string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.wrong) < 10 {
		c.wrong = append(c.wrong, fmt.Sprintf(format, args...))
	}
}

func (c *customers) violations() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]string(nil), c.wrong...)
}

// goesOn waits until more is counted and read through a host's node.
func (c *customers) goesOn(h *ground.Host) {
	one := c.of(h)
	acked, reads := one.acked.Load(), one.reads.Load()
	h.Eventually("writes and reads go through it", func() bool {
		return one.acked.Load() > acked+5 && one.reads.Load() > reads+5
	})
}

// quiet runs do while no client asks anything, and none waits for an answer.
func (c *customers) quiet(do func()) {
	c.gate.Lock()
	defer c.gate.Unlock()
	do()
}

// totals are how much was counted, of that was acknowledged, and read.
func (c *customers) totals() (asked, acked, reads int64) {
	for _, one := range c.at {
		asked, acked, reads = asked+one.asked.Load(), acked+one.acked.Load(), reads+one.reads.Load()
	}
	return asked, acked, reads
}
