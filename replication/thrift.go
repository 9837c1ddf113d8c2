package replication

import (
	"errors"
	"fmt"
	"sync/atomic"
	"syscall"

	"confman/store"
)

// A thrifty folder leaves some room on its disk: a file that is written anew must not take the last of it from
// the file that the node goes on with.
type thrifty struct {
	store.FS
	room *room
}

// checkEvery is how many bytes are written between two looks at how much room is left.
const checkEvery = 1 << 20

// Create makes a file that gets no longer, with the error of a full disk, when half of the reserve is left. From its first
// sync on that is over: what was to be written is there, and the node may go on with the file.
func (t thrifty) Create(name string) (store.File, error) {
	f, err := t.FS.Create(name)
	if err != nil || t.room == nil || t.room.reserve == 0 { // whoever recovers a node looks at no room
		return f, err
	}
	return &thriftyFile{File: f, room: t.room}, nil
}

type thriftyFile struct {
	store.File
	room    *room
	written int // since somebody looked
	synced  atomic.Bool
}

func (f *thriftyFile) Sync() error {
	f.synced.Store(true)
	return f.File.Sync()
}

func (f *thriftyFile) Write(b []byte) (int, error) {
	if f.synced.Load() {
		return f.File.Write(b)
	}
	if f.written += len(b); f.written >= checkEvery {
		f.written = 0
		if free, err := f.room.free(); err == nil && free < f.room.reserve/2 {
			return 0, fmt.Errorf("%s are left on the disk, and half of disk_reserve is to stay: %w", mebibytes(free), syscall.ENOSPC)
		}
	}
	return f.File.Write(b)
}

// noRoom reports whether something failed because the disk is full.
func noRoom(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
}
