package store

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// FS is a folder as the store's file needs it, so that tests can cut its power.
type FS interface {
	// Open opens a file to be read, or returns an error that is [fs.ErrNotExist].
	Open(name string) (io.ReadSeekCloser, error)
	// Create makes an empty file, in place of one that is there.
	Create(name string) (File, error)
	// Append opens a file to write behind its end.
	Append(name string) (File, error)
	// Rename puts a file in the place of another, at once or not at all.
	Rename(from, to string) error
	// Remove removes a file, if it is there.
	Remove(name string) error
	// SyncDir makes creations, renames and removals survive a power cut.
	SyncDir() error
}

// ReadFile returns the content of a small file.
func ReadFile(folder FS, name string) ([]byte, error) {
	f, err := folder.Open(name)
	if err != nil {
		return nil, err
	}
	content, err := io.ReadAll(f)
	return content, errors.Join(err, f.Close())
}

// File is an open file. An error of Sync is final: what was written before it may be lost.
type File interface {
	io.WriteCloser
	Sync() error
}

// Dir is a folder on disk. Its files can be read by their owner alone.
type Dir string

func (d Dir) path(name string) string { return filepath.Join(string(d), name) }

func (d Dir) Open(name string) (io.ReadSeekCloser, error) { return os.Open(d.path(name)) }

func (d Dir) Create(name string) (File, error) {
	return d.open(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC)
}

func (d Dir) Append(name string) (File, error) {
	return d.open(name, os.O_WRONLY|os.O_APPEND)
}

func (d Dir) open(name string, flag int) (File, error) {
	f, err := os.OpenFile(d.path(name), flag, 0o600)
	if err != nil {
		return nil, err
	}
	return diskFile{f}, nil
}

func (d Dir) Rename(from, to string) error { return os.Rename(d.path(from), d.path(to)) }

func (d Dir) Remove(name string) error {
	if err := os.Remove(d.path(name)); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

func (d Dir) SyncDir() error {
	f, err := os.Open(string(d))
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// diskFile is a file on disk; fdatasync is all that its Sync needs.
type diskFile struct{ *os.File }

func (f diskFile) Sync() error { return fdatasync(f.File) }

// nowhere is a folder that keeps nothing.
type nowhere struct{}

func (nowhere) Open(string) (io.ReadSeekCloser, error) { return nil, fs.ErrNotExist }
func (nowhere) Create(string) (File, error)            { return nowhere{}, nil }
func (nowhere) Append(string) (File, error)            { return nowhere{}, nil }
func (nowhere) Rename(string, string) error            { return nil }
func (nowhere) Remove(string) error                    { return nil }
func (nowhere) SyncDir() error                         { return nil }
func (nowhere) Write(b []byte) (int, error)            { return len(b), nil }
func (nowhere) Sync() error                            { return nil }
func (nowhere) Close() error                           { return nil }
