package main

import (
	"bytes"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"confman/store"
)

// A backup that was cut anywhere, or has any other bit, or goes on behind its end, is none.
func TestDamagedBackupsAreRefused(t *testing.T) {
	content, revision := small(t)
	if sum, err := checkBackup("whole", content); err != nil || sum.Revision != revision || sum.Configs != 3 || sum.Bytes != int64(len(content)) {
		t.Fatalf("the backup itself: %+v, %v", sum, err)
	}
	for n := range content {
		if _, err := checkBackup("cut", content[:n]); err == nil {
			t.Errorf("cut at byte %d of %d, it passes", n, len(content))
		}
	}
	for at := range content {
		for bit := range 8 {
			changed := bytes.Clone(content)
			changed[at] ^= 1 << bit
			if _, err := checkBackup("changed", changed); err == nil {
				t.Errorf("with bit %d of byte %d changed, it passes", bit, at)
			}
		}
	}
	for _, more := range []string{"\n", "*", string(content)} {
		if _, err := checkBackup("longer", append(bytes.Clone(content), more...)); err == nil {
			t.Errorf("with %.10q behind it, it passes", more)
		}
	}
}

// What verify says of a file, and what inspect does.
func TestFilesThatAreNoBackups(t *testing.T) {
	content, _ := small(t)
	dir := nodeFile(t)
	file := filepath.Join(dir, "f")
	frames := read(t, filepath.Join(dir, store.FileName))
	for _, c := range []struct {
		content           []byte
		verified, inspect string
	}{
		{content, "condition   whole\n", "condition   whole\n"},
		{append(bytes.Clone(content), "more"...), fmt.Sprintf("confman: FILE is damaged from byte %d of %d on\n[exit 1]\n", len(content), len(content)+4), fmt.Sprintf("condition   damaged from byte %d on\nframes      1\n", len(content))},
		{content[:700], "confman: FILE is no store's file, or a backup that was cut or changed: none of its 700 bytes can be used\n[exit 1]\n", "none of its 700 bytes can be used\n[exit 1]\n"},
		{[]byte("PK\x03\x04"), "confman: FILE is no store's file, or a backup that was cut or changed: none of its 4 bytes can be used\n[exit 1]\n", "none of its 4 bytes can be used\n[exit 1]\n"},
		{nil, "confman: FILE is empty\n[exit 1]\n", "confman: FILE is empty\n[exit 1]\n"},
		{frames, "confman: FILE is a node's file, not a backup: make one with confman backup FILE --data-dir DIR\n[exit 1]\n", "condition   whole\nframes      4\n"},
	} {
		write(t, file, c.content)
		if got := strings.ReplaceAll(confman(t, nil, "", "backup verify "+file), file, "FILE"); !strings.Contains(got, c.verified) {
			t.Errorf("verify says\n%s\nwant\n%s", got, c.verified)
		}
		if got := strings.ReplaceAll(confman(t, nil, "", "inspect "+file), file, "FILE"); !strings.Contains(got, c.inspect) {
			t.Errorf("inspect says\n%s\nwant\n%s", got, c.inspect)
		}
	}
}
