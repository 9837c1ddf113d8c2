package replication

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"confman/store"
)

// damagedSuffix is that of the store's file that a repair has replaced.
const damagedSuffix = ".damaged"

// Repair puts another node's state in the place of a store's file that is lost, damaged or too
// old. The node's raft log must be there: what the node has promised stands in it, and it brings
// the copy up to date. The state comes as one frame of the store's format; it must be of the same
// cluster, and no older than what this node had synced. It returns its revision.
func Repair(dir string, state io.Reader) (revision uint64, err error) {
	content, err := io.ReadAll(state)
	if err != nil {
		return 0, fmt.Errorf("copy another node's store: %w", err)
	}
	from, extent, err := store.Load(bytes.NewReader(content))
	if err == nil && (extent.Damaged() || extent.Frames != 1) {
		err = fmt.Errorf("damaged behind byte %d of %d", extent.Whole, extent.Bytes)
	}
	if err != nil {
		return 0, fmt.Errorf("copy another node's store: %w", err)
	}
	d, err := openDataDir(dir)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	if err := repairable(dir, from); err != nil {
		return 0, err
	}
	folder := store.Dir(dir)
	file := filepath.Join(dir, store.FileName)
	if err := os.Rename(file, file+damagedSuffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return 0, fmt.Errorf("set the old file aside: %w", err)
	}
	err = writeNumber(folder, repairedFile, from.Applied())
	if err == nil {
		err = replaceFile(folder, store.FileName, content)
	}
	return from.Applied(), err
}

// repairable refuses what a copy cannot mend, and a copy that does not fit.
func repairable(dir string, from *store.Store) error {
	id, found, err := loadIdentity(dir)
	switch {
	case err != nil:
		return err
	case !found:
		return fmt.Errorf("%s has no %s: it was wiped, or never was a node's; confman node replace makes it one", dir, identityFile)
	}
	if _, err := os.Stat(filepath.Join(dir, raftFolder)); err != nil {
		return fmt.Errorf("the raft log of %s is gone too, and with it what the node has promised to others: confman node replace gives it a new identity", dir)
	}
	var o Origin
	err = from.View(0, func(tx *store.Tx) (err error) {
		o, err = OriginOf(tx)
		return err
	})
	if err == nil && o.Cluster != id.Cluster.String() {
		err = fmt.Errorf("it is of cluster %s, and this node of cluster %s", o.Cluster, id.Cluster)
	}
	if err != nil {
		return fmt.Errorf("that node's store cannot take the place of this one's: %w", err)
	}
	synced, err := readNumber(store.Dir(dir), syncedFile)
	if err == nil && from.Applied() < synced {
		err = fmt.Errorf("that node stands at revision %d, and this one had been synced up to %d: copy from one that is further", from.Applied(), synced)
	}
	return err
}
