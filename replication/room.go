package replication

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync/atomic"

	"confman/store"

	"github.com/lni/vfs"
)

// A room is the free space on the disk under a data directory. Below the reserve the node takes
// no writes of clients, but goes on storing those that other nodes took; below a quarter of the
// reserve it lets go of its ballast, once, and without any it stops taking part in its cluster
// before the disk makes it. Reads always go on.
type room struct {
	dir     string
	reserve int64                 // bytes; with 0 nobody looks
	more    int64                 // bytes that are wanted beside the reserve
	free    func() (int64, error) // bytes
	low     atomic.Bool
	left    atomic.Int64 // bytes that were free when somebody last looked
}

// ballastFile takes up space that the node can let go of, so that a node whose disk is full
// can start, and catch up.
const ballastFile = "ballast"

func newRoom(dir string, reserve int64) *room {
	return &room{dir: dir, reserve: reserve, free: func() (int64, error) {
		usage, err := vfs.Default.GetDiskUsage(dir)
		return int64(usage.AvailBytes), err
	}}
}

// look finds out how much room there is. A node that had too little wants an eighth more than
// the reserve, so as not to change its mind with every byte.
func (r *room) look() (exhausted bool, err error) {
	if r.reserve == 0 {
		return false, nil
	}
	free, err := r.free()
	if err != nil {
		return false, fmt.Errorf("look for free space: %w", err)
	}
	r.left.Store(free)
	want := r.reserve + r.more
	if r.low.Load() {
		want += r.reserve / 8
	}
	r.low.Store(free < want)
	if free < r.reserve/4 {
		if free, err = r.dropBallast(); err != nil {
			return false, err
		}
	} else if free > r.reserve+r.reserve/2 {
		err = r.takeBallast()
	}
	return free < r.reserve/4, err
}

// dropBallast makes the ballast's space free, and returns how much is free then.
func (r *room) dropBallast() (free int64, err error) {
	err = os.Remove(filepath.Join(r.dir, ballastFile))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return 0, fmt.Errorf("let go of the ballast: %w", err)
	}
	free, err = r.free()
	r.left.Store(free)
	return free, err
}

// takeBallast puts the ballast in place, unless it is there. It is random, because some file
// systems have a way with zeros.
func (r *room) takeBallast() error {
	path := filepath.Join(r.dir, ballastFile)
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("take ballast: %w", err)
	}
	_, err = io.CopyN(f, rand.Reader, r.reserve/4)
	if err := errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("take ballast: %w", errors.Join(err, os.Remove(path)))
	}
	return nil
}

// refusal says why the node takes no writes.
func (r *room) refusal() error {
	return fmt.Errorf("%w: its disk has %s left, and disk_reserve is %s; reads go on, other nodes take writes: make room on the disk of %s",
		store.ErrUnfit, mebibytes(r.left.Load()), mebibytes(r.reserve), r.dir)
}

func mebibytes(n int64) string { return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20)) }
