package store

import (
	"bytes"
	"errors"
	"fmt"
	"sync"

	"github.com/tidwall/buntdb"
)

// Store is the data of one node: in memory, and in a file.
type Store struct {
	file      *file
	rewriting sync.WaitGroup

	applying sync.Mutex // held from writing a batch to the file until it can be seen

	mu sync.RWMutex // held for reading while anyone looks at db
	db *buntdb.DB
	totals
}

// Open opens the store in a folder, and creates it where there is none. A file that
// ends in damage, as a power cut can leave it, is cut back to its last whole batch before the
// damage; what is cut off is kept beside it.
func Open(fs FS) (*Store, error) {
	f, content, err := openFile(fs)
	if err != nil {
		return nil, err
	}
	db, sums, err := load(content)
	if err != nil {
		return nil, err
	}
	sums.applied = f.index
	s := &Store{file: f, db: db, totals: sums}
	if f.damaged || f.fresh {
		err = s.writeAnew()
	}
	return s, err
}

// OpenMemory opens an empty store that keeps no file.
func OpenMemory() *Store {
	s, err := Open(nowhere{})
	if err != nil {
		panic("store: in memory: " + err.Error()) // nowhere never fails
	}
	return s
}

// load makes a database of checked bytes in the file's format.
func load(content []byte) (*buntdb.DB, totals, error) {
	var sums totals
	db, err := buntdb.Open(":memory:")
	if err != nil {
		return nil, sums, err
	}
	if err := db.Load(bytes.NewReader(content)); err != nil {
		return nil, sums, fmt.Errorf("load: %w", err)
	}
	err = db.Update(func(tx *buntdb.Tx) error {
		if _, err := tx.Delete(marker); err != nil && err != buntdb.ErrNotFound {
			return err
		}
		return tx.Ascend("", func(key, value string) bool {
			sums.count(key, value, +1)
			if key[:1] == proposers {
				if p, err := decodeProposer(value); err == nil {
					sums.clock = max(sums.clock, p.at)
				}
			}
			return true
		})
	})
	return db, sums, err
}

// Close ends the store. What was applied stays; [Store.Sync] makes it survive power cuts.
func (s *Store) Close() error {
	s.cancelRewrite()
	s.mu.Lock()
	defer s.mu.Unlock()
	return errors.Join(s.file.close(), s.db.Close())
}

// Applied returns the raft index of the last entry applied.
func (s *Store) Applied() uint64 {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.applied
}

// Hash returns a hash over the whole state, and the raft index at which it stood so.
// Stores with equal indexes must have equal hashes.
func (s *Store) Hash() (index, hash uint64) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.applied, s.hash
}

// LastSeq returns the number of the last entry of a node that was applied here.
func (s *Store) LastSeq(node uint64) (seq uint64) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	_ = s.db.View(func(db *buntdb.Tx) error {
		p, _ := loadProposer(base{db}, node)
		seq = p.seq
		return nil
	})
	return seq
}

// View runs fn over the data as it stands. What fn writes is lost. The store's time is
// the given one, or the latest that an applied entry carried, if that is later.
func (s *Store) View(now Millis, fn func(*Tx) error) error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.db.View(func(db *buntdb.Tx) error {
		return fn(&Tx{src: base{db}, now: max(now, s.clock), totals: &s.totals, view: true})
	})
}

// Sync makes everything applied survive a power cut. An error is final: the store has
// stopped.
func (s *Store) Sync() error { return s.file.sync() }
