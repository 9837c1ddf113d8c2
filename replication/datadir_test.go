package replication

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"

	"confman/store"
)

func TestADataDirectoryIsMadeAndReused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "var", "lib", "confman")
	for range 2 {
		d, err := openDataDir(path)
		if err != nil {
			t.Fatal(err)
		}
		if pid := holder(d.lock); pid != fmt.Sprint(os.Getpid()) {
			t.Errorf("the lock names %s", pid)
		}
		if err := d.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
}

func TestAForeignDirectoryIsRefused(t *testing.T) {
	for name, ok := range map[string]bool{
		"thesis.tex": false, ".profile": false, "raft": false,
		identityFile: true, store.FileName: true, lockFile: true, "lost+found": true, identityFile + newSuffix: true,
	} {
		path := t.TempDir()
		if err := os.WriteFile(filepath.Join(path, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
		d, err := openDataDir(path)
		if ok && err == nil {
			err = d.Close()
		} else if !ok && err != nil && strings.Contains(err.Error(), "--data-dir") {
			if entries, _ := os.ReadDir(path); len(entries) == 1 {
				continue
			}
			t.Errorf("%s: something was written into a foreign directory", name)
		}
		if err != nil || !ok {
			t.Errorf("directory with %s: %v", name, err)
		}
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := openDataDir(file); err == nil {
		t.Error("a file was taken for a directory")
	}
}

// TestASecondProcessIsRefused runs itself as the first one, which says that it holds the
// directory and keeps it until it is killed.
func TestASecondProcessIsRefused(t *testing.T) {
	if path := os.Getenv("CONFMAN_TEST_HOLD"); path != "" {
		d, err := openDataDir(path)
		fmt.Println("held", d != nil, err)
		_, _ = bufio.NewReader(os.Stdin).ReadByte() // until the parent ends
		return
	}
	path := t.TempDir()
	first := exec.Command(os.Args[0], "-test.run=^TestASecondProcessIsRefused$")
	first.Env = append(os.Environ(), "CONFMAN_TEST_HOLD="+path)
	stdin, err := first.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer stdin.Close()
	out, err := first.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := first.Start(); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "held true <nil>\n" {
		t.Fatalf("the first process said %q, %v", line, err)
	}
	want := fmt.Sprintf("data directory %s is in use by confman process %d", path, first.Process.Pid)
	if _, err := openDataDir(path); err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	if err := first.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = first.Wait() // killed
	d, err := openDataDir(path)
	if err != nil {
		t.Fatalf("after the first was killed: %v", err)
	}
	if err := d.Close(); err != nil {
		t.Error(err)
	}
}

// What is set aside twice within a millisecond, or while the clock is set back, is kept twice.
func TestNothingIsSetAsideOntoAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // time stands still
		dir := t.TempDir()
		for i := range 3 {
			if err := os.WriteFile(filepath.Join(dir, store.FileName), []byte{byte('0' + i)}, 0o600); err != nil {
				t.Fatal(err)
			}
			aside, err := setAside(dir, replacedPrefix)
			if err != nil {
				t.Fatal(err)
			}
			if kept, err := os.ReadFile(filepath.Join(aside, store.FileName)); err != nil || string(kept) != string(byte('0'+i)) {
				t.Errorf("%s has %q, %v", aside, kept, err)
			}
		}
	})
}
