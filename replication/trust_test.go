package replication

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"confman/store"
)

// copyDir copies a data directory.
func copyDir(t *testing.T, from string) (to string) {
	t.Helper()
	to = filepath.Join(t.TempDir(), "copy")
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
	return to
}

// put puts a file or folder of one data directory in the place of another's.
func put(t *testing.T, from, to, name string) {
	t.Helper()
	target := filepath.Join(to, name)
	err := os.RemoveAll(target)
	if info, gone := os.Stat(filepath.Join(from, name)); err == nil && gone == nil && info.IsDir() {
		err = os.CopyFS(target, os.DirFS(filepath.Join(from, name)))
	} else if err == nil && gone == nil {
		content, wrong := os.ReadFile(filepath.Join(from, name))
		err = errors.Join(wrong, os.WriteFile(target, content, 0o600))
	}
	if err != nil {
		t.Fatal(err)
	}
}

// alone starts a cluster of one node, writes something, and stops the node.
func (c *cluster) alone() (dir string) {
	c.Helper()
	n := c.start(c.TempDir(), "")
	c.update(n, write("x", "1"))
	c.eventually("it has settled", func() bool { _, err := n.origin(); return err == nil })
	c.cutLog(n)
	c.stop(n)
	return n.Dir
}

// untrusted starts a node in a directory, which must be refused with these words and left as it is.
func (c *cluster) untrusted(dir string, says ...string) {
	c.Helper()
	before := listing(c.T, dir)
	n, err := c.tryStart(dir, "")
	if err == nil {
		c.nodes = append(c.nodes, n)
		c.stop(n)
	}
	if !errors.Is(err, ErrUntrusted) {
		c.Errorf("%v", err)
		return
	}
	for _, want := range append(says, dir) {
		if !strings.Contains(err.Error(), want) {
			c.Errorf("it does not say %q: %v", want, err)
		}
	}
	if after := listing(c.T, dir); after != before {
		c.Errorf("before: %s\nafter: %s", before, after)
	}
}

// listing lists the files of a data directory and what is in its store's file.
func listing(t *testing.T, dir string) string {
	t.Helper()
	var b strings.Builder
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.Name() != lockFile && e.Name() != raftFolder {
			content, _ := os.ReadFile(filepath.Join(dir, e.Name())) // a folder has none
			b.WriteString(e.Name() + " " + strconv.Itoa(len(content)) + "\n")
		}
	}
	return b.String()
}

const (
	replaceIt = "confman node replace --data-dir "
	repairIt  = "confman node repair --data-dir "
)

// What is wrong with a data directory is said before anything is changed, along with the command
// that mends it.
func TestDataDirectoriesThatCannotBeTrusted(t *testing.T) {
	c := &cluster{T: t}
	in := func(t *testing.T) *cluster { return &cluster{T: t} }
	one, other := c.alone(), c.alone()
	t.Run("its store's file is gone", func(t *testing.T) {
		dir := copyDir(t, one)
		put(t, t.TempDir(), dir, store.FileName)
		in(t).untrusted(dir, "is gone", repairIt)
	})
	t.Run("its store's file is an old copy", func(t *testing.T) {
		dir := copyDir(t, one)
		c := in(t)
		n := c.start(dir, "")
		c.update(n, write("x", "2"))
		c.cutLog(n)
		c.stop(n)
		put(t, one, dir, store.FileName)
		c.untrusted(dir, "old copy", repairIt)
	})
	t.Run("its store's file is another cluster's", func(t *testing.T) {
		dir := copyDir(t, one)
		put(t, other, dir, store.FileName)
		put(t, other, dir, syncedFile)
		in(t).untrusted(dir, "is of cluster", repairIt)
	})
	t.Run("its identity is of a newer version", func(t *testing.T) {
		dir := copyDir(t, one)
		content := strings.Replace(string(readFile(t, dir, identityFile)), `"format":1`, `"format":2`, 1)
		if err := os.WriteFile(filepath.Join(dir, identityFile), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := in(t).tryStart(dir, ""); err == nil || !strings.Contains(err.Error(), "start the newer confman that wrote it") {
			t.Error(err)
		}
	})
	t.Run("its raft log is an old copy", func(t *testing.T) {
		dir := copyDir(t, one)
		c := in(t)
		n := c.start(dir, "")
		for range 20 {
			c.update(n, count("counter"))
		}
		c.stop(n)
		put(t, one, dir, raftFolder)
		c.untrustedBoot(dir, "old copy", replaceIt)
	})
	t.Run("its raft log is gone", func(t *testing.T) {
		dir := copyDir(t, one)
		put(t, t.TempDir(), dir, raftFolder)
		in(t).untrusted(dir, "raft log is gone", replaceIt)
	})
	t.Run("all but its identity is gone", func(t *testing.T) {
		dir := t.TempDir()
		put(t, one, dir, identityFile)
		in(t).untrusted(dir, "raft log is gone", replaceIt)
	})
	t.Run("its raft log is another cluster's", func(t *testing.T) {
		dir := copyDir(t, one)
		put(t, other, dir, raftFolder)
		in(t).untrusted(dir, "raft log is of cluster", replaceIt)
	})
	t.Run("its raft log is another node's", func(t *testing.T) {
		c := three(t)
		dirs := []string{c.nodes[0].Dir, c.nodes[1].Dir}
		c.stop(c.nodes[0])
		c.stop(c.nodes[0])
		put(t, dirs[0], dirs[1], raftFolder)
		c.untrusted(dirs[1], "raft log is of host", replaceIt)
	})
	t.Run("its identity is gone", func(t *testing.T) {
		dir := copyDir(t, one)
		put(t, t.TempDir(), dir, identityFile)
		in(t).untrusted(dir, "no "+identityFile, replaceIt)
	})
	t.Run("its identity is older than its store", func(t *testing.T) {
		dir := copyDir(t, one)
		c := in(t)
		n := c.start(dir, "")
		c.eventually("it has settled", func() bool { return n.members()[0].Boots == 2 })
		c.stop(n)
		put(t, one, dir, identityFile)
		c.untrusted(dir, "start 2", replaceIt)
	})
}

// untrustedBoot is untrusted where the start is counted before the mistake is found.
func (c *cluster) untrustedBoot(dir string, says ...string) {
	c.Helper()
	if _, err := c.tryStart(dir, ""); !errors.Is(err, ErrUntrusted) {
		c.Errorf("%v", err)
	}
	c.untrusted(dir, says...)
}

func readFile(t *testing.T, dir, name string) []byte {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// A data directory in use and somebody else's are refused, and left alone.
func TestDataDirectoriesOfOthers(t *testing.T) {
	c := &cluster{T: t}
	n := c.start(t.TempDir(), "")
	defer c.stop(n)
	_, err := c.tryStart(n.Dir, "")
	if err == nil || !strings.Contains(err.Error(), "in use by confman process "+strconv.Itoa(os.Getpid())) {
		t.Errorf("%v", err)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "letters.txt"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err = c.tryStart(dir, ""); err == nil || !strings.Contains(err.Error(), "is not confman's") {
		t.Errorf("%v", err)
	}
}

// ended waits until a node has ended by itself, closes it, and returns why.
func (c *cluster) ended(n *Node) error {
	c.Helper()
	select {
	case <-n.Done():
	case <-time.After(30 * time.Second):
		c.Fatal("the node does not end")
	}
	if err := n.Close(); err != nil {
		c.Error(err)
	}
	return n.Err()
}

// A data directory that was wiped is recognised by the members that look for its node.
func TestAWipedNodeDoesNotStartAClusterOfItsOwn(t *testing.T) {
	c := three(t)
	gone := c.nodes[2]
	c.stop(gone)
	n := c.nodeAt(t.TempDir(), gone.Raft.Addr().String())
	err := n.Start(t.Context())
	if !errors.Is(err, ErrUntrusted) || !strings.Contains(err.Error(), "was it wiped?") || !strings.Contains(err.Error(), replaceIt+n.Dir+" --join TOKEN-OF-A-MEMBER") {
		t.Error(err)
	}
	// Nor does it join as one more node, and leave a dead one among the voters.
	n = c.nodeAt(t.TempDir(), gone.Raft.Addr().String())
	n.Join = c.token(c.nodes[0].raftAddr())
	err = n.Start(t.Context())
	if err == nil || !strings.Contains(err.Error(), "confman node replace 3") {
		t.Error(err)
	}
}

// nodeAt makes a node, which has not been started, at a raft address.
func (c *cluster) nodeAt(dir, addr string) *Node {
	c.Helper()
	n := c.node(dir, "")
	_ = n.Raft.Close() // it was only for the others
	n.Raft = listen(c.T, addr)
	return n
}

// A copy of a data directory that is started beside the original is refused by the others, and
// ends; the original goes on.
func TestAClonedDisk(t *testing.T) {
	c := three(t)
	original := c.nodes[1]
	if original.Status().Role == "leader" {
		original = c.nodes[2]
	}
	clone, err := c.tryStart(copyDir(t, original.Dir), "")
	if err == nil {
		err = c.ended(clone)
	}
	if !errors.Is(err, ErrUntrusted) || !strings.Contains(err.Error(), "running elsewhere") || !strings.Contains(err.Error(), replaceIt+clone.Dir) {
		t.Error(err)
	}
	c.untrusted(clone.Dir, "running elsewhere", replaceIt) // from now on
	c.update(original, write("still", "here"))
	c.same()
	if err := original.Err(); err != nil {
		t.Errorf("the original has ended: %v", err)
	}
}

// An old copy of a whole data directory, as a backup or a snapshot of a machine leaves it, fits
// together; but its node has started more often than it knows of.
func TestAnOldDataDirectoryIsPutBack(t *testing.T) {
	c := three(t)
	n := c.nodes[2]
	c.stop(n)
	old := copyDir(t, n.Dir)
	n = c.start(n.Dir, "")
	c.eventually("the others know of its start", func() bool {
		for _, m := range c.nodes[0].members() {
			if m.ID == n.identity.Node {
				return m.Boots == 2
			}
		}
		return false
	})
	c.stop(n)
	back, err := c.tryStart(old, "")
	if err == nil {
		err = c.ended(back)
	}
	if !errors.Is(err, ErrUntrusted) || !strings.Contains(err.Error(), "an old one was put back") || !strings.Contains(err.Error(), replaceIt+old) {
		t.Error(err)
	}
	for range 2 { // and it stays so: a refused start has counted as one
		c.untrusted(old, "an old one was put back", replaceIt)
	}
	c.update(c.nodes[0], write("still", "here"))
	c.same()
}
