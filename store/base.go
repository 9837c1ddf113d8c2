package store

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"strings"
)

// A base tells that a history was begun anew from a backup: raft counts its entries from 1
// again, while revisions go on from where the old history ended, and so does the clock.
type base struct {
	revision uint64
	clock    Millis
}

func (b base) encode() string {
	v := binary.AppendUvarint([]byte{recordFormat}, b.revision)
	return string(binary.AppendUvarint(v, uint64(b.clock)))
}

func decodeBase(s string) (base, error) {
	d, err := opened(s, recordFormat)
	if err != nil {
		return base{}, err
	}
	return base{d.uint(), d.millis()}, d.end()
}

// Base returns the revision at which this history was begun from a backup, or zero.
func (s *Store) Base() uint64 {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.base
}

// Found writes the file of a new history into a folder that has none. It begins with the
// configs of a store, at their revisions, and the settings of their namespaces. Of the system's others
// it takes the given ones instead, by their full names, and it knows nothing of the nodes that proposed in the old history.
func Found(to FS, from *Store, system map[string]string) error {
	old, err := to.Open(FileName)
	if err == nil {
		_ = old.Close()
		return errors.New("begin a new history: the folder has a store's file already")
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("begin a new history: %w", err)
	}
	sn := from.Snapshot()
	defer sn.Close()
	if err := sn.begin(system); err != nil {
		return fmt.Errorf("begin a new history: %w", err)
	}
	f := &file{fs: to}
	return errors.Join(f.replace(sn.WriteTo), f.close())
}

// begin turns a snapshot into the first state of a new history.
func (sn *Snapshot) begin(system map[string]string) error {
	if sn.applied == 0 {
		return errors.New("the store to begin with is empty")
	}
	for name := range system {
		if !systemKey(configKey(name)) {
			return fmt.Errorf("%q is not a config of the system", name)
		}
	}
	sn.store.mu.Lock()
	defer sn.store.mu.Unlock()
	return sn.view(func() {
		sn.leaveOut()
		for name, value := range system {
			sn.old.write(Write{Name: name, Value: value}, 0, sn.applied, sn.clock, "system")
		}
		sn.old.changes.set(baseKey, change{value: base{sn.applied, sn.clock}.encode()})
	})
}

// leaveOut takes from a snapshot the system's configs but the settings of namespaces, and the nodes
// that proposed.
func (sn *Snapshot) leaveOut() {
	var names, keys []string
	sn.old.ascend(systems, func(key, _ string) bool {
		if systemKey(key) && !strings.HasPrefix(key, within(settingsNamespace).from) {
			names = append(names, configName(key))
		}
		return true
	})
	sn.old.ascend(span{proposers, proposers + "\xff"}, func(key, _ string) bool {
		keys = append(keys, key)
		return true
	})
	for _, name := range names {
		sn.old.write(Write{Name: name, Delete: true}, 0, sn.applied, sn.clock, "system")
	}
	for _, key := range keys {
		sn.old.changes.set(key, change{delete: true})
	}
}
