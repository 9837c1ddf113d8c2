package replication

import (
	"sync"
	"syscall"

	"confman/store"
)

// failing is a folder on a disk that fails from some operation on.
type failing struct {
	store.FS

	mu     sync.Mutex
	left   int // operations that still succeed, +1; 0 for all of them
	failed bool
}

// failFrom makes the disk fail at the nth operation from now on, and at all behind it.
func (f *failing) failFrom(nth int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.left = nth
}

// healthy reports whether the disk has not failed yet.
func (f *failing) healthy() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return !f.failed
}

func (f *failing) next() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch f.left {
	case 0:
		return nil
	case 1:
		f.failed = true
		return syscall.EIO
	}
	f.left--
	return nil
}

func (f *failing) Create(name string) (store.File, error) {
	if err := f.next(); err != nil {
		return nil, err
	}
	file, err := f.FS.Create(name)
	return failingFile{file, f}, err
}

func (f *failing) Append(name string) (store.File, error) {
	file, err := f.FS.Append(name)
	return failingFile{file, f}, err
}

func (f *failing) Rename(from, to string) error {
	if err := f.next(); err != nil {
		return err
	}
	return f.FS.Rename(from, to)
}

func (f *failing) SyncDir() error {
	if err := f.next(); err != nil {
		return err
	}
	return f.FS.SyncDir()
}

type failingFile struct {
	store.File
	folder *failing
}

func (f failingFile) Write(b []byte) (int, error) {
	if err := f.folder.next(); err != nil {
		n, _ := f.File.Write(b[:len(b)/2])
		return n, err
	}
	return f.File.Write(b)
}

func (f failingFile) Sync() error {
	if err := f.folder.next(); err != nil {
		return err
	}
	return f.File.Sync()
}
