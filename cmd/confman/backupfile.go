package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"confman/store"
)

// newSuffix is what the name of a backup ends with until it is whole and on disk.
const newSuffix = ".new"

// backupToFile writes a backup beside its place, checks what has got to the disk, and puts it
// there. After an error nothing of it is left.
func backupToFile(ctx context.Context, path string, force bool, fill filler) (sum summary, err error) {
	if err := mayBeWritten(path, force); err != nil {
		return sum, err
	}
	f, err := createNew(path+newSuffix, force)
	if err != nil {
		return sum, err
	}
	defer func() {
		if _ = f.Close(); err != nil { // it was synced, or is of no use
			_ = os.Remove(f.Name()) // the error that came first counts
		}
	}()
	revision, err := fill(f)
	if err == nil {
		err = f.Sync()
	}
	if err != nil {
		return sum, spaceError(err)
	}
	content, err := os.ReadFile(f.Name())
	if err != nil {
		return sum, err
	}
	if sum, err = checkArrived(path, content, revision); err != nil {
		return sum, err
	}
	if err := ctx.Err(); err != nil {
		return sum, fmt.Errorf("interrupted: %w", err)
	}
	return sum, install(f, path)
}

// mayBeWritten refuses to replace a file unless it is meant, and ever to replace what is none.
func mayBeWritten(path string, force bool) error {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case !info.Mode().IsRegular():
		return failure{exitConflict, fmt.Errorf("%s is no regular file: name another, or - for standard output", path)}
	case !force:
		return failure{exitConflict, fmt.Errorf("%s is there already: name another file, or replace it with --force", path)}
	}
	return nil
}

// createNew creates a file that only its owner can read.
func createNew(path string, force bool) (*os.File, error) {
	if force {
		_ = os.Remove(path) // if it is still there, creating it fails
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		err = fmt.Errorf("%s is there already: another backup is being written, or was cut short; if none is, delete it or use --force", path)
		return nil, failure{exitConflict, err}
	}
	return f, err
}

// install puts a file, which is on disk, in its place, if it still has its name: another
// backup may have taken that with --force.
func install(f *os.File, to string) error {
	mine, err := f.Stat()
	if err != nil {
		return err
	}
	if named, err := os.Lstat(f.Name()); err != nil || !os.SameFile(mine, named) {
		return fmt.Errorf("%s was replaced or removed meanwhile: does another backup go there?", f.Name())
	}
	if err := os.Rename(f.Name(), to); err != nil {
		return err
	}
	if err := store.Dir(filepath.Dir(to)).SyncDir(); err != nil {
		return fmt.Errorf("%s is written, but may not survive a power cut: %w", to, err)
	}
	return nil
}

// spaceError says of a full disk that it is full.
func spaceError(err error) error {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return fmt.Errorf("there is not enough space: %w", err)
	}
	return err
}
