//go:build !linux

package store

import "os"

// fdatasync makes a file's content last.
func fdatasync(f *os.File) error { return f.Sync() }
