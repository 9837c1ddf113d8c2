package replication

import (
	"context"
	"time"

	"confman/store"
)

// lapse has the store's watcher told of what expires, by this node's clock, until ctx ends: whether or not
// there is a leader who removes it.
func (n *Node) lapse(ctx context.Context) {
	for ctx.Err() == nil {
		moved := n.progress.next()
		now := store.Millis(n.now().UnixMilli())
		left, some := n.store.NextLapse(now)
		switch {
		case !some:
			idle(ctx, 0, moved, nil)
		case left > 0:
			idle(ctx, time.Duration(min(left, store.Millis(reapLook.Milliseconds())))*time.Millisecond, moved, nil)
		default:
			n.store.Lapse(now)
		}
	}
}
