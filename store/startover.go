package store

import (
	"errors"
	"math"
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
	b.archive.settle(b.applied, records, len(s.openSnapshots()) > 0)
	s.state = state{db, records, b.totals, s.archive, newExpiries(), &milestones{}, b.tallies}
	s.expiries.apply(b.moves)
	s.milestones.follow(&b.layer)
	s.expired += b.expired
	s.letGo()
	s.tell(b)
	return nil
}

func (n successor) fill() error {
	for _, step := range []func() error{n.copySpared, n.deleteFlushed, n.putBatch, n.endFlushed, n.archive} {
		if err := step(); err != nil {
			return err
		}
	}
	n.batch.archive.finish(n.index)
	return nil
}

func (n successor) putBatch() error { return n.put(&n.batch.layer) }

// put makes the changes of a layer in the successor and in the file.
func (n successor) put(l *layer) error {
	if err := n.frame.changes(l.changes.all); err != nil {
		return err
	}
	return n.Update(func(tx *buntdb.Tx) error {
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
		for _, p := range page {
			if !b.before[p.key] {
				b.shelveHidden(p.key, mustRecord(p.key, p.value))
			}
		}
		return nil
	})
}

// archive makes in the file what becomes of the versions, without those that are too much now.
func (n successor) archive() error {
	b := n.batch
	b.archive.close()
	if floor := b.archive.forget(b.limit, math.MaxInt); floor != "" {
		var l layer
		l.changes.set(versions, change{value: floor})
		if err := n.put(&l); err != nil {
			return err
		}
	}
	return n.frame.changes(b.archive.changed)
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
