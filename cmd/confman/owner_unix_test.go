//go:build unix

package main

import (
	"os"
	"syscall"
	"testing"
)

// A file that CONFIG REWRITE replaces stays its owner's and its group's, or who reads it changes.
func TestRewriteKeepsTheOwner(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root gives files away")
	}
	path := writeFile(t, "timeout: 5\n")
	const owner, group = 12345, 12346
	if err := os.Chown(path, owner, group); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	r := runningFrom(t, path)
	r.change(t, "timeout=7")
	if err := r.Rewrite(); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if s := info.Sys().(*syscall.Stat_t); s.Uid != owner || s.Gid != group || info.Mode().Perm() != 0o640 {
		t.Errorf("it is %d's and %d's, %v", s.Uid, s.Gid, info.Mode())
	}
}
