package replication

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"confman/store"
)

const (
	identityFile   = "identity.json"
	identityFormat = 1
)

// identity is who a node is. The cluster assigns it once; without its file a data directory
// belongs to nobody, and a node that starts there is a new one.
type identity struct {
	Format  int       `json:"format"`
	Cluster clusterID `json:"cluster"`
	Node    uint64    `json:"node"`   // the replica, never used again once removed
	Host    string    `json:"host"`   // dragonboat's NodeHostID
	Joined  bool      `json:"joined"` // came as a non-voter, and must say so at each start, even as a voter
	Boots   uint64    `json:"boots"`  // how often it started; part of the number of each of its entries
	// Started says that there has been a raft log: without it the node is not a new one, but one that
	// has lost its log.
	Started bool `json:"started,omitempty"`
	// Seed is the raft address of the member through which it joined, for as long as it knows no other.
	Seed string `json:"seed,omitempty"`
	// Base is the revision at which the cluster's history was begun anew from a backup, or 0. The
	// raft log cannot be applied to a store that does not begin there.
	Base uint64 `json:"base,omitempty"`
	// Replaces is the node in whose place it came, or 0. Once it votes, that has no meaning any more.
	Replaces uint64 `json:"replaces,omitempty"`
	// Copying says that it has joined, and has not had the whole state yet.
	Copying bool `json:"copying,omitempty"`
	// Profile names its cluster's timing, for as long as the store does not.
	Profile string `json:"profile,omitempty"`
}

// loadIdentity reads the identity of a data directory; found is false if it has none yet.
func loadIdentity(dir string) (id identity, found bool, err error) {
	path := filepath.Join(dir, identityFile)
	content, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return identity{}, false, nil
	}
	if err != nil {
		return identity{}, false, fmt.Errorf("read the node's identity: %w", err)
	}
	var head struct{ Format int } // whatever else a newer version writes
	if err := json.Unmarshal(content, &head); err == nil && head.Format > identityFormat {
		return identity{}, false, distrust(dir,
			fmt.Sprintf("%s has format %d, and this confman knows up to %d", identityFile, head.Format, identityFormat), startNewer)
	}
	if err := json.Unmarshal(content, &id); err != nil {
		return identity{}, false, damagedIdentity(path, err)
	}
	if err := id.check(); err != nil {
		return identity{}, false, damagedIdentity(path, err)
	}
	return id, true, nil
}

func damagedIdentity(path string, err error) error {
	return distrust(filepath.Dir(path), fmt.Sprintf("%s is damaged: %v", identityFile, err),
		"put that file back from where the rest came from, or take the node's place as a new one: confman node replace --data-dir "+
			filepath.Dir(path)+" --join "+tokenOfMember)
}

func (id identity) check() error {
	switch {
	case id.Format != identityFormat:
		return fmt.Errorf("format %d", id.Format)
	case id.Cluster == 0:
		return errors.New("no cluster")
	case id.Node == 0:
		return errors.New("no node")
	case !isHostID(id.Host):
		return fmt.Errorf("host %q is no host id", id.Host)
	}
	return nil
}

// save writes the identity so that it survives a power cut; the file is the old one or the new
// one at any time.
func (id identity) save(dir string) error { return id.saveAs(dir, identityFile) }

// saveAs saves it in a file of another name: it is not who the node is yet.
func (id identity) saveAs(dir, name string) error {
	id.Format = identityFormat
	if err := id.check(); err != nil {
		return fmt.Errorf("save the node's identity: %w", err)
	}
	content, err := json.Marshal(id)
	if err == nil {
		err = replaceFile(store.Dir(dir), name, append(content, '\n'))
	}
	if err != nil {
		return fmt.Errorf("save the node's identity: %w", err)
	}
	return nil
}

// nextBoot counts a start on disk. A node proposes nothing before: what it numbered in an
// earlier life must not be mistaken for what it numbers in this one.
func (id *identity) nextBoot(dir string) error {
	next := *id
	next.Boots++
	if err := next.save(dir); err != nil {
		return err
	}
	*id = next
	return nil
}

// replaceFile puts a file in the place of another, durably and at once or not at all. Only
// its owner can read it.
func replaceFile(folder store.FS, name string, content []byte) error {
	f, err := folder.Create(name + newSuffix)
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := folder.Rename(name+newSuffix, name); err != nil {
		return err
	}
	return folder.SyncDir()
}

// newSuffix is that of a file that is about to replace another.
const newSuffix = ".new"
