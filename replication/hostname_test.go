package replication

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// renameMachine makes dragonboat's directory what it would be on a machine of another name.
func renameMachine(t *testing.T, dir, name string) {
	t.Helper()
	current, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	if err := followHostname(dir, name, quiet()); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, current)); !errors.Is(err, os.ErrNotExist) {
		t.Fatalf("the folder is still there: %v", err)
	}
}

// startAlone starts a cluster of one in a directory, counts some further, and returns how far
// that is.
func startAlone(t *testing.T, dir string, further int) (count uint64, err error) {
	t.Helper()
	var a table
	m := &member{id: 1, host: hostA, dir: dir}
	err = startMember(t, m, &a, listen(t, "127.0.0.1:0"), map[uint64]string{1: hostA})
	if err != nil {
		return 0, errors.Join(err, m.wire.Close())
	}
	defer m.stop()
	for range further {
		count = m.propose(t)
	}
	return count, nil
}

func TestAMachineMayChangeItsName(t *testing.T) {
	current, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	count, err := startAlone(t, dir, 50) // past a few snapshots, whose paths dragonboat notes
	if err != nil {
		t.Fatal(err)
	}
	renameMachine(t, dir, "an-older-name")
	if _, err := startAlone(t, dir, 1); err == nil || !strings.Contains(err.Error(), "hostname changed") {
		t.Fatalf("dragonboat does not mind any more: %v; then all this can go", err)
	}
	// the failed start has left a folder of its own, with an empty log in it
	if err := followHostname(dir, current, quiet()); err == nil || !strings.Contains(err.Error(), "all hold data") {
		t.Fatalf("chose one of two folders with data: %v", err)
	}
	if err := os.RemoveAll(filepath.Join(dir, current)); err != nil {
		t.Fatal(err)
	}
	for range 2 { // twice: the second time there is nothing to do
		if err := followHostname(dir, current, quiet()); err != nil {
			t.Fatal(err)
		}
	}
	if again, err := startAlone(t, dir, 1); err != nil || again != count+1 {
		t.Errorf("counted to %d, %v, want %d", again, err, count+1)
	}
}

func TestARepairThatWasCutShortIsCompleted(t *testing.T) {
	current, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if _, err := startAlone(t, dir, 1); err != nil {
		t.Fatal(err)
	}
	// the folder has been renamed, twice even, and the note not
	for _, name := range []string{"second", "third"} {
		if err := followFolder(dir, name, quiet()); err != nil {
			t.Fatal(err)
		}
	}
	// something has made an empty folder of the name
	if err := os.MkdirAll(filepath.Join(dir, current, "00000000000000000001"), 0o700); err != nil {
		t.Fatal(err)
	}
	// a new note has been written and not put in place
	if err := os.WriteFile(filepath.Join(dir, statusFile+newSuffix), []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := followHostname(dir, current, quiet()); err != nil {
		t.Fatal(err)
	}
	if again, err := startAlone(t, dir, 1); err != nil || again != 2 {
		t.Errorf("counted to %d, %v, want 2", again, err)
	}
}

func TestAFolderWithSomethingInItIsNotRemoved(t *testing.T) {
	dir := t.TempDir()
	data := filepath.Join(dir, "old", "00000000000000000001", "logdb-0")
	for _, d := range []string{data, filepath.Join(dir, "new", "notes")} {
		if err := os.MkdirAll(d, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	note := filepath.Join(dir, "new", "notes", "a")
	if err := os.WriteFile(note, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := followHostname(dir, "new", quiet()); err == nil || !strings.Contains(err.Error(), "is in the way") {
		t.Errorf("got %v", err)
	}
	for _, path := range []string{note, data} {
		if _, err := os.Stat(path); err != nil {
			t.Error(err)
		}
	}
}

func TestADamagedNoteOfDragonboatIsReported(t *testing.T) {
	dir := t.TempDir()
	if err := followHostname(filepath.Join(dir, "not there"), "x", quiet()); err != nil {
		t.Error(err)
	}
	for _, content := range []string{"", "short", "a wrong checksum"} {
		if err := os.WriteFile(filepath.Join(dir, statusFile), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := followHostname(dir, "x", quiet()); err == nil || !strings.Contains(err.Error(), "is damaged") {
			t.Errorf("%q: %v", content, err)
		}
	}
}
