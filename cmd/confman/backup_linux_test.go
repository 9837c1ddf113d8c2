package main

import (
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"confman/replication"
	"confman/resp"
	"confman/resp/transcript"
	"confman/store"
)

// smallDisk is a directory with room for a few pages, until the test ends.
func smallDisk(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=16k"); err != nil {
		t.Skipf("a small disk needs root: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// A restore onto a full disk says so, and leaves nothing that a node would start with.
func TestRestoringOntoAFullDisk(t *testing.T) {
	local := transcript.NewLocal()
	_, err := local.Update(t.Context(), "ann", func(tx *store.Tx) error { return tx.Set("large", strings.Repeat("x", 100<<10), 0) })
	if err != nil {
		t.Fatal(err)
	}
	addr := serveStore(t, &resp.Server{Node: local, Snapshot: local.Store.Snapshot}, replication.Status{})
	file := filepath.Join(t.TempDir(), "b.db")
	if got := confman(t, nil, "", "backup "+file+" --addr "+addr); strings.Contains(got, "[exit") {
		t.Fatal(got)
	}
	dir := smallDisk(t)
	got := confman(t, nil, "", "restore "+file+" --data-dir "+dir)
	if !strings.Contains(got, "there is not enough space") || !strings.HasSuffix(got, "[exit 1]\n") {
		t.Error(got)
	}
	if left := in(t, dir); left != "lock" {
		t.Errorf("left: %s", left)
	}
}

// A full disk says so.
func TestBackupsOntoAFullDisk(t *testing.T) {
	dir := smallDisk(t)
	local := transcript.NewLocal()
	_, err := local.Update(t.Context(), "ann", func(tx *store.Tx) error { return tx.Set("large", strings.Repeat("x", 100<<10), 0) })
	if err != nil {
		t.Fatal(err)
	}
	addr := serveStore(t, &resp.Server{Node: local, Snapshot: local.Store.Snapshot}, replication.Status{})
	got := confman(t, nil, "", "backup "+filepath.Join(dir, "b.db")+" --addr "+addr)
	if !strings.HasPrefix(got, "confman: there is not enough space: write ") || !strings.HasSuffix(got, "[exit 1]\n") {
		t.Error(got)
	}
	if left := in(t, dir); left != "" {
		t.Errorf("left: %s", left)
	}
}
