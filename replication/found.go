package replication

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"

	"confman/store"

	"github.com/google/uuid"
)

// A cluster is founded from what another one left: a backup, or the data directory of a node
// whose majority is lost. The new cluster has an id of its own, so that no node of the old one
// can take part in it; revisions, versions and times of its configs go on. Its first node has a
// number that no node had before.

// nextFolder is where a new cluster is made ready within the data directory, before it takes the
// place of what is there: first all of it is on disk, then it is moved. A start that finds it
// knows that the move was cut short.
const nextFolder = "next"

// A Founding tells what a cluster was founded from and what came of it.
type Founding struct {
	Cluster    string `json:"cluster" yaml:"cluster"`
	Generation uint64 `json:"generation" yaml:"generation"`
	Node       uint64 `json:"node" yaml:"node"`
	Revision   uint64 `json:"revision" yaml:"revision"`
	Configs    int    `json:"configs" yaml:"configs"`
	Aside      string `json:"aside,omitempty" yaml:"aside,omitempty"` // where what was in the data directory is now
}

// Restore founds a cluster in an empty data directory, out of a backup that is one whole frame of
// the store's format. Its first node is started there like any other.
func Restore(dir string, backup io.Reader) (f Founding, err error) {
	content, err := io.ReadAll(backup)
	if err != nil {
		return f, fmt.Errorf("read the backup: %w", err)
	}
	from, extent, err := store.Load(bytes.NewReader(content))
	switch {
	case err != nil:
		return f, fmt.Errorf("read the backup: %w", err)
	case extent.Damaged():
		return f, fmt.Errorf("the backup is damaged behind byte %d of %d: nothing was restored", extent.Whole, extent.Bytes)
	case extent.Frames != 1:
		return f, errors.New("this is no backup, but a node's file, whose end nothing vouches for: make a backup of it with confman backup FILE --data-dir DIR")
	}
	d, err := openDataDir(dir)
	if err != nil {
		return f, err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	if f, done, err := completed(dir); done || err != nil {
		return f, err
	}
	if err := unused(dir); err != nil {
		return f, err
	}
	return found(dir, from)
}

// unused refuses a directory that a node has.
func unused(dir string) error {
	for _, name := range []string{identityFile, store.FileName} {
		if exists(dir, name) {
			return fmt.Errorf("%s has a node's data in it: restore into an empty directory (--data-dir)", dir)
		}
	}
	return nil
}

// found makes a new cluster of a store's content, ready in the data directory for its first node
// to start.
func found(dir string, from *store.Store) (f Founding, err error) {
	next := filepath.Join(dir, nextFolder)
	err = errors.Join(os.RemoveAll(next), os.Mkdir(next, 0o700))
	if err == nil {
		f, err = prepare(next, from)
	}
	if err != nil {
		return f, fmt.Errorf("found a cluster: %w", errors.Join(err, os.RemoveAll(next)))
	}
	f.Aside, err = install(dir)
	return f, err
}

// prepare writes all that the first node of a new cluster starts with, its identity last.
func prepare(next string, from *store.Store) (f Founding, err error) {
	var system map[string]string
	id := identity{Cluster: newClusterID(), Host: uuid.NewString(), Base: from.Applied()}
	err = from.View(0, func(tx *store.Tx) error {
		id.Node = highestNode(tx) + 1
		system = map[string]string{
			originName: successor(tx, id.Cluster).encode(),
			lastNode:   strconv.FormatUint(id.Node, 10),
		}
		if rec, found := tx.Get(profileName); found {
			system[profileName] = rec.Value
		}
		return nil
	})
	if err != nil {
		return f, err
	}
	folder := store.Dir(next)
	if err := store.Found(folder, from, system); err != nil {
		return f, err
	}
	// The store's file is all there is of what came before the log.
	if err := writeNumber(folder, syncedFile, id.Base); err != nil {
		return f, err
	}
	if err := id.save(next); err != nil {
		return f, err
	}
	return founding(next, next)
}

// founding reads what was founded; its identity and its store may be in different folders.
func founding(ofIdentity, ofStore string) (f Founding, err error) {
	id, _, err := loadIdentity(ofIdentity)
	if err != nil {
		return f, err
	}
	s, _, err := store.LoadFile(store.Dir(ofStore))
	if err != nil {
		return f, err
	}
	f = Founding{Cluster: id.Cluster.String(), Node: id.Node, Revision: s.Applied()}
	return f, s.View(0, func(tx *store.Tx) error {
		o, err := OriginOf(tx)
		f.Generation, f.Configs = o.Generation, tx.Count()
		return err
	})
}

// successor is the origin of a cluster that goes on from where a store's came to.
func successor(tx *store.Tx, c clusterID) Origin {
	next := Origin{Cluster: c.String(), Generation: 1}
	if o, err := OriginOf(tx); err == nil {
		next.Generation = o.Generation + 1
		next.Before = append(o.Before, o.Cluster)
	}
	return next
}

// install moves a new cluster that is ready to where its node looks for it, and what was there
// aside. As long as the store's file is the old one, nothing has been moved yet that is new.
func install(dir string) (aside string, err error) {
	next := filepath.Join(dir, nextFolder)
	if exists(next, store.FileName) {
		if aside, err = setAside(dir, foundedPrefix); err != nil {
			return aside, err
		}
	}
	for _, name := range []string{store.FileName, syncedFile, identityFile} {
		if !exists(next, name) {
			continue
		}
		if err := os.Rename(filepath.Join(next, name), filepath.Join(dir, name)); err != nil {
			return aside, fmt.Errorf("found a cluster: %w", err)
		}
	}
	return aside, errors.Join(os.Remove(next), store.Dir(dir).SyncDir())
}

// completed completes a founding that was cut short when all of it was ready, and reports whether
// there was one. One that was not ready left the data directory as it was, and is done again.
func completed(dir string) (f Founding, done bool, err error) {
	next := filepath.Join(dir, nextFolder)
	if !exists(next, identityFile) {
		return f, false, os.RemoveAll(next)
	}
	ofStore := next
	if !exists(next, store.FileName) {
		ofStore = dir
	}
	if f, err = founding(next, ofStore); err != nil {
		return f, false, err
	}
	f.Aside, err = install(dir)
	return f, true, err
}

func exists(dir, name string) bool {
	_, err := os.Lstat(filepath.Join(dir, name))
	return err == nil
}

// interrupted refuses a data directory in which a cluster was about to be founded.
func interrupted(dir string) error {
	if !exists(dir, nextFolder) {
		return nil
	}
	return distrust(dir, "a restore or a recovery was interrupted here", "to complete it: run the same command again")
}
