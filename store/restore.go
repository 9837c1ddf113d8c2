package store

import (
	"bytes"
	"errors"
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
		err = fmt.Errorf("receive snapshot: damaged behind byte %d of %d", extent.Whole, extent.Bytes)
	} else {
		s.changing.Lock()
		defer s.changing.Unlock()
		s.cancelRewrite()
		err = s.file.replace(bytes.NewReader(content).WriteTo)
	}
	if err != nil {
		return errors.Join(err, other.Close())
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	old := s.db
	s.state, s.snapshots = other.state, nil
	s.settled.Store(nil)
	s.letGo()
	s.tellState()
	return old.Close()
}
