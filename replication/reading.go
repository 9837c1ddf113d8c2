package replication

import (
	"errors"
	"fmt"
	"io/fs"

	"confman/store"
)

// A node that cannot take part in its cluster, because its disk is full or because it has crashed
// over and over, reads all the same: out of its store's file, into which it writes nothing. It
// votes for nothing and talks to no other node.

// examine returns why the node must only read, or "".
func (n *Node) examine() string {
	n.room = newRoom(n.Dir, n.Reserve)
	if n.free != nil {
		n.room.free = n.free
	}
	exhausted, err := n.room.look()
	if err != nil {
		n.log().Warn("the disk cannot be looked after", "error", err)
	}
	if err := noteLastPanic(n.Dir); err != nil {
		n.log().Warn("the last crash could not be noted", "error", err)
	}
	n.crashes = loadCrashes(n.Dir)
	switch {
	case exhausted:
		return fmt.Sprintf("its disk has only %s left; it reads, and takes part again by itself when there are %s: make room on the disk of %s",
			mebibytes(n.room.left.Load()), mebibytes(n.Reserve), n.Dir)
	case crashLoop(n.crashes):
		return fmt.Sprintf("%s; it reads, and takes part again after: confman node resume --data-dir %s", describe(n.crashes), n.Dir)
	}
	return ""
}

// startReading opens the store's file for reading.
func (n *Node) startReading() error {
	n.log().Error("the node starts degraded", "reason", n.degraded)
	id, found, err := loadIdentity(n.Dir)
	if err != nil {
		return err
	}
	if !found {
		return fmt.Errorf("%s is no node yet, and cannot become one: %s", n.Dir, n.degraded)
	}
	n.identity = id
	s, extent, err := store.LoadFile(n.disk.folder) // what follows the last whole batch the raft log has too
	if errors.Is(err, fs.ErrNotExist) {
		s, err = store.OpenMemory(), nil
	}
	if err != nil {
		return err
	}
	n.store = s
	if extent.Damaged() {
		n.room.more = extent.Bytes // it is written anew before the node takes part
	}
	n.adopt()
	return closed(n.Raft)
}

// awaitFitness ends a node that only reads when it may do more.
func (n *Node) awaitFitness() {
	exhausted, err := n.room.look()
	if err == nil && !exhausted && !n.room.low.Load() && !crashLoop(loadCrashes(n.Dir)) {
		n.log().Info("the node is fit again")
		n.ending.because(ErrStartAgain)
	}
}
