package store

import (
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
)

// FileName is the store's file in its folder; plain BuntDB can open it.
const FileName = "confman.db"

// newName is the file that is written before it takes the place of the old one.
const newName = FileName + ".new"

// cutName is the file that keeps what was cut off a damaged one, for whoever wants to look.
const cutName = FileName + ".cut"

// slack is by how much a file may outgrow twice the size that the state had when it was last
// written anew, in bytes.
const slack = 8 << 20

// file is the store's file. After the first error it does nothing but return it: a
// write that failed may have left half a frame behind, and a failed sync is never
// retried, because the system may have dropped what it could not write.
type file struct {
	fs FS

	mu      sync.Mutex
	open    File
	size    int64
	compact int64 // size of the state when it was last written anew or opened
	flushed bool  // of that state hardly anything is left
	enough  int64 // size up to which it is not tried again, after there was no room for it
	slack   int64
	piece   int      // about how many bytes of a frame are written at a time that is written in pieces
	next    *rewrite // the file that will take this one's place, or nil
	buffer  []byte
	err     error

	abandoned bool // one that was to take its place was abandoned

	shown atomic.Pointer[FileStatus] // whoever asks how the file stands does not wait for the disk
}

// Tidy removes what a rewrite has left in a store's folder that did not come to its end. Nobody must have
// the store open.
func Tidy(folder FS) error {
	if err := folder.Remove(newName); err != nil {
		return fmt.Errorf("remove %s: %w", newName, err)
	}
	return nil
}

// LoadFile is [Load] of the file in a folder, which may be another's. If there is none, the error is [fs.ErrNotExist].
func LoadFile(folder FS) (s *Store, extent Extent, err error) {
	content, err := folder.Open(FileName)
	if err == nil {
		s, extent, err = Load(content)
		_ = content.Close() // it was only read
	}
	if err != nil {
		return nil, extent, fmt.Errorf("read the store's file: %w", err)
	}
	return s, extent, nil
}

// attach gives the store a file in a folder, which holds what was loaded of it.
func (s *Store) attach(folder FS, fresh bool, extent Extent) (err error) {
	f := s.file
	f.fs, f.open = folder, nil
	if extent.Damaged() {
		err = keep(folder, extent.Whole)
	}
	switch {
	case err != nil:
	case fresh || extent.Damaged():
		return f.replace(s.Snapshot().WriteTo)
	default:
		if err = folder.Remove(newName); err == nil { // a rewrite that did not come to its end
			f.open, err = folder.Append(FileName)
		}
	}
	if err != nil {
		return fmt.Errorf("open the store's file: %w", err)
	}
	return nil
}

// keep saves what is about to be cut off: half a batch after a power cut, but it may be
// more, with whole batches behind the damage.
func keep(folder FS, from int64) error {
	damaged, err := folder.Open(FileName)
	if err != nil {
		return err
	}
	defer damaged.Close()
	f, err := folder.Create(cutName)
	if err != nil {
		return err
	}
	if _, err = damaged.Seek(from, io.SeekStart); err == nil {
		_, err = io.Copy(f, damaged)
	}
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return errors.Join(err, folder.Remove(cutName)) // it would take the room that is wanted
	}
	return folder.SyncDir()
}

// append writes records as one frame.
func (f *file) append(index uint64, records func([]byte) []byte) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.buffer = endFrame(records(f.buffer[:0]), index)
	err := f.write(f.buffer)
	if cap(f.buffer) > MaxTxn {
		f.buffer = nil
	}
	return err
}

// write adds to the file, and to the one that will take its place. The lock is held.
func (f *file) write(b []byte) error {
	if f.err != nil {
		return f.err
	}
	n, err := f.open.Write(b)
	if err != nil || n < len(b) {
		return f.fail(fmt.Errorf("write to the store's file: %d of %d bytes: %w", n, len(b), err))
	}
	f.size += int64(n)
	f.show()
	if f.next != nil {
		if err := f.next.append(b); err != nil {
			return f.fail(err)
		}
	}
	return nil
}

func (f *file) sync() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.err != nil {
		return f.err
	}
	if err := f.open.Sync(); err != nil {
		return f.fail(fmt.Errorf("sync the store's file: %w", err))
	}
	if f.next != nil {
		if err := f.next.sync(); err != nil {
			return f.fail(err)
		}
	}
	return nil
}

// A FileStatus tells how the store's file stands.
type FileStatus struct {
	Size    int64 // in bytes
	Compact int64 // its size if it held nothing but the state, as that was when it was opened or written anew last
	Anew    bool  // it is being written anew
}

// FileStatus returns how the store's file stands.
func (s *Store) FileStatus() FileStatus { return *s.file.shown.Load() }

// show has everyone see how the file stands. The lock is held, or nobody else has the file yet.
func (f *file) show() { f.shown.Store(&FileStatus{f.size, f.compact, f.next != nil}) }

// stopped returns the error after which nothing can be written any more.
func (f *file) stopped() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.err
}

// overgrown reports whether the file holds much that is no longer true.
func (f *file) overgrown() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	state := f.compact
	if f.flushed {
		state = 0
	}
	return f.next == nil && f.size > max(2*state+f.slack, f.enough)
}

func (f *file) fail(err error) error {
	f.err = err
	return err
}

func (f *file) close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.open == nil {
		return nil
	}
	err := f.open.Close()
	f.open = nil
	f.fail(errors.Join(ErrClosed, err))
	return err
}
