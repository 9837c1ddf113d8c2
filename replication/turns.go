package replication

import (
	"sync"
	"time"

	"confman/store"
)

// patience is how long the others wait for a node that lost.
const patience = 50 * time.Millisecond

// turns remembers which node lost on which key, so that the others let it go first:
// without that, the node next to the leader could win forever. It is advice that every
// node derives from the log it applies, and no part of the replicated state.
type turns struct {
	now func() time.Time

	mu     sync.Mutex
	owners map[string]turn
}

type turn struct {
	node  uint64
	until time.Time
}

// maxTurns bounds the keys that are remembered. More of them in one moment only means
// that some node waits longer.
const maxTurns = 4096

// other reports whether it is another node's turn on something that txn read.
func (t *turns) other(id uint64, txn store.Txn) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.owners) == 0 {
		return false
	}
	for _, g := range txn.Guards {
		if o, owned := t.owners[g.Key]; owned && o.node != id && t.now().Before(o.until) {
			return true
		}
	}
	return false
}

// applied ends the turns of a node whose transactions went through, and gives one to
// a node whose transaction lost.
func (t *turns) applied(e store.Entry, outcome store.Outcome) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for i, lostOn := range outcome {
		if lostOn != "" {
			t.give(lostOn, e.Node)
			continue
		}
		if len(t.owners) == 0 {
			continue
		}
		for _, g := range e.Txns[i].Guards {
			if t.owners[g.Key].node == e.Node {
				delete(t.owners, g.Key)
			}
		}
	}
}

// give makes it a node's turn on a key, unless it is another's.
func (t *turns) give(key string, node uint64) {
	now := t.now()
	if o, owned := t.owners[key]; owned && now.Before(o.until) {
		return
	}
	if len(t.owners) >= maxTurns {
		for k, o := range t.owners {
			if now.After(o.until) {
				delete(t.owners, k)
			}
		}
	}
	if t.owners == nil {
		t.owners = map[string]turn{}
	}
	if len(t.owners) < maxTurns {
		t.owners[key] = turn{node, now.Add(patience)}
	}
}
