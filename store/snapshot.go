package store

import (
	"bufio"
	"fmt"
	"hash/crc32"
	"io"

	"github.com/tidwall/buntdb"
)

// A Snapshot is the whole state at one raft index. It shares the store's strings and
// holds no lock, so writing it out may take as long as it likes.
type Snapshot struct {
	index   uint64
	records []pair
}

type pair struct{ key, value string }

// Snapshot takes the state as it stands.
func (s *Store) Snapshot() *Snapshot {
	s.mu.RLock()
	defer s.mu.RUnlock()
	sn := &Snapshot{index: s.applied}
	_ = s.db.View(func(tx *buntdb.Tx) error {
		return tx.Ascend("", func(key, value string) bool {
			sn.records = append(sn.records, pair{key, value})
			return true
		})
	})
	return sn
}

// WriteTo writes the snapshot as one frame of the file's format.
func (sn *Snapshot) WriteTo(w io.Writer) (int64, error) {
	out := bufio.NewWriterSize(w, 64<<10)
	var size int64
	var crc uint32
	var b []byte
	for _, r := range sn.records {
		b = appendSet(b[:0], r.key, r.value)
		size += int64(len(b))
		crc = crc32.Update(crc, castagnoli, b)
		if _, err := out.Write(b); err != nil {
			return size, err
		}
	}
	b = appendMarker(b[:0], sn.index, size, crc)
	size += int64(len(b))
	if _, err := out.Write(b); err != nil {
		return size, err
	}
	return size, out.Flush()
}

// Restore puts a snapshot that another node wrote in the place of everything here. It
// happens whole or, after an error, not at all.
func (s *Store) Restore(r io.Reader) error {
	content, err := io.ReadAll(r)
	if err != nil {
		return fmt.Errorf("receive snapshot: %w", err)
	}
	valid, index := scan(content)
	if valid == 0 || valid != len(content) {
		return fmt.Errorf("receive snapshot: damaged behind byte %d of %d", valid, len(content))
	}
	db, sums, err := load(content)
	if err != nil {
		return fmt.Errorf("receive snapshot: %w", err)
	}
	sums.applied = index
	s.cancelRewrite()
	err = s.file.replace(func(f File) (int64, uint64, error) {
		n, err := f.Write(content)
		return int64(n), index, err
	})
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	old := s.db
	s.db, s.totals = db, sums
	return old.Close()
}
