package replication

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// replacement is what confman node replace does in a directory.
func (c *cluster) replacement(dir string, node uint64) Replacement {
	c.Helper()
	lan, err := ProfileNamed("lan")
	if err != nil {
		c.Fatal(err)
	}
	return Replacement{
		Dir: dir, Node: node, Join: c.token(c.nodes[0].raftAddr()), RaftAddr: "127.0.0.1:9", RESPAddr: "127.0.0.1:1", Profile: lan,
	}
}

// votersAre waits until every node knows just these members, all of them voters.
func (c *cluster) votersAre(ids ...uint64) {
	c.Helper()
	c.eventually("every node knows its members", func() bool {
		for _, n := range c.nodes {
			st := n.Status()
			if len(st.Members) != len(ids) || st.Voters != len(ids) {
				return false
			}
			for i, m := range st.Members {
				if m.ID != ids[i] || !m.Voter {
					return false
				}
			}
		}
		return true
	})
}

// A node whose data cannot be trusted is replaced: a new one takes its place, what was in the data
// directory is kept, and the old identity cannot come back.
func TestReplacingANode(t *testing.T) {
	c := three(t)
	c.update(c.nodes[0], write("before", "1"))
	lost := c.nodes[2]
	if lost.identity.Node != 3 {
		t.Fatalf("node %d", lost.identity.Node)
	}
	c.stop(lost)
	old := copyDir(t, lost.Dir)
	put(t, t.TempDir(), lost.Dir, raftFolder)
	done, err := c.replacement(lost.Dir, 0).Replace(t.Context())
	if err != nil || done.Node != 4 || done.Replaces != 3 {
		t.Fatalf("%+v, %v", done, err)
	}
	if !exists(done.Aside, identityFile) || filepath.Dir(done.Aside) != lost.Dir {
		t.Errorf("the old identity is not in %q", done.Aside)
	}
	c.start(lost.Dir, "")
	c.votersAre(1, 2, 4)
	c.update(c.nodes[2], write("after", "1"))
	c.same()
	back, err := c.tryStart(old, "")
	if err == nil {
		err = c.ended(back)
	}
	if !errors.Is(err, ErrUntrusted) || !strings.Contains(err.Error(), "was replaced by node 4") {
		t.Errorf("the old node comes back: %v", err)
	}
}

// A machine whose disk is gone names the node whose place it takes, or has its address.
func TestReplacingAWipedNode(t *testing.T) {
	for name, byNumber := range map[string]bool{"by number": true, "by address": false} {
		t.Run(name, func(t *testing.T) {
			c := three(t)
			lost := c.nodes[1]
			c.stop(lost)
			r := c.replacement(t.TempDir(), 0)
			if r.RaftAddr = lost.Raft.Addr().String(); byNumber {
				r.Node, r.RaftAddr = lost.identity.Node, "127.0.0.1:9"
			}
			done, err := r.Replace(t.Context())
			if want := (Replaced{Node: 4, Replaces: lost.identity.Node}); err != nil || done != want {
				t.Fatalf("%+v, %v", done, err)
			}
			c.start(r.Dir, "")
			c.votersAre(1, 3, 4)
			c.same()
		})
	}
}

// A replacement that does not fit is refused at once, and changes nothing.
func TestReplacementsThatAreRefused(t *testing.T) {
	c := three(t)
	dir := t.TempDir()
	_, err := c.replacement(dir, 7).Replace(t.Context())
	if err == nil || !strings.Contains(err.Error(), "there is no node 7 to replace: the nodes are 1 (127.0.0.1:") {
		t.Error(err)
	}
	_, err = c.replacement(dir, 2).Replace(t.Context())
	if err == nil || !strings.Contains(err.Error(), "node 2 is running: stop it first") {
		t.Error(err)
	}
	if exists(dir, identityFile) {
		t.Error("the directory has become a node's")
	}
	if _, err = c.replacement(c.nodes[1].Dir, 2).Replace(t.Context()); err == nil || !strings.Contains(err.Error(), "in use by") {
		t.Error(err)
	}
	c.votersAre(1, 2, 3)
}

// A replacement that was cut short, before its node started, is done again and makes one node.
func TestAReplacementIsRepeated(t *testing.T) {
	c := three(t)
	lost := c.nodes[2]
	c.stop(lost)
	r := c.replacement(lost.Dir, 0)
	first, err := r.Replace(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	// As if the process had died before it wrote who the node is now.
	content := readFile(t, lost.Dir, identityFile)
	id, _, err := loadIdentity(lost.Dir)
	if err != nil {
		t.Fatal(err)
	}
	err = errors.Join(os.Remove(filepath.Join(lost.Dir, identityFile)),
		os.WriteFile(filepath.Join(lost.Dir, pendingFile), []byte(id.Host), 0o600))
	if err != nil {
		t.Fatal(err)
	}
	again, err := r.Replace(t.Context())
	if first.Aside = again.Aside; err != nil || again != first || again.Replaces != 3 || string(readFile(t, lost.Dir, identityFile)) != string(content) {
		t.Fatalf("%+v, then %+v: %v", first, again, err)
	}
	c.start(lost.Dir, "")
	c.votersAre(1, 2, 4)
}
