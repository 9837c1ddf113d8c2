package load

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
)

// Tracking keeps what it reads, as CLIENT TRACKING lets clients do, in each of its modes on each node, while writers
// change it through all of them. What a client keeps it reads again: when that has changed, it must have been
// told, or be told before its next command is answered.
type Tracking struct {
	Lie   *Lie          // what clients are told that is not so
	Pause time.Duration // between what each reads or writes and the next; 50 ms if zero

	ledger
	invalidations atomic.Int64
	written       atomic.Uint64
	seed          uint64
	part          string // what the names of its configs begin with
}

// The configs: some stay, and some expire soon, of which a client is told only when the node finds out.
const (
	trackedSpaces = 3
	trackedNames  = 8
	trackedSoon   = "soon"
)

// Name is tracking.
func (l *Tracking) Name() string { return "tracking" }

// Invalidations is how often a client was told that something has changed.
func (l *Tracking) Invalidations() int64 { return l.invalidations.Load() }

// Run reads and writes until ctx ends.
func (l *Tracking) Run(ctx context.Context, addrs []string, seed uint64) {
	l.seed, l.part = seed, fmt.Sprintf("tracking/%d/", seed)
	var all sync.WaitGroup
	for i, addr := range addrs {
		for j, mode := range trackingModes {
			r := &keeper{Tracking: l, addr: addr, mode: mode, random: rand.New(rand.NewPCG(seed, uint64(10*i+j)))}
			all.Go(func() { r.run(ctx) })
		}
		all.Go(func() { l.write(ctx, addrs, i, rand.New(rand.NewPCG(seed, uint64(100+i)))) })
	}
	all.Wait()
}

// Finish has nothing to do: all that is read is checked at once.
func (l *Tracking) Finish(context.Context, []string) {}

// write writes through a node, and through the next one when that does not take it.
func (l *Tracking) write(ctx context.Context, addrs []string, at int, random *rand.Rand) {
	for ; ctx.Err() == nil; at++ {
		client := Client(addrs[at%len(addrs)], nil)
		for ctx.Err() == nil && l.learned(l.writeOne(client, random)) == told {
			pauseFor(ctx, cmp.Or(l.Pause, 50*time.Millisecond))
		}
		_ = client.Close()
		pauseFor(ctx, setBack)
	}
}

// writeOne changes something by chance. No value is written twice.
func (l *Tracking) writeOne(client *redis.Client, random *rand.Rand) error {
	ctx := context.Background() // or it would end in doubt
	value := strconv.FormatUint(l.written.Add(1), 10)
	namespace, name := l.space(random), field(random)
	switch random.IntN(10) {
	case 0:
		return client.Del(ctx, namespace+"/"+name).Err()
	case 1:
		return client.MSet(ctx, l.space(random)+"/"+field(random), value, l.space(random)+"/"+field(random), value).Err()
	case 2:
		return client.HSet(ctx, namespace, field(random), value, field(random), value).Err()
	case 3:
		return client.Append(ctx, namespace+"/"+name, "+"+value).Err()
	case 4, 5, 6:
		return client.Set(ctx, l.part+trackedSoon+"/"+name, value, time.Duration(50+random.IntN(2000))*time.Millisecond).Err()
	}
	return client.Set(ctx, namespace+"/"+name, value, 0).Err()
}

func (l *Tracking) space(random *rand.Rand) string {
	return l.part + strconv.Itoa(random.IntN(trackedSpaces))
}

func field(random *rand.Rand) string { return strconv.Itoa(random.IntN(trackedNames)) }

// expires reports whether a name is of what expires.
func (l *Tracking) expires(name string) bool { return strings.HasPrefix(name, l.part+trackedSoon) }
