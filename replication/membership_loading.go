package replication

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"confman/store"
)

// A node that has joined has an empty store first, and then whatever part of the state has come. Nothing
// that is read from that is true, so its clients are told so until it has had all that was committed
// when it asked. From then on it reads whenever it runs: what it has may be old, but it was true once.

// hasToCopy reports whether the node has never had the whole state. Nodes of earlier versions did not
// note that; one of them that has applied something has it.
func (n *Node) hasToCopy() bool {
	return n.identity.Copying || n.identity.Joined && n.store.Applied() == 0
}

func (n *Node) stillLoading() error {
	return fmt.Errorf("%w: it has come to revision %d, and other nodes answer", store.ErrLoading, n.store.Applied())
}

// copied notes that the node has had the whole state.
func (n *Node) copied() error {
	if !n.loading.Load() {
		return nil
	}
	n.identity.Copying = false
	if err := n.identity.save(n.Dir); err != nil {
		return err
	}
	n.loading.Store(false)
	n.log().Info("the node has copied the state", "revision", n.store.Applied())
	return nil
}

// forgetDemoted removes what the node was before it gave its vote up: all of it is in the state that it has
// copied.
func (n *Node) forgetDemoted() error {
	entries, err := os.ReadDir(n.Dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), demotedPrefix) {
			if err := os.RemoveAll(filepath.Join(n.Dir, e.Name())); err != nil {
				return err
			}
		}
	}
	return nil
}
