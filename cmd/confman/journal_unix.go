//go:build unix

package main

import (
	"fmt"
	"io"
	"os"
	"syscall"
)

// isJournal reports whether a file is the stream to the journal that systemd names in JOURNAL_STREAM, by device and inode.
func isJournal(w io.Writer, stream string) bool {
	f, isFile := w.(*os.File)
	if !isFile || stream == "" {
		return false
	}
	info, err := f.Stat()
	if err != nil {
		return false
	}
	is, known := info.Sys().(*syscall.Stat_t)
	return known && stream == fmt.Sprintf("%d:%d", is.Dev, is.Ino)
}
