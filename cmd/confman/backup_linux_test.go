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

// A full disk says so.
func TestBackupsOntoAFullDisk(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=16k"); err != nil {
		t.Skipf("a small disk needs root: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
	local := transcript.NewLocal()
	err := local.Update(t.Context(), "ann", func(tx *store.Tx) error { return tx.Set("large", strings.Repeat("x", 100<<10), 0) })
	if err != nil {
		t.Fatal(err)
	}
	addr := serveStore(t, &resp.Server{Node: local, Snapshot: local.Store.Snapshot}, replication.Status{})
	got := confman(t, nil, "", "backup "+filepath.Join(dir, "b.db")+" --addr "+addr)
	if !strings.HasPrefix(got, "confman: there is not enough space for the backup: write ") || !strings.HasSuffix(got, "[exit 1]\n") {
		t.Error(got)
	}
	if left := in(t, dir); left != "" {
		t.Errorf("left: %s", left)
	}
}
