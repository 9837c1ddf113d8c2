package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A binary that does not start, or ends at once, ends the demo with an error, and leaves
// nothing behind.
func TestDemoWithoutABinary(t *testing.T) {
	scratch := t.TempDir()
	t.Setenv("TMPDIR", scratch)
	broken := filepath.Join(t.TempDir(), "confman")
	if err := os.WriteFile(broken, []byte("#!/bin/sh\necho out of order\nexit 1\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	for binary, want := range map[string]string{
		filepath.Join(scratch, "none"): "no such file or directory",
		broken:                         "out of order",
	} {
		err := run(context.Background(), binary, true)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
	if left, err := os.ReadDir(scratch); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}
