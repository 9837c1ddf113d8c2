package integration

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// writersEach is how many clients write at once in each load.
const writersEach = 32

// A writing is clients that write as fast as they are answered. Each counts a config of its own up, so
// that what is stored can be compared with what it was told.
type writing struct {
	t       *testing.T
	writers []*writer
	cancel  context.CancelFunc
	running sync.WaitGroup
}

// A writer is one client, and what it was told.
type writer struct {
	name   string
	client *redis.Client
	total  int64 // increments acknowledged in loads before this one
	acked  atomic.Int64
	mu     sync.Mutex
	acks   []ack
	errs   []error
}

// An ack is when a write was acknowledged, and how long that took.
type ack struct {
	at   time.Time
	took time.Duration
}

// newWriting makes writers, each with the client that connect makes for its number.
func newWriting(t *testing.T, connect func(i int) *redis.Client) *writing {
	l := &writing{t: t}
	for i := range writersEach {
		l.writers = append(l.writers, &writer{name: fmt.Sprintf("failover/writer%d", i), client: connect(i)})
	}
	return l
}

// start has the writers write until stop, and returns when each of them does.
func (l *writing) start() {
	ctx, cancel := context.WithCancel(context.Background())
	l.cancel = cancel
	for _, w := range l.writers {
		l.running.Go(func() { w.run(ctx) })
	}
	l.goesOn()
}

func (w *writer) run(ctx context.Context) {
	for ctx.Err() == nil {
		start := time.Now()
		err := w.client.Incr(context.Background(), w.name).Err()
		now := time.Now()
		w.mu.Lock()
		if err != nil {
			w.errs = append(w.errs, fmt.Errorf("after %v: %w", now.Sub(start), err))
		} else {
			w.acks = append(w.acks, ack{now, now.Sub(start)})
		}
		w.mu.Unlock()
		if err != nil { // which fails the test: the others are to go on
			return
		}
		w.acked.Add(1)
	}
}

// goesOn waits until each writer was told of some more writes.
func (l *writing) goesOn() {
	l.t.Helper()
	deadline := time.Now().Add(time.Minute)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for _, w := range l.writers {
		for before := w.acked.Load(); w.acked.Load() < before+5 && !w.failed(); <-tick.C {
			if time.Now().After(deadline) {
				l.t.Fatalf("%s never gets on", w.name)
			}
		}
	}
}

func (w *writer) failed() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.errs) > 0
}

// stop ends the writers, checks that none of them saw an error and that each increment counted once,
// and returns the acknowledgements in their order.
func (l *writing) stop() []ack {
	l.t.Helper()
	l.cancel()
	l.running.Wait()
	var all []ack
	for _, w := range l.writers {
		for _, err := range w.errs {
			l.t.Errorf("a client saw an error: %s: %v", w.name, err)
		}
		all = append(all, w.acks...)
		w.total += int64(len(w.acks))
		if got, err := w.client.Get(context.Background(), w.name).Int64(); err != nil || got != w.total {
			l.t.Errorf("%s counted to %d, %d were acknowledged (%v)", w.name, got, w.total, err)
		}
		w.acks, w.errs = nil, nil
	}
	slices.SortFunc(all, func(a, b ack) int { return a.at.Compare(b.at) })
	return all
}

// close closes the clients.
func (l *writing) close() {
	for _, w := range l.writers {
		_ = w.client.Close()
	}
}

// outage is the longest time without an acknowledgement to anybody, from the moment at which the
// leader was hit.
func outage(acks []ack, hit time.Time) (longest time.Duration) {
	last := hit
	for _, a := range acks {
		if a.at.After(hit) {
			longest, last = max(longest, a.at.Sub(last)), a.at
		}
	}
	return longest
}

// slowest is the longest that a write took.
func slowest(acks []ack) (longest time.Duration) {
	for _, a := range acks {
		longest = max(longest, a.took)
	}
	return longest
}
