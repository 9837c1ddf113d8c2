package load

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
)

// Feed follows the stream of all changes, while it writes, deletes and lets expire through all nodes. Consumers read it
// from one node to the next, some of them slowly. None may miss a change, or be told of one twice or in another order, all of
// them are told the same, and what they are told makes up what there is. Who asks for what is not
// kept any more is told so, and reads the configs anew.
type Feed struct {
	Lie   *Lie          // what consumers are told that is not so
	Pause time.Duration // between what a writer writes and the next; 100 ms if zero
	Nap   time.Duration // how long the slow consumer sleeps between two reads; 10 s if zero
	Keep  int           // how many bytes of changes the cluster is to keep, if not zero: it is set for all, and stays

	ledger
	resyncs   atomic.Int64
	moves     atomic.Int64
	stretches stretches
	consumers []*consumer
}

const (
	feedStream = "confman/changes"
	feedPart   = "feed/"
	feedOnce   = feedPart + "once/"
)

// Name is feed.
func (l *Feed) Name() string { return "feed" }

// Resyncs is how often a consumer had to read the configs anew, because what was to follow was not kept any more.
func (l *Feed) Resyncs() int64 { return l.resyncs.Load() }

// Moves is how often a consumer went on at another node.
func (l *Feed) Moves() int64 { return l.moves.Load() }

// consumerNaps are the consumers: how long each sleeps between two reads.
func (l *Feed) consumerNaps() []time.Duration {
	return []time.Duration{0, 0, cmp.Or(l.Nap, 10*time.Second)}
}

// Run writes and follows until ctx ends.
func (l *Feed) Run(ctx context.Context, addrs []string, seed uint64) {
	var all sync.WaitGroup
	for i, nap := range l.consumerNaps() {
		c := &consumer{Feed: l, id: i, nap: nap, fold: newFold(feedPart, feedOnce), stretch: stretch{whole: true}}
		l.consumers = append(l.consumers, c)
		all.Go(func() { c.follow(ctx, addrs, i) })
	}
	if l.Keep != 0 {
		configure(ctx, addrs, "audit-bytes", strconv.Itoa(l.Keep))
	}
	for i := range addrs {
		all.Go(func() { l.write(ctx, addrs, i, rand.New(rand.NewPCG(seed, uint64(i)))) })
	}
	all.Wait()
}

// learned counts a write, and returns what its error leaves known of it. An error that nobody may give is a violation.
func (l *ledger) learned(err error) knowledge {
	k := knows(err)
	if dial := new(net.OpError); errors.As(err, &dial) && dial.Op == "dial" {
		k = declined
	}
	if k == absurd {
		l.violated("a write was answered: %v", err)
	}
	l.count(k)
	return k
}

// configure sets a parameter on all nodes, through any of them.
func configure(ctx context.Context, addrs []string, parameter, value string) {
	for i := 0; ctx.Err() == nil; i++ {
		client := Client(addrs[i%len(addrs)], nil)
		err := client.ConfigSet(ctx, parameter, value).Err()
		_ = client.Close()
		if err == nil {
			return
		}
		pauseFor(ctx, setBack)
	}
}

// write writes through a node, and through the next one when that does not take it.
func (l *Feed) write(ctx context.Context, addrs []string, at int, random *rand.Rand) {
	for ; ctx.Err() == nil; at++ {
		client := Client(addrs[at%len(addrs)], nil)
		for ctx.Err() == nil && l.scribble(client, random) {
			pauseFor(ctx, cmp.Or(l.Pause, 100*time.Millisecond))
		}
		_ = client.Close()
		pauseFor(ctx, setBack)
	}
}

// scribble sends some writes at once, and reports whether all of them were answered and done.
func (l *Feed) scribble(client *redis.Client, random *rand.Rand) (done bool) {
	ctx := context.Background() // or what was sent is not known to be
	results, _ := client.Pipelined(ctx, func(p redis.Pipeliner) error {
		for range 10 {
			l.queue(ctx, p, random)
		}
		return nil
	})
	done = true
	for _, r := range results {
		if l.learned(r.Err()) != told {
			done = false
		}
	}
	return done
}

// queue queues a write by chance.
func (l *Feed) queue(ctx context.Context, p redis.Pipeliner, random *rand.Rand) {
	namespace := fmt.Sprintf("%sn%d", feedPart, random.IntN(5))
	field := fmt.Sprintf("k%d", random.IntN(50))
	name, value := namespace+"/"+field, random.IntN(1000)
	soon := time.Duration(1+random.IntN(2000)) * time.Millisecond
	switch random.IntN(20) {
	case 0:
		p.Del(ctx, name)
	case 1:
		p.PExpire(ctx, name, soon)
	case 2:
		p.Persist(ctx, name)
	case 3:
		p.MSet(ctx, name, value, fmt.Sprintf("%sm/%d", feedPart, random.IntN(20)), value)
	case 4:
		p.HSet(ctx, namespace, field, value, "k0", value)
	case 5:
		p.HDel(ctx, namespace, field, "k1", "k2")
	case 6:
		if random.IntN(20) == 0 {
			p.Del(ctx, namespace) // with all that is in it
		}
	case 7, 8, 9:
		// What is set only when it is not there has expired, and that has been told.
		p.SetNX(ctx, feedOnce+strconv.Itoa(random.IntN(20)), value, soon)
	default:
		p.Set(ctx, name, value, 0)
	}
}
