package replication

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"confman/store"
)

// freshness is how old a node's data may be at most. A barrier that began at some time proves
// that everything that was committed before that time is in the data; nothing else does: a leader
// that was cut off believes that it leads for a while, and a non-voter for ever.
type freshness struct {
	mu sync.Mutex
	at time.Time // of the latest barrier's beginning; zero if there was none

	rounds rounds
}

// proved notes a barrier that began at a time.
func (f *freshness) proved(at time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if at.After(f.at) {
		f.at = at
	}
}

// age returns how old the data may be, or -1 if that was never known. A machine that was
// suspended counts the time only by the clock on the wall, and one whose clock was set back only by
// the other one: the larger of the two is right or on the safe side. (Where both stood still, as in a virtual
// machine that was paused, nobody here can know.)
func (f *freshness) age(now time.Time) time.Duration {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.at.IsZero() {
		return -1
	}
	return max(now.Sub(f.at), now.Round(0).Sub(f.at.Round(0)), 0)
}

// within reports whether the data are known to be no older than that.
func (f *freshness) within(most time.Duration, now time.Time) bool {
	age := f.age(now)
	return age >= 0 && age <= most
}

// unconfirmed says why a read got nowhere that must see all that was committed, and what to do.
func (n *Node) unconfirmed() error {
	const instead = "bring nodes back or ask another one; after CONF CONSISTENCY local this node answers with what it has"
	if n.degraded != "" {
		return fmt.Errorf("%w: %s; %s", store.ErrUnconfirmed, n.degraded, instead)
	}
	reached, voters := n.reaches()
	return fmt.Errorf("%w: it reaches %d of %d nodes; %s",
		store.ErrUnconfirmed, reached, voters, instead)
}

// Within returns nil if this node's data include everything that was committed longer ago than
// that age. If it does not know so it tries to find out, for as long as that age and as an update
// may take, and returns [store.ErrStale] otherwise.
func (n *Node) Within(ctx context.Context, age time.Duration) error {
	if n.fresh.within(age, n.now()) {
		return nil
	}
	if n.degraded != "" {
		return n.stale(age)
	}
	ctx, cancel := context.WithTimeout(ctx, min(age, n.Hold))
	defer cancel()
	if err := n.Barrier(ctx); errors.Is(err, store.ErrUnavailable) {
		return err
	}
	if n.fresh.within(age, n.now()) {
		return nil
	}
	return n.stale(age)
}

// stale says how old the data may be, and what to do.
func (n *Node) stale(allowed time.Duration) error {
	age := "of unknown age"
	if known := n.fresh.age(n.now()); known >= 0 {
		age = fmt.Sprintf("up to %d ms old", known.Milliseconds())
	}
	return fmt.Errorf("%w: they are %s, and %d ms are allowed; ask another node, or allow more with CONF CONSISTENCY",
		store.ErrStale, age, allowed.Milliseconds())
}

// keepFresh finds out regularly how old the data may be, until ctx ends, so that a node that is
// cut off can tell, and that reads with a bound need not wait.
func (n *Node) keepFresh(ctx context.Context) {
	every := n.Profile.freshEvery()
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		try, cancel := context.WithTimeout(ctx, max(every, min(4*every, n.Profile.Again)))
		_ = n.Barrier(try) // that there was none is told by the age
		cancel()
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// beat is the time between two of a leader's heartbeats.
func (p Profile) beat() time.Duration { return time.Duration(p.Heartbeat) * p.Tick }

// freshEvery is how often a node makes sure of its freshness: every second, or with every second
// heartbeat if these are slower.
func (p Profile) freshEvery() time.Duration {
	return max(time.Second, 2*p.beat())
}
