package store

import (
	"fmt"
	"io"
)

// Restore puts a snapshot that another node wrote in the place of everything here. It
// happens whole or, after an error, not at all.
func (s *Store) Restore(r io.Reader) error {
	content, err := io.ReadAll(r)
	if err != nil {
		return fmt.Errorf("receive snapshot: %w", err)
	}
	other, extent, err := Load(content)
	if err != nil {
		return fmt.Errorf("receive snapshot: %w", err)
	}
	if extent.Damaged() || extent.Frames == 0 {
		return fmt.Errorf("receive snapshot: damaged behind byte %d of %d", extent.Whole, extent.Bytes)
	}
	s.cancelRewrite()
	err = s.file.replace(func(f File) (int64, uint64, error) {
		n, err := f.Write(content)
		return int64(n), other.applied, err
	})
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	old := s.db
	s.db, s.totals, s.snapshots = other.db, other.totals, nil
	return old.Close()
}
