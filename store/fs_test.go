package store

import (
	"errors"
	"io/fs"
	"sync"
)

// memory is a folder of files in memory.
type memory map[string][]byte

type memoryFile struct {
	dir  memory
	name string
}

func (m memory) ReadFile(name string) ([]byte, error) {
	if b, found := m[name]; found {
		return b, nil
	}
	return nil, fs.ErrNotExist
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

func (m memory) SyncDir() error { return nil }

func (f *memoryFile) Write(b []byte) (int, error) {
	f.dir[f.name] = append(f.dir[f.name], b...)
	return len(b), nil
}

func (f *memoryFile) Sync() error  { return nil }
func (f *memoryFile) Close() error { return nil }

var errInjected = errors.New("injected")

// failing is a folder in which one operation fails; a write gets half its bytes out.
type failing struct {
	FS
	mu         sync.Mutex
	at         int
	operations int
}

func (f *failing) next() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.operations++; f.operations == f.at {
		return errInjected
	}
	return nil
}

func (f *failing) ReadFile(name string) ([]byte, error) {
	if err := f.next(); err != nil {
		return nil, err
	}
	return f.FS.ReadFile(name)
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

func (f *failingFile) Write(b []byte) (int, error) {
	if err := f.fs.next(); err != nil {
		n, _ := f.File.Write(b[:len(b)/2])
		return n, err
	}
	return f.File.Write(b)
}

func (f *failingFile) Sync() error {
	if err := f.fs.next(); err != nil {
		return err
	}
	return f.File.Sync()
}
