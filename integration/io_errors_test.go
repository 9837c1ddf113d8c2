package integration

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// A fault is a system call that fails from some time on, made so by strace.
type fault struct {
	trace string
	cmd   *exec.Cmd
	said  *output
	once  sync.Once
}

// inject has a node's system calls fail: those that concern one file, or with "" all.
func inject(t *testing.T, n *node, call, how, path string) *fault {
	t.Helper()
	f := &fault{trace: filepath.Join(t.TempDir(), "trace"), said: &output{}}
	args := []string{
		"-f", "-o", f.trace, "-p", strconv.Itoa(n.cmd.Process.Pid),
		"-e", "trace=" + call, "-e", "inject=" + call + ":" + how,
	}
	if path != "" {
		args = append(args, "-P", path)
	}
	f.cmd = exec.Command("strace", args...)
	f.cmd.Stderr = f.said
	if err := f.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		f.end()
		if t.Failed() {
			t.Logf("strace: %s", f.said)
		}
	})
	n.eventually("strace is at it", func() bool { return strings.Contains(f.said.String(), "attached") || n.ended() })
	return f
}

// end has the calls succeed again.
func (f *fault) end() {
	f.once.Do(func() {
		_ = f.cmd.Process.Signal(os.Interrupt) // it ends with the node, which may have ended
		_ = f.cmd.Wait()
	})
}

// happened returns how many calls failed.
func (f *fault) happened(t *testing.T) int {
	t.Helper()
	text, err := os.ReadFile(f.trace)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Count(string(text), "(INJECTED)")
}

// raftLog returns the file that a node's raft log is being written to.
func raftLog(t *testing.T, n *node) (path string) {
	t.Helper()
	err := filepath.WalkDir(filepath.Join(n.dir, "raft"), func(p string, d fs.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(p, ".log") {
			path = max(path, p) // they are numbered
		}
		return err
	})
	if err != nil || path == "" {
		t.Fatalf("no raft log below %s: %v", n.dir, err)
	}
	return path
}

// A disk that reports errors ends its node, which says why. The others go on, nothing that was
// acknowledged is lost, and the node takes part again after a start.
func TestErrorsOfTheDisk(t *testing.T) {
	need(t, "strace", "CONFMAN_REQUIRE_STRACE")
	const eio, enospc = "input/output error", "no space left on device"
	storeFile := func(_ *testing.T, n *node) string { return filepath.Join(n.dir, "confman.db") }
	anyFile := func(*testing.T, *node) string { return "" }
	const hold = 2 * time.Second // an ending node waits for the writes that it holds
	nodes := []*node{newNode(t), newNode(t), newNode(t)}
	for _, n := range nodes {
		n.hold = hold.String()
	}
	together(nodes)
	l := underLoad(t, nodes, 3)
	for _, c := range []struct {
		what      string
		leads     bool
		call, how string
		path      func(*testing.T, *node) string
		code      int
		says      string // the last word, and the last crash
	}{
		{"the raft log of the leader is not synced, once", true, "fdatasync", "error=EIO:when=5", anyFile, 2, "panic: " + eio},
		{"the raft log of a follower is not synced", false, "fdatasync", "error=EIO:when=5+", raftLog, 2, "panic: " + eio},
		{"no room for the raft log", true, "write", "error=ENOSPC:when=5+", raftLog, 2, enospc},
		{"the store's file is not written", true, "write", "error=EIO:when=5", storeFile, 1, eio},
		{"no room for the store's file", false, "write", "error=ENOSPC:when=5+", storeFile, 1, enospc},
	} {
		t.Run(c.what, func(t *testing.T) {
			at := leader(t, nodes)
			if !c.leads {
				at = (at + 1) % 3
			}
			n := nodes[at]
			l.goesOn(0, 1, 2)
			logged := len(n.log.String())
			path := c.path(t, n)
			f := inject(t, n, c.call, c.how, path)
			for now := c.path(t, n); now != path && !n.ended(); now = c.path(t, n) { // the log went on in another file
				f.end()
				path = now
				f = inject(t, n, c.call, c.how, path)
			}
			start := time.Now()
			if code := n.awaitEnd(); code != c.code {
				t.Errorf("it ended with %d, want %d", code, c.code)
			}
			if took := time.Since(start); took > hold+5*time.Second {
				t.Errorf("it took %v to end", took)
			}
			if f.happened(t) == 0 {
				t.Fatal("no call failed: the node ended for another reason")
			}
			said := n.log.String()[logged:]
			if c.code == 1 {
				last := strings.Split(strings.TrimSpace(said), "\n")
				said = last[len(last)-1]
				if !strings.HasPrefix(said, "confman: ") || len(last) > 3 {
					t.Errorf("it does not say why in one line:\n%s", strings.Join(last, "\n"))
				}
			}
			if !strings.Contains(said, c.says) {
				t.Errorf("it does not say %q, but\n%s", c.says, said)
			}
			l.goesOn((at+1)%3, (at+2)%3)
			n.start()
			n.eventually("it takes part", n.takesPart)
			if info := n.info(); info["health"] != "green" || !strings.Contains(info["last_crash"], c.says) {
				t.Errorf("after a start: health %q, last crash %q", info["health"], info["last_crash"])
			}
			l.goesOn(at)
			n.run("node", "resume", "--data-dir", n.dir) // three crashes would be too many
		})
	}
	l.check()
}

// A node that cannot sync its store's file when it is stopped says so.
func TestAnErrorOfTheDiskAtTheEnd(t *testing.T) {
	need(t, "strace", "CONFMAN_REQUIRE_STRACE")
	n := newNode(t)
	n.start()
	l := underLoad(t, []*node{n}, 1)
	l.goesOn(0)
	l.stop()
	f := inject(t, n, "fdatasync", "error=EIO", filepath.Join(n.dir, "confman.db"))
	if err := n.cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if code := n.awaitEnd(); code != 1 || f.happened(t) == 0 {
		t.Errorf("it ended with %d after %d errors", code, f.happened(t))
	}
	if !strings.Contains(n.log.String(), "sync the store's file: fdatasync: input/output error") {
		t.Error("it does not say why")
	}
	n.start()
	l.check()
}
