package store

import (
	"errors"
	"fmt"
	"hash/crc32"

	"github.com/tidwall/buntdb"
)

// A file that has outgrown its content is written anew while the store goes on: page by
// page what is in memory, and behind each page what was applied since the one before it. Records
// are absolute, and later ones count, so all of them together, as one frame, are the
// state at its end. Only for that end is applying held up: for the last few records, the
// marker, and a sync of these.

// rewrite is a file on its way to take another's place.
type rewrite struct {
	file   File
	size   int64
	crc    uint32
	tail   []byte // records that were applied and are not in file yet; the old file's lock guards it
	cancel bool   // so does it guard this
}

// startRewrite starts to write the file anew, unless that is going on.
func (s *Store) startRewrite() error {
	f := s.file
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.next != nil || f.err != nil {
		return f.err
	}
	next, err := f.fs.Create(newName)
	if err != nil {
		return f.fail(fmt.Errorf("create %s: %w", newName, err))
	}
	r := &rewrite{file: next}
	f.next = r
	s.rewriting.Go(func() {
		if err := s.rewrite(r); err != nil {
			f.giveUp(r, err)
		}
	})
	return nil
}

// giveUp ends a rewrite that did not succeed. Unless somebody wanted that, whoever applies
// next is told.
func (f *file) giveUp(r *rewrite, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.next = nil
	err = errors.Join(fmt.Errorf("write %s: %w", newName, err), r.file.Close())
	if !r.cancel && f.err == nil {
		_ = f.fail(err)
	}
}

var errCancelled = errors.New("cancelled")

// rewrite fills the new file, and puts it in the old one's place.
func (s *Store) rewrite(r *rewrite) error {
	for from, more := "", true; more; {
		var page []pair
		page, from, more = s.page(from)
		var b []byte
		for _, record := range page {
			b = appendSet(b, record.key, record.value)
		}
		if err := r.write(b); err != nil {
			return err
		}
		if err := s.file.catchUp(r); err != nil {
			return err
		}
	}
	for range 3 { // each time there is less to sync than the time before, and least in finish
		if err := r.file.Sync(); err != nil {
			return err
		}
		if err := s.file.catchUp(r); err != nil {
			return err
		}
	}
	return s.file.finish(r)
}

// write adds records to the new file.
func (r *rewrite) write(records []byte) error {
	r.crc = crc32.Update(r.crc, castagnoli, records)
	r.size += int64(len(records))
	_, err := r.file.Write(records)
	return err
}

// page returns the next records from a key on. It waits until what is in the file can be seen,
// so that nothing which the new file has already is older in the page.
func (s *Store) page(from string) (page []pair, next string, more bool) {
	s.applying.Lock()
	defer s.applying.Unlock()
	s.mu.RLock()
	defer s.mu.RUnlock()
	_ = s.db.View(func(tx *buntdb.Tx) error {
		return tx.AscendGreaterOrEqual("", from, func(key, value string) bool {
			if len(page) == pageRecords {
				next, more = key, true
				return false
			}
			page = append(page, pair{key, value})
			return true
		})
	})
	return page, next, more
}

// catchUp writes the records that were applied since it was last called.
func (f *file) catchUp(r *rewrite) error {
	f.mu.Lock()
	tail, cancelled := r.tail, r.cancel
	r.tail = nil
	f.mu.Unlock()
	if cancelled {
		return errCancelled
	}
	return r.write(tail)
}

// finish writes the last records and puts the new file in place. Nothing is applied meanwhile.
func (f *file) finish(r *rewrite) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if r.cancel || f.err != nil {
		return errCancelled
	}
	if err := r.write(r.tail); err != nil {
		return err
	}
	end := appendMarker(nil, f.index, r.size, r.crc)
	if _, err := r.file.Write(end); err != nil {
		return err
	}
	f.next = nil
	return f.install(r.file, r.size+int64(len(end)), f.index)
}

// cancelRewrite ends a rewrite that is going on, and waits for that.
func (s *Store) cancelRewrite() {
	s.file.mu.Lock()
	if s.file.next != nil {
		s.file.next.cancel = true
	}
	s.file.mu.Unlock()
	s.rewriting.Wait()
}

// writeAnew writes the whole file at once, before anything is applied.
func (s *Store) writeAnew() error {
	return s.file.replace(func(f File) (int64, uint64, error) {
		sn := s.Snapshot()
		size, err := sn.WriteTo(f)
		return size, sn.applied, err
	})
}
