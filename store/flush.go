package store

import (
	"slices"

	"github.com/tidwall/btree"
	"github.com/tidwall/buntdb"
)

// A flush deletes all configs of clients. There may be millions of them, so nobody writes
// down each: a layer that flushes hides what is under it, and in the end the store goes on
// with another database, into which only what was spared is copied.

// flushable spans all that a flush deletes, in the order of the keys.
var flushable = func() []span {
	c, n := clients(configs), clients(namespaces)
	return slices.Concat(c[:], n[:])
}()

// flushed reports whether a flush deletes what stands at a key.
func flushed(key string) bool {
	return slices.ContainsFunc(flushable, func(s span) bool { return s.from <= key && key < s.to })
}

// spared is what a flush leaves of a source.
type spared struct{ source }

func (s spared) get(key string) (string, bool) {
	if flushed(key) {
		return "", false
	}
	return s.source.get(key)
}

func (s spared) ascend(in span, visit func(key, value string) bool) {
	more := true
	from := in.from
	between := func(to string) { // what lies between two spans that are flushed
		if to = min(to, in.to); more && from < to {
			s.source.ascend(span{from, to}, func(key, value string) bool {
				more = visit(key, value)
				return more
			})
		}
	}
	for _, f := range flushable {
		between(f.from)
		from = max(from, f.to)
	}
	between(in.to)
}

// flush deletes what clients have, as a transaction of the given place does. What the layer
// held before is left as it was, for whoever has a copy.
func (l *layer) flush(place int) {
	if !l.flushed {
		l.under, l.flushed = spared{l.under}, true
	}
	l.flusher = place
	var left btree.Map[string, change]
	l.changes.Scan(func(key string, c change) bool {
		if !flushed(key) {
			left.Set(key, c)
		}
		return true
	})
	l.changes = left
}

// flushAll deletes what clients have, as a transaction of the given place does. The versions end of which that
// is the end: those that the batch has made at once, the other ones in [Store.endFlushed].
func (b *batch) flushAll(place int, end End) {
	first := !b.flushed
	if first {
		b.flushing, b.before = end, map[string]bool{}
	}
	ended := &layer{under: b, keep: b.keeper}
	for _, s := range clients(configs) {
		b.changes.Ascend(s.from, func(key string, c change) bool {
			if key >= s.to {
				return false
			}
			if first {
				b.before[key] = true
			}
			if !c.delete {
				ended.end(key, mustRecord(key, c.value), end, place)
			}
			return true
		})
	}
	b.flush(place)
	b.take(ended)
}

// flushes reports whether what the layer has at a key does not come from under it, because
// of a flush.
func (l *layer) flushes(key string) bool { return l.flushed && flushed(key) }

// decided reports whether what stands at a key comes from the layer itself, and from the
// transaction of which place in its entry.
func (l *layer) decided(key string) (txn int, here bool) {
	if c, changed := l.changes.Get(key); changed {
		return c.txn, true
	}
	return l.flusher, l.flushes(key)
}

// empty reports whether the layer changes nothing.
func (l *layer) empty() bool { return l.changes.Len() == 0 && !l.flushed }

// Flush deletes every config but the system's, however many there are. It reads nothing
// that the transaction would depend on. What the transaction has written before is moot.
func (tx *Tx) Flush() {
	tx.begin()
	own, places, writes, wrote, before := *tx.own, tx.places, tx.txn.Writes, tx.wrote, tx.txn.Flush
	if tx.trying > 0 {
		tx.undo = append(tx.undo, func() {
			*tx.own, tx.places, tx.txn.Writes, tx.wrote, tx.txn.Flush = own, places, writes, wrote, before
		})
	}
	tx.own.flush(0)
	tx.places, tx.txn.Writes, tx.wrote, tx.txn.Flush = map[string]int{}, nil, 0, true
	for _, w := range writes {
		if !flushed(configKey(w.Name)) {
			tx.places[w.Name] = len(tx.txn.Writes)
			tx.txn.Writes = append(tx.txn.Writes, w)
			tx.wrote += w.size()
		}
	}
}

// deletePage is how many records are looked at in one go while others wait for the database.
const deletePage = 10_000

// deletes returns records for the file that delete all that a flush deletes. The database is
// not held for all of that time: it lets in no new readers while it waits to tidy itself up.
func (s *Store) deletes() (records []byte, err error) {
	for _, f := range flushable {
		for more := true; more; {
			page, err := s.page(&f)
			if err != nil {
				return nil, err
			}
			for _, p := range page {
				records = appendDelete(records, p.key)
			}
			more = len(page) == deletePage
		}
	}
	return records, nil
}

// startOver goes on with another database, in which is what a batch that flushes leaves.
// Whoever reads a snapshot of the old one keeps it.
func (s *Store) startOver(b *batch) error {
	db, err := buntdb.Open(":memory:")
	if err != nil {
		return err
	}
	records, err := s.deletes()
	if err != nil {
		return err
	}
	err = db.Update(func(to *buntdb.Tx) error {
		if err := s.copySpared(to); err != nil {
			return err
		}
		records, err = b.putAlso(to, &b.layer, records)
		if err == nil {
			records, err = s.endFlushed(b, to, records)
		}
		return err
	})
	if err == nil {
		err = s.file.append(b.applied, true, func([]byte) []byte { return records })
	}
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.retired = append(s.retired, s.db)
	s.state = state{db, b.totals, b.archive, newExpiries(), &milestones{}, b.tallies}
	s.expiries.apply(b.moves)
	s.milestones.follow(&b.layer)
	s.expired += b.expired
	s.letGo()
	s.tell(b)
	return nil
}

// putAlso makes the changes of a layer in a database, and adds records for the file that do the same.
func (b *batch) putAlso(to *buntdb.Tx, l *layer, records []byte) ([]byte, error) {
	return appendChanges(records, l), l.put(to, func(string, string, bool) {})
}

// endFlushed writes down, in the database to go on with and in records for the file, that the configs end that a
// batch has flushed out of the present one, and drops what that makes too much.
func (s *Store) endFlushed(b *batch, to *buntdb.Tx, records []byte) ([]byte, error) {
	for _, f := range clients(configs) {
		for more := true; more; {
			page, err := s.page(&f)
			if err != nil {
				return nil, err
			}
			ended := &layer{under: database{to}, keep: b.keeper}
			for _, p := range page {
				if !b.before[p.key] {
					ended.end(p.key, mustRecord(p.key, p.value), b.flushing, 0)
				}
			}
			b.archive.take(ended)
			if records, err = b.putAlso(to, ended, records); err != nil {
				return nil, err
			}
			more = len(page) == deletePage
		}
	}
	rest := &layer{under: database{to}}
	rest.forget(&b.archive, b.agreed(historyBytes, DefaultHistoryBytes), b.archive.order.Len())
	return b.putAlso(to, rest, records)
}

// page returns the first records of a span, and moves its beginning behind them.
func (s *Store) page(f *span) (page []pair, err error) {
	err = s.db.View(func(from *buntdb.Tx) error {
		database{from}.ascend(*f, func(key, value string) bool {
			page = append(page, pair{key, value})
			return len(page) < deletePage
		})
		return nil
	})
	if n := len(page); n > 0 {
		f.from = page[n-1].key + "\x00"
	}
	return page, err
}

// copySpared copies what a flush leaves, a page at a time, as deletes reads.
func (s *Store) copySpared(to *buntdb.Tx) error {
	rest := everything
	for more := true; more; {
		n := 0
		err := s.db.View(func(from *buntdb.Tx) (err error) {
			spared{database{from}}.ascend(rest, func(key, value string) bool {
				_, _, err = to.Set(key, value, nil)
				rest.from = key + "\x00"
				n++
				return err == nil && n < deletePage
			})
			return err
		})
		if err != nil {
			return err
		}
		more = n == deletePage
	}
	return nil
}

// letGo closes the databases that were gone on from and of which nobody reads a snapshot any
// more. The lock is held.
func (s *Store) letGo() {
	if len(s.retired) == 0 {
		return
	}
	open := s.openSnapshots()
	s.retired = slices.DeleteFunc(s.retired, func(db *buntdb.DB) bool {
		if slices.ContainsFunc(open, func(sn *Snapshot) bool { return sn.db == db }) {
			return false
		}
		_ = db.Close() // it has no file, so it cannot fail but by being closed
		return true
	})
}
