package replication

import (
	"errors"
	"fmt"

	"confman/store"
)

// Sync puts all that this node has applied on its disk. What was acknowledged does not need that: it
// stands in the raft log, synced. After an error the node ends, as after any error of the store's file.
// A node that only reads has nothing to put there.
func (n *Node) Sync() error {
	err := n.store.Sync()
	switch {
	case err == nil:
		n.wasSaved()
	case !errors.Is(err, store.ErrClosed):
		n.fail(err)
	}
	return err
}

// Compact begins to write the store's file anew, without what is no longer true, and returns. The
// node does so by itself when the file has outgrown twice its content. The error is
// [store.ErrCompacting] if that is under way already, and [store.ErrUnfit] on a node that only reads.
func (n *Node) Compact() error {
	if n.degraded != "" {
		return fmt.Errorf("%w: %s", store.ErrUnfit, n.degraded)
	}
	return n.store.Compact()
}

// wasSaved notes that all that was applied is on disk.
func (n *Node) wasSaved() { n.saved.Store(n.now().Unix()) }
