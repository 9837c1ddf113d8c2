package replication

import (
	"context"
	"errors"
	"sync"
	"time"

	"confman/store"
)

// raftLog is the raft log as a committer needs it.
type raftLog interface {
	// propose puts an entry on its way. After an error, or once dropped is closed, this
	// attempt has surely not reached the log; otherwise it may. It does no harm to
	// propose an entry again.
	propose(entry []byte) (dropped <-chan struct{}, err error)
	// leader reports whether a leader is known; changed is closed when that changes.
	leader() (known bool, changed <-chan struct{})
}

// A committer turns updates into raft log entries, one entry at a time: whatever comes
// while one is on its way shares the next, along with what lost to another node.
type committer struct {
	node    uint64
	seq     uint64 // of the last entry; never one that an earlier life of the node used
	store   *store.Store
	log     raftLog
	now     func() time.Time
	hold    time.Duration // how long an update waits for its answer
	again   time.Duration // when to propose an entry once more
	refusal func() error  // why an update got nowhere in its time
	queue   chan *update  // updates that wait for their entry
	applied chan struct{} // signals that something was applied
	givenUp chan struct{} // signals that somebody waits no longer
	stopped chan struct{} // closed when nothing more is committed
	turns   turns

	company int       // how many updates shall share the next entry, if they come in time
	until   time.Time // for how long it waits for them

	mu      sync.Mutex
	awaited uint64       // the entry on its way, by number
	verdict chan verdict // where it goes how that one ended
}

// A verdict is how an entry ended, and the revision at which it was carried out.
type verdict struct {
	outcome  store.Outcome
	revision uint64
}

// maxEntry is the size from which on no further transaction joins an entry, in bytes.
const maxEntry = 1 << 20

// maxQueue is how many updates may wait to be taken up.
const maxQueue = 4096

// maxWait bounds how long an entry waits for company: those who were just answered mostly come back at once, and meet
// those who have come meanwhile. Whoever shares an entry shares its fsyncs and messages; without waiting,
// half of all would go in every other entry.
const maxWait = 5 * time.Millisecond

// pause is how long to wait before an entry that the raft log did not take is proposed
// again, unless a leader turns up earlier.
const pause = 10 * time.Millisecond

func (c *committer) init() {
	c.queue = make(chan *update, maxQueue)
	c.applied = make(chan struct{}, 1)
	c.givenUp = make(chan struct{}, 1)
	c.stopped = make(chan struct{})
	c.turns.now = c.now
}

// run commits updates until ctx ends.
func (c *committer) run(ctx context.Context) {
	var pending []*update
	defer close(c.stopped)
	for held := false; ; {
		pending = c.gather(ctx, pending, held)
		if ctx.Err() != nil {
			return
		}
		e := c.evaluate(pending)
		held = len(e.sent) == 0 && len(e.rest) > 0
		began := c.now()
		pending = append(c.commit(ctx, e), e.rest...)
		c.company = min(len(e.sent)+len(e.rest)+len(c.queue), maxQueue)
		c.until = c.now().Add(min(c.now().Sub(began), maxWait))
	}
}

// gather adds to pending what is in the queue, and drops what was given up. It blocks
// while there is nothing to do, or no leader to do it with, or while all there is has been
// held back: then for a while, or until something is applied or comes. It waits a little for company, too.
func (c *committer) gather(ctx context.Context, pending []*update, held bool) []*update {
	var again, alone <-chan time.Time
	if held && len(pending) > 0 {
		again = time.After(patience)
	}
	company := c.company
	for {
		known, changed := c.log.leader()
		before := len(pending)
		pending = c.drain(pending)
		held = held && len(pending) <= before
		if known && len(pending) > 0 && len(pending) >= company && !held {
			return pending
		}
		if alone == nil && len(pending) < company {
			alone = time.After(c.until.Sub(c.now()))
		}
		select {
		case u := <-c.queue:
			pending, held = append(pending, u), false
		case <-c.applied:
			held = false
		case <-again:
			held = false
		case <-alone:
			company = 0
		case <-c.givenUp:
		case <-changed:
		case <-ctx.Done():
			return nil
		}
	}
}

// drain takes what is in the queue, without waiting, and drops what was given up.
func (c *committer) drain(pending []*update) []*update {
	for len(pending) < maxQueue {
		select {
		case u := <-c.queue:
			pending = append(pending, u)
			continue
		default:
		}
		break
	}
	alive := pending[:0]
	for _, u := range pending {
		if !u.is(finished) {
			alive = append(alive, u)
		}
	}
	return alive
}

// An attempt is an entry and the updates behind it.
type attempt struct {
	entry store.Entry
	sent  []*update // in the order of the entry's transactions
	errs  []error   // what each of them answers if its transaction goes through
	rest  []*update // those that have to wait
}

// evaluate makes an entry of pending updates. Those that let another node go first, or
// find no room, wait.
func (c *committer) evaluate(pending []*update) attempt {
	a := attempt{entry: store.Entry{Node: c.node, At: store.Millis(c.now().UnixMilli())}}
	size := 0
	full := func() bool { return size >= maxEntry || len(a.sent) == store.MaxTxns }
	updates := make([]store.Update, len(pending))
	for i, u := range pending {
		updates[i] = store.Update{By: u.by, Do: func(tx *store.Tx) error {
			if full() {
				return nil
			}
			return u.evaluate(tx)
		}}
	}
	err := c.store.Evaluate(a.entry.At, updates, func(i int, txn store.Txn, err error) bool {
		u := pending[i]
		switch {
		case full(), size > 0 && size+txn.Size() > store.MaxTxn, c.turns.other(c.node, txn), errors.Is(err, store.ErrNextEntry):
			a.rest = append(a.rest, u)
		case txn.Empty():
			u.finish(0, err)
		case !u.claim(): // given up while it was evaluated
		default:
			size += txn.Size()
			a.sent = append(a.sent, u)
			a.errs = append(a.errs, err)
			a.entry.Txns = append(a.entry.Txns, txn)
			return true
		}
		return false
	})
	if err != nil { // the store is closed
		for _, u := range pending {
			u.finish(0, err)
		}
		return attempt{}
	}
	return a
}

// commit proposes the attempt's entry until its outcome is known or nobody waits for it
// any more, and returns the updates that have to be evaluated again.
func (c *committer) commit(ctx context.Context, a attempt) []*update {
	if len(a.sent) == 0 {
		return nil
	}
	c.seq++
	a.entry.Seq = c.seq
	v, underway := c.propose(ctx, a)
	if !underway { // the entry is forgotten: some of its updates may be given up by the next time
		for _, u := range a.sent {
			u.release()
		}
		c.rest(ctx)
		return a.sent
	}
	if v.outcome == nil { // each of them has been given up
		return nil
	}
	var lost []*update
	for i, u := range a.sent {
		switch {
		case v.outcome[i] != "":
			u.release()
			lost = append(lost, u)
		case a.entry.Txns[i].Writing():
			u.finish(v.revision, a.errs[i])
		default:
			u.finish(0, a.errs[i])
		}
	}
	return lost
}

// rest waits a little, or until there is another leader.
func (c *committer) rest(ctx context.Context) {
	_, changed := c.log.leader()
	select {
	case <-time.After(pause):
	case <-changed:
	case <-ctx.Done():
	}
}

// propose puts the entry into the log and waits until this node has applied it. It
// proposes the same bytes again when there is a new leader, and when time has passed. There
// is no outcome when nobody waits for the entry any more, or when it is not underway:
// when it has surely not reached the log.
func (c *committer) propose(ctx context.Context, a attempt) (v verdict, underway bool) {
	ended := c.await(a.entry.Seq)
	encoded := a.entry.Encode()
	again := time.NewTimer(c.again)
	defer again.Stop()
	attempts := 0 // that may have reached the log
	for {
		known, changed := c.log.leader()
		var dropped <-chan struct{}
		if known {
			var err error
			if dropped, err = c.log.propose(encoded); err == nil {
				attempts++
			}
		}
		again.Reset(c.again)
		for next := false; !next; {
			if attempts == 0 {
				return verdict{}, false
			}
			select {
			case v := <-ended:
				return v, true
			case <-dropped:
				attempts, dropped = attempts-1, nil
				again.Reset(pause)
			case <-changed:
				next = true
			case <-again.C:
				next = true
			case <-c.givenUp:
				if allFinished(a.sent) {
					return verdict{}, true
				}
			case <-ctx.Done():
				return verdict{}, true
			}
		}
	}
}

// await announces the entry whose verdict is wanted.
func (c *committer) await(seq uint64) <-chan verdict {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.awaited, c.verdict = seq, make(chan verdict, 1)
	return c.verdict
}

// hasApplied takes note of how an entry ended that the store applied.
func (c *committer) hasApplied(e store.Indexed, outcome store.Outcome) {
	if outcome == nil {
		return
	}
	c.turns.applied(e.Entry, outcome)
	c.mu.Lock()
	if e.Entry.Node == c.node && e.Entry.Seq == c.awaited {
		c.verdict <- verdict{outcome, c.store.CarriedOut(e)}
		c.awaited = 0 // proposed twice, it is applied twice
	}
	c.mu.Unlock()
	signal(c.applied)
}

// signal wakes up whoever waits for c, now or later.
func signal(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

func allFinished(updates []*update) bool {
	for _, u := range updates {
		if !u.is(finished) {
			return false
		}
	}
	return true
}
