package load

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
)

// Notify listens to keyspace notifications and to messages on all nodes. What writers write through any node is told by
// every node, in their order and once, and over a connection that lives without a gap; what is published on a
// node its own subscribers are told so as well, and those of others in the same order, of which some may miss
// something. Whoever has lost a connection begins anew, and may have missed what told meanwhile.
type Notify struct {
	Lie   *Lie          // what subscribers are told that is not so
	Pause time.Duration // between what each writes or publishes and the next; 100 ms if zero

	ledger
	connections atomic.Int64
	part        string // what the names of its configs begin with
	writers     []*voice
	publishers  map[string]*voice // by the address of their node
}

const (
	keyspace = "__keyspace@0__:"

	// The configs of a writer, each of which has its numbers in turn: a subscriber tells from the config which
	// number is meant, unless it is that far behind. They are few, because what they were is kept.
	notifyRing = 512
)

// Name is notify.
func (l *Notify) Name() string { return "notify" }

// Connections is how often a subscriber has connected to a node.
func (l *Notify) Connections() int64 { return l.connections.Load() }

// Run writes, publishes and listens until ctx ends.
func (l *Notify) Run(ctx context.Context, addrs []string, seed uint64) {
	l.part = fmt.Sprintf("notify/%d/", seed)
	l.publishers = map[string]*voice{}
	for i, addr := range addrs {
		l.writers = append(l.writers, newVoice(fmt.Sprintf("%sw%d", l.part, i)))
		l.publishers[addr] = newVoice(l.part + addr)
	}
	configure(ctx, addrs, "notify-keyspace-events", "KEA")
	var all sync.WaitGroup
	l.listening(ctx, addrs, &all)
	l.speaking(ctx, addrs, math.MaxInt, &all)
	all.Wait()
}

func newVoice(name string) *voice { return &voice{name: name, unsure: map[uint64]struct{}{}} }

// speaking has the voices speak so many times each, or until ctx ends.
func (l *Notify) speaking(ctx context.Context, addrs []string, times int, all *sync.WaitGroup) {
	for i, v := range l.writers {
		from := i % len(addrs)
		all.Go(func() { l.speak(ctx, v, slices.Concat(addrs[from:], addrs[:from]), times, writeOne) })
	}
	for addr, v := range l.publishers {
		all.Go(func() { l.speak(ctx, v, []string{addr}, times, publishOne) })
	}
}

// speak does one thing after the other at a node, or at the next one when it fails.
func (l *Notify) speak(ctx context.Context, v *voice, addrs []string, times int, one func(context.Context, *redis.Client, *voice, uint64) error) {
	for at, did := 0, 0; did < times && ctx.Err() == nil; at++ {
		client := Client(addrs[at%len(addrs)], nil)
		for ; did < times && ctx.Err() == nil; did++ {
			k := l.learned(one(context.Background(), client, v, v.send())) // not ctx, or it would end in doubt
			if v.learn(k); k != told {
				pauseFor(ctx, setBack)
				break
			}
			pauseFor(ctx, cmp.Or(l.Pause, 100*time.Millisecond))
		}
		_ = client.Close()
	}
}

func publishOne(ctx context.Context, client *redis.Client, v *voice, n uint64) error {
	return client.Publish(ctx, v.name, n).Err()
}

// writeOne changes the config that a number stands for, in one of several ways.
func writeOne(ctx context.Context, client *redis.Client, v *voice, n uint64) error {
	name := fmt.Sprintf("%s/%d", v.name, n%notifyRing)
	switch n % 4 {
	case 1:
		return client.Incr(ctx, name).Err()
	case 2:
		return client.Append(ctx, name, "x").Err()
	case 3:
		return client.SetRange(ctx, name, 0, strconv.FormatUint(n, 10)).Err()
	}
	return client.Set(ctx, name, n, 0).Err()
}

// eventsOf are what the change of a number is told as: of the config, and of its namespace.
func eventsOf(n uint64) (config, namespace string) {
	switch n % 4 {
	case 1:
		return "incrby", "hincrby"
	case 2:
		return "append", "hset"
	case 3:
		return "setrange", "hset"
	}
	return "set", "hset"
}

// listening has subscribers listen at each node until ctx ends.
func (l *Notify) listening(ctx context.Context, addrs []string, all *sync.WaitGroup) (subscribers []*subscriber) {
	for _, addr := range addrs {
		s := &subscriber{Notify: l, addr: addr}
		subscribers = append(subscribers, s)
		all.Go(func() { s.run(ctx) })
	}
	return subscribers
}

// Finish has everybody speak once more, and checks that all of it is heard, to the end.
func (l *Notify) Finish(ctx context.Context, addrs []string) {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	var listening, speaking sync.WaitGroup
	subscribers := l.listening(ctx, addrs, &listening)
	defer listening.Wait()
	defer cancel()
	l.await(ctx, "subscribe", subscribers, (*subscriber).hears)
	l.speaking(ctx, addrs, 10, &speaking)
	speaking.Wait()
	l.await(ctx, "hear all", subscribers, (*subscriber).complete)
}

// await waits until something is so of all subscribers.
func (l *Notify) await(ctx context.Context, what string, all []*subscriber, holds func(*subscriber) bool) {
	for slices.ContainsFunc(all, func(s *subscriber) bool { return !holds(s) }) {
		if ctx.Err() != nil {
			l.violated("at the end not all subscribers %s", what)
			return
		}
		pauseFor(ctx, setBack)
	}
}
