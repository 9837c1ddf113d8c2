package replication

import (
	"sync"
	"testing"
	"time"

	"confman/store"
)

// lapses is a watcher that remembers what has expired.
type lapses struct {
	replacements
	mu    sync.Mutex
	names []string
}

func (l *lapses) Lapsed(names []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.names = append(l.names, names...)
}

func (l *lapses) know(name string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, one := range l.names {
		if one == name {
			return true
		}
	}
	return false
}

// A node says by itself what has expired, even if there is nobody who could remove it.
func TestWhatExpiresIsToldWithoutALeader(t *testing.T) {
	c := newCluster(t)
	c.start(t.TempDir(), "")
	heard := &lapses{}
	n := c.node(t.TempDir(), c.nodes[0].Raft.Addr().String())
	n.Watcher = heard
	if err := n.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	c.nodes = append(c.nodes, n)
	c.eventually("both vote", func() bool { return n.Status().Voters == 2 && n.votes() })
	expires := store.Millis(time.Now().Add(2 * time.Second).UnixMilli())
	c.update(n, func(tx *store.Tx) error { return tx.Set("short/lived", "1", expires) })
	c.stop(c.nodes[0])
	c.eventually("it is told of", func() bool { return heard.know("short/lived") })
	if sees(t, n, "short/lived") {
		t.Error("it can still be seen")
	}
	if !holdsExpired(n.store) && n.store.Expired() > 0 {
		t.Error("somebody has removed it")
	}
}
