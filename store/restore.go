package store

import (
	"errors"
	"fmt"
	"io"
)

// errUnfit says that a snapshot cannot take the place of what is here.
var errUnfit = errors.New("receive snapshot")

// Restore puts a snapshot that another node wrote in the place of everything here. It
// happens whole or, after an error, not at all.
func (s *Store) Restore(r io.Reader) error {
	s.changing.Lock()
	defer s.changing.Unlock()
	s.cancelRewrite()
	var other loaded
	err := s.file.replace(func(w io.Writer) (size int64, err error) {
		other, err = receive(r, w)
		return other.extent.Bytes, err
	})
	if err != nil {
		if other.db != nil {
			err = errors.Join(err, other.db.Close())
		}
		return err
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

// receive loads a snapshot while it copies it.
func receive(r io.Reader, w io.Writer) (loaded, error) {
	to := &noting{Writer: w}
	l, err := load(io.TeeReader(r, to))
	switch {
	case to.err != nil:
		return l, to.err
	case l.extent.Damaged():
		err = fmt.Errorf("%w: damaged behind byte %d of %d", errUnfit, l.extent.Whole, l.extent.Bytes)
	case err != nil:
		err = fmt.Errorf("%w: %w", errUnfit, err)
	case l.extent.Frames == 0:
		err = fmt.Errorf("%w: it is empty", errUnfit)
	}
	return l, err
}

// noting is a writer that remembers what went wrong.
type noting struct {
	io.Writer
	err error
}

func (n *noting) Write(b []byte) (int, error) {
	size, err := n.Writer.Write(b)
	n.err = errors.Join(n.err, err)
	return size, err
}
