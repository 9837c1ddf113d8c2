//go:build unix

package main

import (
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

// keepOwner gives a file the owner and the group of the one that it will replace: whoever may read
// that for its group may read this, and nobody else.
func keepOwner(f *os.File, of fs.FileInfo) error {
	was, known := of.Sys().(*syscall.Stat_t)
	if !known {
		return nil
	}
	if err := f.Chown(int(was.Uid), int(was.Gid)); err != nil {
		return fmt.Errorf("the file would not stay its owner's: %w", err)
	}
	return nil
}

// ownerOf returns the user that a file belongs to, where the system tells.
func ownerOf(info fs.FileInfo) (uid int, known bool) {
	stat, known := info.Sys().(*syscall.Stat_t)
	if !known {
		return 0, false
	}
	return int(stat.Uid), true
}
