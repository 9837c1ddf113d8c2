package store

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"sync"
	"syscall"
)

// memory is a folder of files in memory.
type memory map[string][]byte

type memoryFile struct {
	dir  memory
	name string
}

func (m memory) Open(name string) (io.ReadSeekCloser, error) {
	if b, found := m[name]; found {
		return readable(b), nil
	}
	return nil, fs.ErrNotExist
}

// openedFile is a file of memory that is read.
type openedFile struct{ *bytes.Reader }

func (openedFile) Close() error { return nil }

// readable is a file that has such content, from then on.
func readable(content []byte) io.ReadSeekCloser {
	return openedFile{bytes.NewReader(bytes.Clone(content))}
}

func (m memory) Create(name string) (File, error) {
	m[name] = nil
	return &memoryFile{m, name}, nil
}

func (m memory) Append(name string) (File, error) { return &memoryFile{m, name}, nil }

func (m memory) Rename(from, to string) error {
	m[to] = m[from]
	delete(m, from)
	return nil
}

func (m memory) Remove(name string) error {
	delete(m, name)
	return nil
}

func (m memory) SyncDir() error { return nil }

func (f *memoryFile) Write(b []byte) (int, error) {
	f.dir[f.name] = append(f.dir[f.name], b...)
	return len(b), nil
}

func (f *memoryFile) Sync() error  { return nil }
func (f *memoryFile) Close() error { return nil }

var errInjected = errors.New("injected")

// A fault is how an operation fails.
type fault struct {
	name  string
	err   error
	short bool // a write gets half of its bytes out
}

var faults = []fault{
	{"short write", errInjected, true},
	{"EIO", syscall.EIO, false},
	{"ENOSPC", syscall.ENOSPC, true},
}

// failing is a folder in which one operation fails.
type failing struct {
	FS
	fault
	careless bool // as if the store took no notice of errors
	at       int

	mu         sync.Mutex
	operations int
}

// fails tells whether this operation is the one.
func (f *failing) fails() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.operations++
	return f.operations == f.at
}

// next returns the error of this operation.
func (f *failing) next() error {
	if f.fails() && !f.careless {
		return f.err
	}
	return nil
}

func (f *failing) Open(name string) (io.ReadSeekCloser, error) {
	if err := f.next(); err != nil {
		return nil, err
	}
	return f.FS.Open(name)
}

func (f *failing) Create(name string) (File, error) {
	if err := f.next(); err != nil {
		return nil, err
	}
	return f.file(f.FS.Create(name))
}

func (f *failing) Append(name string) (File, error) {
	if err := f.next(); err != nil {
		return nil, err
	}
	return f.file(f.FS.Append(name))
}

func (f *failing) file(file File, err error) (File, error) {
	return &failingFile{file, f}, err
}

func (f *failing) Rename(from, to string) error {
	if err := f.next(); err != nil {
		return err
	}
	return f.FS.Rename(from, to)
}

func (f *failing) Remove(name string) error {
	if err := f.next(); err != nil {
		return err
	}
	return f.FS.Remove(name)
}

func (f *failing) SyncDir() error {
	if err := f.next(); err != nil {
		return err
	}
	return f.FS.SyncDir()
}

type failingFile struct {
	File
	fs *failing
}

func (f *failingFile) Write(b []byte) (n int, err error) {
	if !f.fs.fails() {
		return f.File.Write(b)
	}
	if f.fs.short {
		n, _ = f.File.Write(b[:len(b)/2])
	}
	if f.fs.careless {
		return len(b), nil
	}
	return n, f.fs.err
}

func (f *failingFile) Sync() error {
	if err := f.fs.next(); err != nil {
		return err
	}
	return f.File.Sync()
}

// watched is a folder that calls before it creates, writes, syncs or renames a file that is to
// take another's place, or syncs itself. What before returns, the operation fails with.
type watched struct {
	FS
	before func(operation string) error
}

// errSkipped makes an operation that is not done look as if it were.
var errSkipped = errors.New("skipped")

func (w *watched) do(operation string, do func() error) error {
	err := w.before(operation)
	switch err {
	case nil:
		return do()
	case errSkipped:
		return nil
	}
	return err
}

func (w *watched) Create(name string) (file File, err error) {
	if name != newName {
		return w.FS.Create(name)
	}
	err = w.do("create", func() error {
		file, err = w.FS.Create(name)
		return err
	})
	return watchedFile{file, w}, err
}

func (w *watched) Rename(from, to string) error {
	return w.do("rename", func() error { return w.FS.Rename(from, to) })
}

func (w *watched) SyncDir() error { return w.do("sync the folder", w.FS.SyncDir) }

type watchedFile struct {
	File
	folder *watched
}

func (f watchedFile) Write(b []byte) (n int, err error) {
	err = f.folder.do("write", func() error {
		n, err = f.File.Write(b)
		return err
	})
	return n, err
}

func (f watchedFile) Sync() error { return f.folder.do("sync", f.File.Sync) }
