package replication

import (
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"

	"confman/store"
)

// syncedFile remembers the raft index up to which the store's file was synced. Behind it the
// raft log may be cut, so a store that stands before it, an old copy or a damaged one, can
// never catch up from the log: dragonboat panics at every start when it finds that out.
const syncedFile = "synced"

// readSynced returns the index, 0 if nothing was ever synced.
func readSynced(folder store.FS) (uint64, error) {
	content, err := folder.ReadFile(syncedFile)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("read %s: %w", syncedFile, err)
	}
	index, err := strconv.ParseUint(strings.TrimSpace(string(content)), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%s is damaged: %w", syncedFile, err)
	}
	return index, nil
}

func writeSynced(folder store.FS, index uint64) error {
	if err := replaceFile(folder, syncedFile, []byte(strconv.FormatUint(index, 10)+"\n")); err != nil {
		return fmt.Errorf("write %s: %w", syncedFile, err)
	}
	return nil
}

// rejoin is what heals a node whose data cannot be trusted to be its own.
const rejoin = "remove this node from its cluster and let it join again with an empty data directory"

// checkStore refuses a store that is older than what the log can bring it up from.
func (n *Node) checkStore() error {
	synced, err := readSynced(n.disk.folder)
	if err != nil {
		return err
	}
	if applied := n.store.Applied(); applied < synced {
		return fmt.Errorf("%s in %s stands at revision %d, and had been synced up to %d: it is an old copy, or its disk has lost writes; "+
			"put the newer one back, or %s", store.FileName, n.Dir, applied, synced, rejoin)
	}
	return nil
}

// checkLog refuses a raft log that ends before what the store has applied: it has lost its end,
// and with it votes and promises to other nodes.
func (n *Node) checkLog() error {
	log, err := n.raft.host.GetLogReader(shard)
	if err != nil {
		return fmt.Errorf("look at the raft log: %w", err)
	}
	if _, last := log.GetRange(); last < n.store.Applied() {
		return fmt.Errorf("the raft log in %s ends at %d, and the store has applied %d: the log is an old copy, or has lost its end; "+
			"put the newer one back, or %s", n.Dir, last, n.store.Applied(), rejoin)
	}
	return nil
}
