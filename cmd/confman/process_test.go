package main

import (
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"
)

// beConfman has the program of the tests be confman.
const beConfman = "BE_CONFMAN"

// processOf makes a process out of a shell's command line, in which $CONFMAN is confman, that ends with the test at the
// latest. Nothing of the environment but PATH is handed on.
func processOf(t *testing.T, line string, environ ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command("sh", "-c", line)
	c.Env = append([]string{"PATH=" + os.Getenv("PATH"), "CONFMAN=" + self, beConfman + "=1"}, environ...)
	out := &lockedBuffer{}
	c.Stdout, c.Stderr = out, out
	t.Cleanup(func() {
		if c.Process == nil || c.ProcessState != nil {
			return
		}
		_ = c.Process.Signal(syscall.SIGTERM) // it may have ended
		hard := time.AfterFunc(20*time.Second, func() { _ = c.Process.Kill() })
		defer hard.Stop()
		_ = c.Wait() // however it ends
	})
	return c
}

// printed is what a process has printed.
func printed(c *exec.Cmd) string { return c.Stderr.(*lockedBuffer).String() }
