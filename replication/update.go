package replication

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"confman/store"
)

// An update waits in the queue until it is committed, has failed, or is given up.
type update struct {
	by   string
	do   func(*store.Tx) error
	done chan error // has room for the one answer

	mu       sync.Mutex // held while do runs
	state    state
	revision uint64 // at which its writes stand, once it is finished; zero if there are none
}

// state says how far an update has come.
type state int

const (
	waiting  state = iota // nothing of it is on its way
	proposed              // it is in an entry that is going to the log, or may have reached it
	finished              // it has its answer
)

var errGivenUp = errors.New("replication: update was given up")

// evaluate runs the update's function, unless nobody waits for it any more.
func (u *update) evaluate(tx *store.Tx) error {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.state == finished {
		return errGivenUp
	}
	return u.do(tx)
}

// is reports the update's state.
func (u *update) is(s state) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.state == s
}

// claim takes the update into an entry, unless it has its answer: what was answered with
// "nothing was changed" must not reach the log.
func (u *update) claim() bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.state == finished {
		return false
	}
	u.state = proposed
	return true
}

// release takes the update back: its entry has surely not reached the log, or it lost there.
func (u *update) release() {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.state == proposed {
		u.state = waiting
	}
}

// finish answers the update, unless it has its answer: the revision is that of its writes.
func (u *update) finish(revision uint64, err error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.state != finished {
		u.state, u.revision = finished, revision
		u.done <- err
	}
}

// giveUp answers the update for want of time: with ErrInDoubt if it may be in the log.
func (u *update) giveUp(why error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	switch u.state {
	case waiting:
		u.done <- why
	case proposed:
		u.done <- fmt.Errorf("%w: it was proposed, but not confirmed in time; read before you write it again", store.ErrInDoubt)
	}
	u.state = finished
}

// submit queues an update and waits for its answer, for at most the committer's hold.
func (c *committer) submit(ctx context.Context, by string, do func(*store.Tx) error) (revision uint64, err error) {
	u := &update{by: by, do: do, done: make(chan error, 1)}
	timeout := time.NewTimer(c.hold)
	defer timeout.Stop()
	select {
	case c.queue <- u:
	case <-timeout.C:
		return 0, c.refusal()
	case <-ctx.Done():
		return 0, fmt.Errorf("%w: %w", store.ErrBusy, ctx.Err())
	case <-c.stopped:
		return 0, errStopped
	}
	select {
	case err := <-u.done:
		return u.revision, err
	case <-timeout.C:
		u.giveUp(c.refusal())
	case <-ctx.Done():
		u.giveUp(fmt.Errorf("%w: %w", store.ErrUnavailable, ctx.Err()))
	case <-c.stopped:
		u.giveUp(errStopped)
	}
	signal(c.givenUp)
	err = <-u.done
	return u.revision, err
}

var errStopped = fmt.Errorf("%w: this node is stopping", store.ErrUnavailable)
