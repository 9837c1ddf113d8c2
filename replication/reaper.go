package replication

import (
	"context"
	"log/slog"
	"time"

	"confman/store"
)

// A reaper removes configs that have expired, on the node that leads, by a write like any other, and takes back
// transactions that nobody has confirmed in time: they stand in the store as configs that expire.
// Readers do not wait for it: what has expired looks gone to them at once. While nothing expires
// it writes nothing.
type reaper struct {
	store  *store.Store
	now    func() time.Time
	update func(ctx context.Context, fn func(*store.Tx) error) error
	leads  func() (leads bool, changed <-chan struct{}) // changed is closed when that may have changed
	moved  func() <-chan struct{}                       // closed when something is applied
	unfit  func() bool                                  // the node takes no writes
	log    *slog.Logger
}

// maxReaped is how many configs one write removes: with the longest names that is about as much as
// one entry of the log should hold.
const maxReaped = 500

// How long a reaper waits: after a write that came to nothing, and at most while nothing expires,
// because clocks may be set and machines may sleep.
const (
	reapAgain  = 100 * time.Millisecond
	reapSeldom = 10 * time.Second
	reapLook   = time.Minute
)

func (n *Node) reaper() *reaper {
	return &reaper{
		store: n.store, now: n.now, moved: n.progress.next, unfit: n.room.low.Load, log: n.log(),
		update: n.asSystem,
		leads: func() (bool, <-chan struct{}) {
			_, changed := n.raft.leader()
			leader, _, _ := n.raft.sees()
			return leader == n.identity.Node, changed
		},
	}
}

// run removes what expires until ctx ends.
func (r *reaper) run(ctx context.Context) {
	again := reapAgain
	for ctx.Err() == nil {
		leads, changed := r.leads()
		if !leads {
			idle(ctx, 0, changed, nil)
			continue
		}
		moved := r.moved()
		left, some := r.store.NextExpiry(store.Millis(r.now().UnixMilli()))
		switch {
		case !some:
			idle(ctx, 0, changed, moved)
		case left > 0:
			idle(ctx, time.Duration(min(left, store.Millis(reapLook.Milliseconds())))*time.Millisecond, changed, moved)
		case r.reap(ctx):
			again = reapAgain
		default:
			idle(ctx, again, changed, nil)
			again = min(2*again, reapSeldom)
		}
	}
}

// idle waits for some time, or until one of the channels is closed if that is earlier; without
// end if the time is zero.
func idle(ctx context.Context, most time.Duration, one, other <-chan struct{}) {
	if most > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, most)
		defer cancel()
	}
	select {
	case <-one:
	case <-other:
	case <-ctx.Done():
	}
}

// reap removes some of what has expired, and reports whether it could.
func (r *reaper) reap(ctx context.Context) bool {
	if r.unfit() {
		return false
	}
	n := 0
	err := r.update(ctx, func(tx *store.Tx) error {
		tx.Unchecked() // what has expired is gone already
		n = tx.Reap(maxReaped)
		return nil
	})
	if err != nil && ctx.Err() == nil {
		r.log.Warn("what has expired is not removed yet, and is shown to nobody; it is tried again", "error", err)
	}
	return err == nil && n > 0
}
