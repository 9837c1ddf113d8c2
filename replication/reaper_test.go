package replication

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"confman/store"
)

// reaped is a reaper over a store of its own, in a bubble in which time stands still.
type reaped struct {
	*testing.T
	reaper
	progress progress
	index    uint64
	looks    atomic.Int64 // how often the reaper looked for something to do
	writes   atomic.Int64 // that the reaper tried
	slept    atomic.Int64 // by how much the clock is ahead of the bubble's
	failing  atomic.Bool
	low      atomic.Bool

	mu      sync.Mutex
	leading bool
	changed chan struct{}
}

func newReaped(t *testing.T) *reaped {
	r := &reaped{T: t, leading: true, changed: make(chan struct{})}
	r.reaper = reaper{store: store.OpenMemory(), moved: r.progress.next, unfit: r.low.Load, log: slog.New(slog.DiscardHandler)}
	r.now = func() time.Time { return time.Now().Add(time.Duration(r.slept.Load())) }
	r.leads = func() (bool, <-chan struct{}) {
		r.looks.Add(1)
		r.mu.Lock()
		defer r.mu.Unlock()
		return r.leading, r.changed
	}
	r.update = func(_ context.Context, fn func(*store.Tx) error) error {
		r.writes.Add(1)
		if r.failing.Load() {
			return store.ErrUnavailable
		}
		return r.apply(fn)
	}
	ctx, stop := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { r.run(ctx) })
	t.Cleanup(func() {
		stop()
		running.Wait()
		_ = r.store.Close()
		time.Sleep(2 * time.Second) // of the test's own time: until the database's goroutine has noticed
	})
	return r
}

// apply evaluates an update and applies it.
func (r *reaped) apply(fn func(*store.Tx) error) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.index++
	e := store.Entry{Node: 1, Seq: r.index, At: store.Millis(r.now().UnixMilli())}
	err := r.store.Evaluate(e.At, []store.Update{{Do: fn}}, func(_ int, txn store.Txn, _ error) bool {
		e.Txns = append(e.Txns, txn)
		return true
	})
	if err == nil {
		_, err = r.store.Apply([]store.Indexed{{Index: r.index, Entry: e}})
	}
	r.progress.signal()
	return err
}

// set writes a config that expires after some time.
func (r *reaped) set(name string, ttl time.Duration) {
	r.Helper()
	if err := r.apply(expiring(name, r.now().Add(ttl))); err != nil {
		r.Fatal(err)
	}
}

func (r *reaped) lead(leading bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.leading = leading
	close(r.changed)
	r.changed = make(chan struct{})
}

// after lets the test's own time pass, which takes none, and checks how often the reaper has tried to write since it began, and
// how many configs it has removed.
func (r *reaped) after(d time.Duration, writes int64, expired uint64) {
	r.Helper()
	time.Sleep(d)
	synctest.Wait()
	if w, x := r.writes.Load(), r.store.Expired(); w != writes || x != expired {
		r.Errorf("%d writes, %d removed; want %d, %d", w, x, writes, expired)
	}
}

func expiring(name string, at time.Time) func(*store.Tx) error {
	return func(tx *store.Tx) error { return tx.Set(name, "soon gone", store.Millis(at.UnixMilli())) }
}

func TestTheReaperSleepsUntilSomethingExpires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newReaped(t)
		r.after(time.Hour, 0, 0)
		_ = r.apply(write("stays", "1"))
		r.set("late", 48*time.Hour)
		r.after(24*time.Hour, 0, 0)
		r.set("early", time.Second) // it is woken
		r.after(time.Second-time.Millisecond, 0, 0)
		r.after(time.Millisecond, 1, 1)
		r.set("early", time.Second)
		_ = r.apply(write("early", "stays now"))
		r.after(23*time.Hour, 1, 1)
		r.after(time.Hour, 2, 2)
		r.after(time.Hour, 2, 2)
	})
}

func TestTheReaperRemovesThousandsInBatches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newReaped(t)
		for i := range 2*maxReaped + 1 {
			r.set(fmt.Sprint("x/", i), time.Minute+time.Duration(i)*time.Microsecond)
		}
		r.after(2*time.Minute, 3, 2*maxReaped+1)
	})
}

// What cannot be written is tried again, more and more seldom; a new leader goes on at once.
func TestTheReaperWaitsForBetterTimes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newReaped(t)
		r.failing.Store(true)
		r.set("x", time.Second)
		r.after(2*time.Second, 4, 0) // after 0, 0.1, 0.3 and 0.7 s
		r.after(time.Hour, r.writes.Load()+362, 0)
		r.lead(false)
		tried := r.writes.Load()
		r.after(time.Hour, tried, 0)
		r.failing.Store(false)
		r.lead(true)
		r.after(0, tried+1, 1)
		r.low.Store(true)
		r.set("y", time.Second)
		r.after(time.Hour, tried+1, 1)
		r.low.Store(false)
		r.after(reapSeldom, tried+2, 2)
	})
}

// A clock that was set forward, or a machine that slept, is noticed within a minute.
func TestTheReaperNoticesThatTimeHasPassed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newReaped(t)
		r.set("x", time.Hour)
		r.after(10*time.Second, 0, 0)
		r.slept.Store(int64(time.Hour))
		r.after(reapLook, 1, 1)
	})
}

// An entry of a node whose clock was ahead holds the store's time until the others' have caught up;
// the reaper sleeps meanwhile too.
func TestTheReaperSleepsWhileTimeStandsStill(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newReaped(t)
		r.slept.Store(int64(time.Hour))
		r.set("x", time.Millisecond)
		r.slept.Store(0)
		r.after(time.Hour, 0, 0)
		if looks := r.looks.Load(); looks > 100 {
			t.Errorf("it woke up %d times within an hour", looks)
		}
		r.after(time.Millisecond, 1, 1)
	})
}
