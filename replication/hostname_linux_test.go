package replication

import (
	"errors"
	"os"
	"os/exec"
	"syscall"
	"testing"
)

// TestARealChangeOfName runs itself in a UTS namespace, where the machine has another name.
func TestARealChangeOfName(t *testing.T) {
	if dir := os.Getenv("CONFMAN_TEST_RENAMED"); dir != "" {
		if err := syscall.Sethostname([]byte("renamed-for-a-test")); err != nil {
			t.Fatal(err)
		}
		if err := followHostname(dir, "renamed-for-a-test", quiet()); err != nil {
			t.Fatal(err)
		}
		if count, err := startAlone(t, dir, 1); err != nil || count != 2 {
			t.Errorf("counted to %d, %v, want 2", count, err)
		}
		return
	}
	dir := t.TempDir()
	if _, err := startAlone(t, dir, 1); err != nil {
		t.Fatal(err)
	}
	renamed := exec.Command(os.Args[0], "-test.run=^TestARealChangeOfName$")
	renamed.Env = append(os.Environ(), "CONFMAN_TEST_RENAMED="+dir)
	renamed.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWUTS}
	out, err := renamed.CombinedOutput()
	if errors.Is(err, syscall.EPERM) || errors.Is(err, syscall.EINVAL) {
		t.Skipf("a machine's name can be changed for a test by root alone: %v", err)
	}
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}
