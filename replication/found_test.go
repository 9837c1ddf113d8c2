package replication

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"confman/replication/certs"
	"confman/store"
)

// backup is what a node's state is as one frame.
func (c *cluster) backup(n *Node) []byte {
	c.Helper()
	sn := n.store.Snapshot()
	defer sn.Close()
	content, err := io.ReadAll(sn)
	if err != nil {
		c.Fatal(err)
	}
	return content
}

// filled starts a cluster of one node with counters in it.
func filled(t *testing.T) (*cluster, *Node) {
	c := newCluster(t)
	n := c.start(t.TempDir(), "")
	for i := range 40 {
		c.update(n, count(fmt.Sprintf("counter/%d", i%4)))
	}
	c.eventually("it has settled", func() bool { _, err := n.origin(); return err == nil })
	return c, n
}

// A lost or damaged store's file is replaced by another node's, and the raft log brings it up to
// date.
func TestRepairingAStore(t *testing.T) {
	c := three(t)
	n := c.nodes[2]
	for range 20 {
		c.update(n, count("counter"))
	}
	c.same()
	c.cutLog(n)
	c.stop(n)
	path := filepath.Join(n.Dir, store.FileName)
	content := readFile(t, n.Dir, store.FileName)
	content[len(content)/3] ^= 1
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	c.untrusted(n.Dir, "old copy, or its disk has lost writes", repairIt+n.Dir+" --from 127.0.0.1:1")
	for range 20 {
		c.update(c.nodes[0], count("counter")) // the copy is ahead of the node's raft log
	}
	state := c.backup(c.nodes[0])
	for _, cut := range []int{0, 1, len(state) / 2, len(state) - 1} {
		if _, err := Repair(n.Dir, bytes.NewReader(state[:cut])); err == nil {
			t.Fatalf("%d of %d bytes were taken for a state", cut, len(state))
		}
	}
	revision, err := Repair(n.Dir, bytes.NewReader(state))
	if err != nil || revision < 40 {
		t.Fatalf("revision %d, %v", revision, err)
	}
	back := c.start(n.Dir, "")
	for range 20 {
		c.update(back, count("counter"))
	}
	c.same()
	if got := valueOf(back.store, "counter"); got != "60" {
		t.Errorf("counter = %s", got)
	}
	if string(readFile(t, n.Dir, store.FileName+damagedSuffix)) == "" {
		t.Error("the damaged file was not kept")
	}
}

// What a copy cannot mend, and a copy that does not fit, are refused.
func TestRepairsThatAreRefused(t *testing.T) {
	c, n := filled(t)
	old := c.backup(n)
	c.update(n, write("x", "1"))
	c.cutLog(n)
	state := c.backup(n)
	other, m := filled(t)
	foreign := other.backup(m)
	c.stop(n)
	before := listing(t, n.Dir)
	for want, state := range map[string][]byte{"of cluster": foreign, "copy from one that is further": old} {
		if _, err := Repair(n.Dir, bytes.NewReader(state)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q: %v", want, err)
		}
	}
	if after := listing(t, n.Dir); after != before {
		t.Errorf("%s, was %s", after, before)
	}
	if _, err := Repair(t.TempDir(), bytes.NewReader(state)); err == nil || !strings.Contains(err.Error(), "confman node replace") {
		t.Error(err)
	}
	put(t, t.TempDir(), n.Dir, raftFolder)
	if _, err := Repair(n.Dir, bytes.NewReader(state)); err == nil || !strings.Contains(err.Error(), "confman node replace") {
		t.Error(err)
	}
}

// A backup becomes a cluster of its own: with all configs at their revisions, with nodes that get
// the state when they join, and closed to the nodes of the old cluster.
func TestRestoringABackup(t *testing.T) {
	c, old := filled(t)
	c.cutLog(old)
	backup := c.backup(old)
	revision, dir := old.store.Applied(), filepath.Join(t.TempDir(), "new")
	f, err := Restore(dir, bytes.NewReader(backup))
	if err != nil {
		t.Fatal(err)
	}
	if f.Configs != 4 || f.Revision != revision || f.Generation != 2 || f.Node != 2 || f.Cluster == old.Status().Cluster {
		t.Errorf("%+v", f)
	}
	fresh := newCluster(t)
	n := fresh.start(dir, "")
	fresh.update(n, count("counter/1"))
	if got := valueOf(n.store, "counter/1"); got != "11" || n.store.Applied() <= revision {
		t.Errorf("counter/1 = %s at revision %d", got, n.store.Applied())
	}
	for range 2 {
		fresh.start(t.TempDir(), n.Raft.Addr().String())
	}
	fresh.votersAre(2, 3, 4)
	fresh.update(fresh.nodes[2], count("counter/1"))
	fresh.same()
	for range 2 { // and it starts again, from its log and from its file
		n = fresh.nodes[0]
		fresh.stop(n)
		fresh.start(n.Dir, "")
		fresh.update(fresh.nodes[0], count("counter/1"))
		fresh.same()
	}
	if got := valueOf(fresh.nodes[2].store, "counter/1"); got != "14" {
		t.Errorf("counter/1 = %s", got)
	}
	fresh.refuses(old)
}

// refuses fails unless a node of the cluster refuses a node of the one that it came from.
func (c *cluster) refuses(old *Node) {
	c.Helper()
	err := c.nodes[0].vouch(old.transport.hello(kindRaft, ""))
	if !errors.Is(err, errFinal) || !strings.Contains(err.Error(), "was given up") {
		c.Errorf("a node of the old cluster: %v", err)
	}
}

// A backup that is damaged, or no backup, and a directory that is in use, are refused; nothing has
// changed.
func TestRestoresThatAreRefused(t *testing.T) {
	c, n := filled(t)
	backup := c.backup(n)
	dir := t.TempDir()
	for _, cut := range []int{0, 1, len(backup) / 2, len(backup) - 1} {
		if _, err := Restore(dir, bytes.NewReader(backup[:cut])); err == nil {
			t.Fatalf("%d of %d bytes were restored", cut, len(backup))
		}
	}
	if _, err := Restore(dir, bytes.NewReader(append(bytes.Clone(backup), backup...))); err == nil {
		t.Error("two backups in one file were restored")
	}
	file := readFile(t, n.Dir, store.FileName)
	if _, err := Restore(dir, bytes.NewReader(file)); err == nil || !strings.Contains(err.Error(), "confman backup FILE --data-dir") {
		t.Errorf("a node's file: %v", err)
	}
	if got := listing(t, dir); got != "" {
		t.Errorf("something was restored: %s", got)
	}
	if _, err := Restore(n.Dir, bytes.NewReader(backup)); err == nil || !strings.Contains(err.Error(), "in use") {
		t.Error(err)
	}
	c.stop(n)
	if _, err := Restore(n.Dir, bytes.NewReader(backup)); err == nil || !strings.Contains(err.Error(), "empty directory") {
		t.Error(err)
	}
}

// A restore that was cut short is not started, and is completed, or done anew, by doing it again.
func TestARestoreIsRepeated(t *testing.T) {
	c, n := filled(t)
	backup := c.backup(n)
	for _, moved := range []int{0, 1, 2} {
		dir := t.TempDir()
		f, err := Restore(dir, bytes.NewReader(backup))
		if err != nil {
			t.Fatal(err)
		}
		// As if it had died when that many files were moved into place.
		next := filepath.Join(dir, nextFolder)
		if err := os.Mkdir(next, 0o700); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{store.FileName, syncedFile, identityFile}[moved:] {
			if err := os.Rename(filepath.Join(dir, name), filepath.Join(next, name)); err != nil {
				t.Fatal(err)
			}
		}
		(&cluster{T: t}).untrusted(dir, "interrupted", "run the same command again")
		again, err := Restore(dir, bytes.NewReader(backup))
		if err != nil || again != f {
			t.Errorf("%d moved: %+v, then %+v: %v", moved, f, again, err)
		}
		fresh := &cluster{T: t}
		n := fresh.start(dir, "")
		fresh.update(n, count("counter/1"))
		fresh.stop(n)
	}
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, nextFolder), 0o700); err != nil { // it died before that
		t.Fatal(err)
	}
	if _, err := Restore(dir, bytes.NewReader(backup)); err != nil {
		t.Error(err)
	}
}

// survivor opens a node that is not running.
func (c *cluster) survivor(dir string) *Survivor {
	c.Helper()
	lan, err := ProfileNamed("lan")
	if err != nil {
		c.Fatal(err)
	}
	s, err := OpenSurvivor(c.Context(), dir, lan, slog.New(slog.DiscardHandler))
	if err != nil {
		c.Fatal(err)
	}
	return s
}

// A majority is lost for good. What the survivor has, also in its log alone, makes a new cluster;
// another survivor joins it, and a node of the lost ones is refused.
func TestRecoveringFromASurvivor(t *testing.T) {
	c := three(t)
	for range 30 {
		c.update(c.nodes[2], count("counter"))
	}
	c.same()
	lost, other, last := c.nodes[0], c.nodes[1], c.nodes[2]
	c.eventually("every voter has the key of the authority", func() bool { return last.certs().Has(certs.AuthorityKeyFile) })
	c.stop(lost)
	c.stop(other)
	c.stop(last)
	forgetEnd(t, last.Dir)
	s := c.survivor(last.Dir)
	if s.Node != last.identity.Node || len(s.Members) != 3 || len(s.entries) == 0 {
		t.Errorf("node %d of %d, %d entries to apply", s.Node, len(s.Members), len(s.entries))
	}
	f, err := s.Found()
	if err := errors.Join(err, s.Close()); err != nil {
		t.Fatal(err)
	}
	if f.Generation != 2 || f.Node != 4 || f.Revision != s.Revision || !exists(f.Aside, raftFolder) {
		t.Errorf("%+v", f)
	}
	n := c.start(last.Dir, "")
	if got := valueOf(n.store, "counter"); got != "30" {
		t.Errorf("recovered: counter = %s", got)
	}
	r := c.replacement(other.Dir, 0)
	if done, err := r.Replace(t.Context()); err != nil || done.Replaces != 0 {
		t.Fatal(done, err)
	}
	c.start(other.Dir, "")
	c.votersAre(4, 5)
	c.update(c.nodes[1], count("counter"))
	c.same()
	// The lost one comes back, where it was and looking for the others where they were.
	back := c.nodeAt(lost.Dir, lost.Raft.Addr().String())
	if err := back.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	back.transport.book.learn(last.identity.Host, n.Raft.Addr().String())
	if err := c.ended(back); !errors.Is(err, ErrUntrusted) || !strings.Contains(err.Error(), "was given up for cluster "+f.Cluster) {
		t.Errorf("the lost node: %v", err)
	}
}

// forgetEnd takes the last batches out of a store's file, as a crash does before they are synced: the
// raft log has them.
func forgetEnd(t *testing.T, dir string) {
	t.Helper()
	content := readFile(t, dir, store.FileName)
	if err := os.WriteFile(filepath.Join(dir, store.FileName), content[:len(content)-len(content)/4], 0o600); err != nil {
		t.Fatal(err)
	}
}

// A recovery that was cut short is completed.
func TestARecoveryIsRepeated(t *testing.T) {
	c, n := filled(t)
	c.stop(n)
	s := c.survivor(n.Dir)
	f, err := s.Found()
	if err := errors.Join(err, s.Close()); err != nil {
		t.Fatal(err)
	}
	next := filepath.Join(n.Dir, nextFolder)
	err = errors.Join(os.Mkdir(next, 0o700), os.Rename(filepath.Join(n.Dir, identityFile), filepath.Join(next, identityFile)))
	if err != nil {
		t.Fatal(err)
	}
	c.untrusted(n.Dir, "interrupted")
	s = c.survivor(n.Dir)
	again, err := s.Found()
	f.Aside = "" // nothing was left to set aside
	if err := errors.Join(err, s.Close()); err != nil || again != f {
		t.Fatalf("%+v, then %+v: %v", f, again, err)
	}
	n = c.start(n.Dir, "")
	c.update(n, write("goes", "on"))
}
