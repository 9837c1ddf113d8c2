package store

import (
	"errors"
	"slices"

	"github.com/tidwall/buntdb"
)

// A successor is the database with which the store goes on when a batch has flushed. Until it is complete, nobody but
// its maker sees it. All is done a page at a time, so that what others wait for is short, and so is what has to be
// held in memory beside the two databases.
type successor struct {
	*Store
	*buntdb.DB
	index index
	batch *batch
	frame *pieces // makes of the file's state what the successor holds
}

// startOver goes on with another database, in which is what a batch that flushes leaves.
// Whoever reads a snapshot of the old one keeps it.
func (s *Store) startOver(b *batch) error {
	db, err := buntdb.Open(":memory:")
	if err != nil {
		return err
	}
	s.abandonRewriteOnce() // it writes down what is deleted now
	b.archive.own()
	records := index{}
	err = s.file.appendPieces(b.applied, func(p *pieces) error {
		return successor{s, db, records, b, p}.fill()
	})
	if err != nil {
		return errors.Join(err, db.Close())
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.retired = append(s.retired, s.db)
	s.state = state{db, records, b.totals, b.archive, newExpiries(), &milestones{}, b.tallies}
	s.expiries.apply(b.moves)
	s.milestones.follow(&b.layer)
	s.expired += b.expired
	s.letGo()
	s.tell(b)
	return nil
}

func (n successor) fill() error {
	if err := n.copySpared(); err != nil {
		return err
	}
	if err := n.deleteFlushed(); err != nil {
		return err
	}
	if err := n.put(func(source) *layer { return &n.batch.layer }); err != nil {
		return err
	}
	if err := n.endFlushed(); err != nil {
		return err
	}
	return n.forget()
}

// put makes the changes of a layer in the successor and in the file.
func (n successor) put(changes func(under source) *layer) error {
	return n.Update(func(tx *buntdb.Tx) error {
		l := changes(database{tx, n.index})
		if err := n.frame.change(l); err != nil {
			return err
		}
		return l.put(tx, n.index, func(string, string, bool) {})
	})
}

// copySpared copies what a flush leaves. In the file it stands already.
func (n successor) copySpared() error {
	return n.pages(unflushable, func(page []pair) error {
		return n.Update(func(tx *buntdb.Tx) error {
			for _, p := range page {
				if _, _, err := tx.Set(p.key, p.value, nil); err != nil {
					return err
				}
				n.index.note(p.key, change{value: p.value})
			}
			return nil
		})
	})
}

// deleteFlushed deletes what a flush deletes in the file. In the successor it never stood.
func (n successor) deleteFlushed() error {
	return n.pages(flushable, func(page []pair) error {
		for _, p := range page {
			if err := n.frame.delete(p.key); err != nil {
				return err
			}
		}
		return nil
	})
}

// endFlushed writes down that the configs end that the batch has flushed out of the present database.
func (n successor) endFlushed() error {
	b, spans := n.batch, clients(configs)
	return n.pages(spans[:], func(page []pair) error {
		return n.put(func(under source) *layer {
			ended := &layer{under: under, keep: b.keeping.kept}
			for _, p := range page {
				if rec := mustRecord(p.key, p.value); b.endsNow(p.key, rec) {
					ended.end(p.key, rec, b.flushing, 0)
				}
			}
			b.archive.take(ended)
			return ended
		})
	})
}

// endsNow reports whether the end of what a flush has hidden at a key is yet to be written down. It is not if the batch
// had changed it before, or has made so many versions since that this one is dropped already.
func (b *batch) endsNow(key string, rec Record) bool {
	c, dropped := b.changes.Get(versionKey(key, rec.Version))
	return !b.before[key] && !(dropped && c.delete)
}

// forget drops the versions that are too much now.
func (n successor) forget() (err error) {
	for archive := &n.batch.archive; archive.bytes > n.batch.limit && err == nil; {
		err = n.put(func(under source) *layer {
			rest := &layer{under: under}
			rest.forget(archive, n.batch.limit, pageRecords)
			return rest
		})
	}
	return err
}

// pages visits the records of some spans of the database, a page at a time. The database is not held for all of
// that time: it lets in no new readers while it waits to tidy itself up.
func (s *Store) pages(spans []span, visit func([]pair) error) error {
	for _, rest := range spans {
		for more := true; more; {
			page, err := s.page(rest)
			if err == nil && len(page) > 0 {
				rest.from = page[len(page)-1].key + "\x00"
				err = visit(page)
			}
			if err != nil {
				return err
			}
			more = len(page) > 0
		}
	}
	return nil
}

// page returns the first records of a span.
func (s *Store) page(in span) (page []pair, err error) {
	err = s.db.View(func(tx *buntdb.Tx) error {
		size := 0
		database{Tx: tx}.ascend(in, func(key, value string) bool {
			page = append(page, pair{key, value})
			size += len(key) + len(value)
			return len(page) < pageRecords && size < pageBytes
		})
		return nil
	})
	return page, err
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
