package replication

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"confman/store"
)

// What a node has is told while it runs, and is empty for as long as nobody has written anything and nobody is with it. It goes
// when the node does not run, and whole.
func TestWhatANodeHasIsSetAside(t *testing.T) {
	c := newCluster(t)
	dir := t.TempDir()
	if _, found, err := LookInto(dir); found || err != nil {
		t.Fatal(found, err)
	}
	n := c.start(dir, "")
	c.eventually("it leads", func() bool { return n.Status().Role == "leader" && len(n.Status().Members) == 1 })
	look := func() Held {
		t.Helper()
		h, found, err := LookInto(dir)
		if !found || err != nil {
			t.Fatal(found, err)
		}
		return h
	}
	if h := look(); !h.Empty() || h.Node != 1 || h.Cluster != n.Status().Cluster {
		t.Errorf("a new node has %+v", h)
	}
	if _, err := Abandon(dir, func(Held) error { return nil }); err == nil || !strings.Contains(err.Error(), "in use by confman process") {
		t.Errorf("while it runs: %v", err)
	}
	c.update(n, write("a", "1"))
	if h := look(); h.Empty() || h.Configs != 1 {
		t.Errorf("with a config it has %+v", h)
	}
	c.update(n, func(tx *store.Tx) error { tx.Delete("a"); return nil })
	if h := look(); h.Empty() || h.Configs != 0 {
		t.Errorf("with what was deleted it has %+v", h)
	}
	second := c.start(t.TempDir(), n.Raft.Addr().String())
	c.eventually("there are two", func() bool { return second.Status().Voters == 2 && look().Others == 1 })
	c.stop(second)
	c.stop(n)
	no := errors.New("no")
	if _, err := Abandon(dir, func(Held) error { return no }); !errors.Is(err, no) {
		t.Error(err)
	}
	aside, err := Abandon(dir, func(h Held) error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{identityFile, store.FileName, raftFolder, keysFolder} {
		if _, err := os.Stat(filepath.Join(aside, name)); err != nil {
			t.Error(err)
		}
	}
	if _, found, err := LookInto(dir); found || err != nil {
		t.Error(found, err)
	}
	again := c.start(dir, "")
	c.eventually("another one begins there", func() bool { return again.Status().Role == "leader" })
}
