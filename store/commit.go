package store

import (
	"crypto/sha256"
	"encoding/binary"
	"slices"
	"strings"

	"github.com/tidwall/buntdb"
)

// A batch is what a few entries change, decided but not yet done: a layer over the
// database, and the counts that change with it.
type batch struct {
	layer
	tx    *buntdb.Tx
	spare *layer // for one transaction after the other
	totals
	archive draft
	moves   []move    // what changes of the expiries
	told    []Changes // what the watcher is told

	tallies  tallies
	tallying bool // they are its own

	flushing End             // of the configs that the database holds, if the batch flushes
	before   map[string]bool // keys of configs whose end is written down already
	limit    int             // of bytes of history, as the batch leaves it
	keeping  *Policies       // when they were flushed: what is kept of them
}

// totals sum up the database, so that nobody has to walk it.
type totals struct {
	applied    uint64 // revision of the last entry applied
	base       uint64 // revision at which this history was begun; 0 unless it was begun from a backup
	clock      Millis // latest time that an entry carried; the store's time never runs back
	hash       uint64 // sum of the hashes of all records but those of past: equal states have equal sums
	configs    int    // how many configs there are, expired ones included, the system's not
	namespaces int    // how many namespaces they are in, the root not counted
	past       past   // what is kept of what has changed
}

// newBatch starts a batch, with the tallies that it may need. Only one can be open, and end must follow.
func (s *Store) newBatch(tallies tallies) (*batch, error) {
	tx, err := s.db.Begin(false)
	if err != nil {
		return nil, err
	}
	db := s.in(tx)
	return &batch{
		layer: layer{under: db, settled: s.policies(db)}, tx: tx, spare: &layer{}, totals: s.totals, archive: s.archive.draft(s.applied), tallies: tallies,
	}, nil
}

// end sums the changes up and lets go of the database.
func (b *batch) end() {
	if b.flushed {
		b.limit = b.historyBytes()
		b.hash, b.totals.configs, b.namespaces = 0, 0, 0
		for _, s := range []span{{everything.from, pasts}, {pastsEnd, versions}, {versionsEnd, everything.to}} {
			b.under.ascend(s, func(key, value string) bool {
				b.count(key, value, +1)
				return true
			})
		}
	}
	b.changes.all(func(key string, c change) bool {
		if key[:1] == versions {
			return true // the floor's record, which the archive counts
		}
		if old, found := b.under.get(key); found {
			b.count(key, old, -1)
		}
		if !c.delete {
			b.count(key, c.value, +1)
		}
		return true
	})
	_ = b.tx.Rollback() // ends a read; its only error is that it has ended
}

// count adds a record to the totals and the expiries, or takes it away.
func (b *batch) count(key, value string, sign int) {
	if at := b.totals.count(key, value, sign); at != 0 {
		b.moves = append(b.moves, move{deadline{at, key}, sign})
	}
}

// count adds a record to the totals, or takes it away, and returns when it expires.
func (t *totals) count(key, value string, sign int) (expires Millis) {
	switch key[:1] {
	case versions: // the floor's record, which the archive counts
		return 0
	case pasts:
		t.past.hash += uint64(sign) * hashOf(key, value)
		return 0
	}
	t.hash += uint64(sign) * hashOf(key, value)
	if ns, found := strings.CutPrefix(key, namespaces); found && ns != "" && !systemNamespace(ns) {
		t.namespaces += sign
	}
	if key[:1] != configs {
		return 0
	}
	if !systemKey(key) {
		t.configs += sign
	}
	return mustRecord(key, value).Expires
}

// hashOf returns the first 64 bits of SHA-256 over a record and its key.
func hashOf(key, value string) uint64 {
	b := binary.AppendUvarint(make([]byte, 0, onStack), uint64(len(key)))
	return sumOf(append(b, key...), value)
}

// sumOf returns those of a record, of which what comes before the value is put together. The value is copied a piece at a time, however
// long it is, because a hash reads no strings.
func sumOf(head []byte, value string) uint64 {
	h, piece := sha256.New(), [onStack]byte{}
	h.Write(head) // a hash does not fail
	for len(value) > 0 {
		n := copy(piece[:], value)
		h.Write(piece[:n])
		value = value[n:]
	}
	return binary.BigEndian.Uint64(h.Sum(piece[:0]))
}

// commit makes a batch last: file first, then memory.
func (s *Store) commit(b *batch) error {
	if b.flushed {
		return s.startOver(b)
	}
	err := s.file.append(b.applied, func(records []byte) []byte { return appendChanges(records, b) })
	if err != nil {
		return err
	}
	b.archive.finish(nil)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.totals, s.tallies = b.totals, b.tallies
	s.expiries.apply(b.moves)
	s.milestones.follow(&b.layer)
	s.expired += b.expired
	s.letGo()
	s.tell(b)
	open := s.openSnapshots()
	snapshots := len(open) > 0
	open = slices.DeleteFunc(open, func(sn *Snapshot) bool { return sn.db != s.db })
	err = s.db.Update(func(tx *buntdb.Tx) error {
		return b.put(tx, s.index, func(key, old string, found bool) {
			for _, sn := range open {
				sn.keep(key, old, found)
			}
		})
	})
	b.archive.settle(b.applied, s.index, snapshots)
	return err
}

// put makes the changes of a layer in the database and its index, and tells what stood there before.
func (l *layer) put(tx *buntdb.Tx, x index, before func(key, old string, found bool)) (err error) {
	l.changes.all(func(key string, c change) bool {
		var old string
		var found bool
		if old, found, err = c.put(tx, key); err == nil {
			x.note(key, c)
			before(key, old, found)
		}
		return err == nil
	})
	return err
}

// put makes a change in the database, and returns what stood there before.
func (c change) put(tx *buntdb.Tx, key string) (old string, found bool, err error) {
	if !c.delete {
		return tx.Set(key, c.value, nil)
	}
	old, err = tx.Delete(key)
	if err == buntdb.ErrNotFound {
		return "", false, nil
	}
	return old, err == nil, err
}
