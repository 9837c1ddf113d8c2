package store

import (
	"errors"
	"io/fs"
	"strings"
	"sync"
	"sync/atomic"
	"weak"

	"github.com/tidwall/buntdb"
)

// Store is the data of one node: in memory, and in a file.
type Store struct {
	file      *file
	rewriting sync.WaitGroup
	changing  sync.Mutex // held while something is applied, or the state or the file is replaced

	mu sync.RWMutex // held for reading while anyone looks at the state
	state
	snapshots []weak.Pointer[Snapshot] // those that want to keep what changes
	retired   []*buntdb.DB             // databases before db, of which snapshots are read
	watcher   Watcher                  // or nil
	lapsed    deadline                 // the last one that it was told of
	expired   uint64                   // how many configs were found expired when they were removed or written over
	settled   atomic.Pointer[Policies] // the settings of namespaces, as they were when somebody asked last, or nil
}

// state is what the store holds, and what is known of that without walking over it.
type state struct {
	db    *buntdb.DB
	index index // of what is in db
	totals
	archive    *archive
	expiries   expiries
	milestones *milestones
	tallies    tallies
}

// Open opens the store in a folder, and creates it where there is none. A file that
// ends in damage, as a power cut can leave it, is cut back to its last whole batch before the
// damage; what is cut off is kept beside it.
func Open(folder FS) (*Store, error) {
	return OpenIf(folder, func(*Store) error { return nil })
}

// OpenIf opens the store in a folder if what it holds is fit, before anything is written there.
// Otherwise it returns the error that fit did.
func OpenIf(folder FS, fit func(*Store) error) (*Store, error) {
	s, extent, err := LoadFile(folder)
	fresh := errors.Is(err, fs.ErrNotExist)
	if fresh {
		s, err = OpenMemory(), nil
	}
	if err != nil {
		return nil, err
	}
	if err = fit(s); err == nil {
		err = s.attach(folder, fresh, extent)
	}
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// OpenMemory opens an empty store that keeps no file.
func OpenMemory() *Store {
	s, _, err := Load(strings.NewReader(""))
	if err != nil {
		panic("store: in memory: " + err.Error()) // nothing cannot be malformed
	}
	return s
}

// in returns what a transaction of BuntDB reads, as a source.
func (st *state) in(tx *buntdb.Tx) database { return database{tx, st.index, st.archive} }

// Close ends the store. What was applied stays; [Store.Sync] makes it survive power cuts.
func (s *Store) Close() error {
	s.changing.Lock()
	defer s.changing.Unlock()
	s.cancelRewrite()
	err := s.file.close()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.snapshots, s.index = nil, nil
	s.letGo()
	return errors.Join(err, s.db.Close())
}

// Applied returns the revision of the last entry applied.
func (s *Store) Applied() uint64 {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.applied
}

// Hash returns a hash over the whole state, and the revision at which it stood so.
// Stores of one history with equal revisions must have equal hashes.
func (s *Store) Hash() (revision, hash uint64) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.applied, s.hash + s.past.hash + s.archive.hash
}

// LastSeq returns the number of the last entry of a node that was applied here.
func (s *Store) LastSeq(node uint64) (seq uint64) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	_ = s.db.View(func(db *buntdb.Tx) error {
		p, _ := loadProposer(s.in(db), node)
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
	return s.view(now, fn)
}

// view is [Store.View] while the lock is held.
func (s *Store) view(now Millis, fn func(*Tx) error) error {
	return s.db.View(func(db *buntdb.Tx) error {
		return fn(&Tx{src: s.in(db), now: max(now, s.clock), store: s, view: true})
	})
}

// Sync makes everything applied survive a power cut. An error is final: the store has
// stopped. Anyone may call it at any time; what is applied meanwhile waits for it.
func (s *Store) Sync() error { return s.file.sync() }
