package transcript

import (
	"context"
	"sync"
	"time"

	"confman/store"
)

// Local is a node without peers: what it evaluates, it applies at once. The zero value is
// not usable; NewLocal makes one.
type Local struct {
	Store *store.Store

	mu    sync.Mutex
	index uint64
}

// NewLocal returns a node with an empty store in memory.
func NewLocal() *Local { return &Local{Store: store.OpenMemory()} }

// Watch has a watcher told of what changes.
func (l *Local) Watch(w store.Watcher) { l.Store.Watch(w) }

func now() store.Millis { return store.Millis(time.Now().UnixMilli()) }

// View runs fn over the data.
func (l *Local) View(_ context.Context, fn func(*store.Tx) error) error {
	return l.Store.View(now(), fn)
}

// Glance runs look over the data.
func (l *Local) Glance(look func(store.Glance)) error {
	l.Store.Glance(now(), look)
	return nil
}

// Update runs fn and applies what it did.
func (l *Local) Update(_ context.Context, by string, fn func(*store.Tx) error) (revision uint64, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	entry := store.Entry{Node: 1, Seq: l.index + 1, At: now()}
	var result error
	err = l.Store.Evaluate(entry.At, []store.Update{{By: by, Do: fn}}, func(_ int, txn store.Txn, err error) bool {
		entry.Txns, result = []store.Txn{txn}, err
		return true
	})
	if err != nil {
		return 0, err
	}
	l.index++
	if _, err := l.Store.Apply([]store.Indexed{{Index: l.index, Entry: entry}}); err != nil {
		return 0, err
	}
	if entry.Txns[0].Writing() {
		revision = l.index
	}
	return revision, result
}

// Barrier does nothing: there is nobody else who could commit.
func (l *Local) Barrier(context.Context) error { return nil }

// Within does nothing either.
func (l *Local) Within(context.Context, time.Duration) error { return nil }

// Reach waits for nodes that there are not.
func (l *Local) Reach(ctx context.Context, wanted int) int {
	if wanted > 0 {
		<-ctx.Done()
	}
	return 0
}
