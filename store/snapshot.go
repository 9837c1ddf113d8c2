package store

import (
	"errors"
	"hash/crc32"
	"io"
	"slices"
	"weak"

	"github.com/tidwall/buntdb"
)

// A Snapshot is the whole state at one revision, to be read as one frame of the file's
// format. Taking it costs nothing, and it holds no lock from one Read to the next: it pages
// through the database, and whoever changes a record that it has not come to leaves it the
// old one; the versions that had ended are not moved, and say when they were dropped. One goroutine reads it; any may close it. One that was read to its end need not
// be closed, and one that nobody has any more is as good as closed.
type Snapshot struct {
	store *Store
	db    *buntdb.DB // of which it is, even if the store has another by now
	totals

	was  queue // the versions that had ended, with some that were dropped before
	read int   // how many of them were read

	// Both belong to store.mu. The reader, who alone changes next, only shares it.
	old  layer  // how records were that have changed since; over the database it is the state
	next string // the first key that was not read yet

	pageRecords int
	page        []pair
	buffer      []byte // what was read of the frame last
	unread      []byte // what of that nobody has got yet
	size        int64
	crc         uint32
	ended       bool
}

type pair struct{ key, value string }

// How much is read from memory at a time while others wait, in records and about in bytes.
const (
	pageRecords = 2000
	pageBytes   = 1 << 20
)

var errGone = errors.New("read snapshot: it was closed, or the store was closed or restored")

// Snapshot takes the state as it stands.
func (s *Store) Snapshot() *Snapshot {
	s.mu.Lock()
	defer s.mu.Unlock()
	sn := &Snapshot{store: s, db: s.db, totals: s.totals, was: s.archive.order.copy(), pageRecords: pageRecords}
	s.snapshots = append(s.snapshots, weak.Make(sn))
	return sn
}

// openSnapshots returns the snapshots that somebody may still read. The lock is held.
func (s *Store) openSnapshots() (open []*Snapshot) {
	s.snapshots = slices.DeleteFunc(s.snapshots, func(p weak.Pointer[Snapshot]) bool {
		sn := p.Value()
		if sn != nil {
			open = append(open, sn)
		}
		return sn == nil
	})
	return open
}

// keep saves a record that is about to change, unless it was read or has changed before.
// The lock is held.
func (sn *Snapshot) keep(key, value string, found bool) {
	if key < sn.next {
		return
	}
	if _, kept := sn.old.changes.get(key); !kept {
		sn.old.changes.set(key, change{value: value, delete: !found})
	}
}

// Revision returns the revision at which the state stood so.
func (sn *Snapshot) Revision() uint64 { return sn.applied }

// Read reads on in the frame. It fails once the store was closed or restored.
func (sn *Snapshot) Read(p []byte) (int, error) {
	if err := sn.fill(); err != nil {
		return 0, err
	}
	n := copy(p, sn.unread)
	sn.unread = sn.unread[n:]
	return n, nil
}

// WriteTo writes what was not read yet of the frame.
func (sn *Snapshot) WriteTo(w io.Writer) (size int64, err error) {
	for {
		if err := sn.fill(); err == io.EOF {
			return size, nil
		} else if err != nil {
			return size, err
		}
		n, err := w.Write(sn.unread)
		size += int64(n)
		sn.unread = sn.unread[n:]
		if err != nil {
			return size, err
		}
	}
}

// Close lets go of the state. Reading fails then, unless it was at its end.
func (sn *Snapshot) Close() error {
	sn.store.mu.Lock()
	defer sn.store.mu.Unlock()
	mine := weak.Make(sn)
	sn.store.snapshots = slices.DeleteFunc(sn.store.snapshots, func(p weak.Pointer[Snapshot]) bool { return p == mine })
	sn.db, sn.old, sn.was = nil, layer{}, queue{}
	sn.store.letGo()
	return nil
}

// fill sees to it that something is unread, or returns [io.EOF].
func (sn *Snapshot) fill() error {
	switch {
	case len(sn.unread) > 0:
		return nil
	case sn.ended:
		return io.EOF
	}
	if err := sn.turn(); err != nil {
		return err
	}
	b := sn.buffer[:0]
	for _, r := range sn.page {
		b = appendSet(b, r.key, r.value)
	}
	sn.size += int64(len(b))
	sn.crc = crc32.Update(sn.crc, castagnoli, b)
	if len(sn.page) == 0 {
		b = appendMarker(b, sn.applied, sn.size, sn.crc)
		sn.ended = true
		_ = sn.Close() // never fails
	}
	sn.buffer, sn.unread = b, b
	return nil
}

// turn copies the next page; after the last comes an empty one.
func (sn *Snapshot) turn() error {
	sn.store.mu.RLock()
	defer sn.store.mu.RUnlock()
	sn.page = sn.page[:0]
	bytes := 0
	err := sn.view(func() {
		sn.old.ascend(span{sn.next, everything.to}, func(key, value string) bool {
			sn.page = append(sn.page, pair{key, value})
			bytes += len(key) + len(value)
			return len(sn.page) < sn.pageRecords && bytes < pageBytes
		})
	})
	if n := len(sn.page); n > 0 {
		sn.next = sn.page[n-1].key + "\x00"
	}
	for ; err == nil && sn.read < sn.was.len() && len(sn.page) < sn.pageRecords && bytes < pageBytes; sn.read++ {
		if e := sn.was.at(sn.read); e.dropped == 0 || e.dropped > sn.applied {
			sn.page = append(sn.page, pair{e.key(), e.value})
			bytes += len(e.config) + len(e.value)
		}
	}
	return err
}

// view runs do while the old records stand over the database. The lock is held.
func (sn *Snapshot) view(do func()) error {
	if sn.db == nil {
		return errGone
	}
	err := sn.db.View(func(tx *buntdb.Tx) error {
		sn.old.under = database{Tx: tx}
		do()
		return nil
	})
	if err == buntdb.ErrDatabaseClosed {
		return errGone
	}
	return err
}
