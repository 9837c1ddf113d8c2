package replication

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/lni/dragonboat/v4"
)

// A round asks the leader once how far the log is committed; the leader asks a majority whether it still
// leads. It proves something to those only who asked for it before it began.
type round struct {
	done    chan struct{}   // closed when it has ended; the rest is written before
	changed <-chan struct{} // closed when another leader is known than at its beginning
	err     error
}

// rounds are those of a node: while one is on its way, all who ask for a barrier wait for the next one
// and share it. However many clients ask, there is one message to each node at a time.
type rounds struct {
	mu       sync.Mutex
	next     *round        // that has not begun; nil if nobody asked for it
	last     *round        // that has begun; nil if it has ended
	patience time.Duration // how long it may take; zero for as long as it takes to repeat a proposal
}

// An asking asks the leader, and waits for so long. It returns what is closed when another leader is known than when it
// began.
type asking func(patience time.Duration) (changed <-chan struct{}, err error)

// How a round ends that proves nothing, if the node has not stopped.
var (
	errLate    = errors.New("the leader has not answered in time")
	errDropped = errors.New("there is no leader, or another one than there was")
)

// Barrier returns when this node has applied all that was committed, anywhere, before the call,
// or at the end of ctx, or after as long as an update may take if ctx has no deadline: then with
// [store.ErrUnconfirmed].
func (n *Node) Barrier(ctx context.Context) error {
	if n.degraded != "" {
		return n.unconfirmed()
	}
	var late <-chan time.Time
	if _, bounded := ctx.Deadline(); !bounded {
		hold := time.NewTimer(n.Hold)
		defer hold.Stop()
		late = hold.C
	}
	for {
		r := n.fresh.rounds.share(n.ask, n.Profile)
		select {
		case <-r.done:
		case <-ctx.Done():
			return n.unconfirmed()
		case <-late:
			return n.unconfirmed()
		}
		if r.err == nil || errors.Is(r.err, errStopped) {
			return r.err
		}
		select {
		case <-ctx.Done():
			return n.unconfirmed()
		case <-late:
			return n.unconfirmed()
		case <-r.changed:
		case <-time.After(pause):
		}
	}
}

// share returns the round that begins next, and makes it if this is the first to ask for it.
func (r *rounds) share(ask asking, p Profile) *round {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.next == nil {
		r.next = &round{done: make(chan struct{})}
		go r.run(r.next, r.last, ask, p) // ends with the round
	}
	return r.next
}

// run makes a round when the last one has ended. It does not wait for that for long: the last one's message may be
// lost, and whatever comes of it, this one proves more.
func (r *rounds) run(one, last *round, ask asking, p Profile) {
	if last != nil {
		select {
		case <-last.done:
		case <-time.After(p.beat()):
		}
	}
	patience := r.begin(one, p.Again)
	one.changed, one.err = ask(patience)
	r.end(one, patience)
}

// begin has whoever asks from now on wait for another round. It returns how long this one may take.
func (r *rounds) begin(one *round, usually time.Duration) (patience time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.next, r.last = nil, one
	return max(r.patience, usually)
}

// end ends a round that might take so long. If it was too long, the next one may take longer: the node may have to
// catch up.
func (r *rounds) end(one *round, patience time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.last == one {
		r.last = nil
	}
	switch {
	case one.err == nil:
		r.patience = 0
	case errors.Is(one.err, errLate):
		r.patience = max(r.patience, 2*patience)
	}
	close(one.done)
}

// ask asks the leader once.
func (n *Node) ask(patience time.Duration) (changed <-chan struct{}, err error) {
	_, changed = n.raft.leader()
	began := n.now()
	if err = n.raft.confirm(patience, changed); err == nil {
		n.fresh.proved(began)
	}
	return changed, err
}

// confirm returns when the leader has answered. The request may be lost without a word, and surely is when the
// leader that it went to is one no longer: so it ends with patience, or when that has changed.
func (r *raft) confirm(patience time.Duration, changed <-chan struct{}) error {
	request, err := r.host.ReadIndex(shard, patience)
	if err != nil {
		return stopped(err)
	}
	late := time.NewTimer(patience)
	defer late.Stop()
	select {
	case result := <-request.ResultC():
		defer request.Release()
		switch {
		case result.Completed():
			return nil
		case result.Terminated():
			return errStopped
		case result.Timeout():
			return errLate
		}
		return errDropped
	case <-changed:
		return errDropped
	case <-late.C:
		return errLate
	}
}

// stopped is errStopped in place of dragonboat's errors that mean the same.
func stopped(err error) error {
	if errors.Is(err, dragonboat.ErrClosed) || errors.Is(err, dragonboat.ErrShardClosed) {
		return errStopped
	}
	return err
}
