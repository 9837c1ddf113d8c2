package replication

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"confman/store"
)

// disk is a disk whose free space the test says.
type fakeDisk struct{ free atomic.Int64 }

func (d *fakeDisk) left() (int64, error) { return d.free.Load(), nil }

const mib = 1 << 20

// startOn starts a node whose disk has that much space left, and wants to keep 8 MiB.
func (c *cluster) startOn(dir, join string, d *fakeDisk) *Node {
	c.Helper()
	n := c.node(dir, join)
	n.Reserve, n.free = 8*mib, d.left
	if err := n.Start(c.Context()); err != nil {
		c.Fatal(err)
	}
	c.nodes = append(c.nodes, n)
	return n
}

// A node whose disk gets full takes no writes, and leads no longer; it goes on reading and storing
// what others write, and takes writes again when there is room.
func TestADiskThatGetsFull(t *testing.T) {
	c, d := newCluster(t), &fakeDisk{}
	d.free.Store(100 * mib)
	n := c.startOn(t.TempDir(), "", d)
	for range 2 {
		c.start(t.TempDir(), n.Raft.Addr().String())
	}
	c.votersAre(1, 2, 3)
	if n != c.leader() {
		t.Fatal("another node leads")
	}
	c.eventually("it has ballast", func() bool { return exists(n.Dir, ballastFile) })
	d.free.Store(7 * mib)
	c.eventually("it notices", func() bool { return n.Status().Health() == "yellow" })
	_, err := n.Update(t.Context(), "test", write("x", "1"))
	if !errors.Is(err, store.ErrUnfit) || !strings.Contains(err.Error(), "its disk has 7.0 MiB left, and disk_reserve is 8.0 MiB") {
		t.Error(err)
	}
	c.eventually("another node leads", func() bool { st := n.Status(); return st.Leader != 0 && st.Leader != st.ID })
	c.update(c.nodes[1], write("x", "2"))
	c.same()
	if got := valueOf(n.store, "x"); got != "2" {
		t.Errorf("x = %q", got)
	}
	d.free.Store(8 * mib)
	n.watchRoom()
	if n.Status().Health() != "yellow" {
		t.Error("it changes its mind with every byte")
	}
	d.free.Store(9 * mib)
	c.eventually("it takes writes", func() bool { return n.Status().Health() == "green" })
	c.update(n, write("x", "3"))
	c.same()
}

// A node that starts on a full disk lets go of its ballast, and takes part. Without any it only
// reads, writes nothing, and takes part again by itself when there is room.
func TestAFullDiskAtTheStart(t *testing.T) {
	c, d := newCluster(t), &fakeDisk{}
	d.free.Store(100 * mib)
	n := c.startOn(t.TempDir(), "", d)
	c.update(n, write("x", "1"))
	c.eventually("it has ballast", func() bool { return exists(n.Dir, ballastFile) })
	c.stop(n)
	d.free.Store(1 * mib)
	n = c.node(n.Dir, "")
	n.Reserve = 8 * mib
	n.free = func() (int64, error) { // the ballast makes room
		if exists(n.Dir, ballastFile) {
			return d.free.Load(), nil
		}
		return d.free.Load() + 2*mib, nil
	}
	if err := n.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if st := n.Status(); st.Degraded != "" || !st.Low || exists(n.Dir, ballastFile) {
		t.Errorf("%+v", st)
	}
	d.free.Store(-1 * mib)
	if err := c.ended(n); !errors.Is(err, ErrStartAgain) {
		t.Errorf("on a disk that is full: %v", err)
	}
	before := listing(t, n.Dir)
	n = c.node(n.Dir, "")
	n.Reserve, n.free = 8*mib, d.left
	if err := n.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if st := n.Status(); st.Health() != "red" || st.Role != "degraded" || !strings.Contains(st.Degraded, "make room on the disk of "+n.Dir) {
		t.Errorf("%+v", st)
	}
	if got := valueOf(n.store, "x"); got != "1" {
		t.Errorf("x = %q", got)
	}
	_, err := n.Update(t.Context(), "test", write("x", "2"))
	if !errors.Is(err, store.ErrUnfit) {
		t.Error(err)
	}
	if after := listing(t, n.Dir); after != before {
		t.Errorf("%s, was %s", after, before)
	}
	d.free.Store(100 * mib)
	if err := c.ended(n); !errors.Is(err, ErrStartAgain) {
		t.Errorf("when there is room: %v", err)
	}
	n = c.startOn(n.Dir, "", d)
	c.update(n, write("x", "2"))
}

// A node that has crashed over and over only reads, says why, and takes part again after one
// command.
func TestACrashLoop(t *testing.T) {
	c := newCluster(t)
	n := c.start(t.TempDir(), "")
	c.update(n, write("x", "1"))
	c.stop(n)
	for i := range maxCrashes {
		n := c.start(n.Dir, "")
		if n.Status().Degraded != "" {
			t.Fatalf("degraded after %d crashes", i)
		}
		c.stop(n)
		trace := "panic: invalid commitTo index\n\ngoroutine 1 [running]:\n"
		if err := os.WriteFile(filepath.Join(n.Dir, panicFile), []byte(trace), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 { // and it stays so
		n = c.start(n.Dir, "")
		st := n.Status()
		if st.Health() != "red" || !strings.Contains(st.Degraded, "crashed 3 times") || !strings.Contains(st.Degraded, "panic: invalid commitTo index") ||
			!strings.Contains(st.Degraded, "confman node resume --data-dir "+n.Dir) || !strings.HasSuffix(st.Crash, "panic: invalid commitTo index") {
			t.Errorf("%+v", st)
		}
		if got := valueOf(n.store, "x"); got != "1" {
			t.Errorf("x = %q", got)
		}
		c.stop(n)
	}
	n, err := c.tryStart(n.Dir, "")
	if err != nil {
		t.Fatal(err)
	}
	if resumed, err := Resume(n.Dir); !resumed || err != nil {
		t.Error(resumed, err)
	}
	if err := c.ended(n); !errors.Is(err, ErrStartAgain) {
		t.Error(err)
	}
	n = c.start(n.Dir, "")
	c.update(n, write("x", "2"))
	if resumed, err := Resume(n.Dir); resumed || err != nil {
		t.Error(resumed, err)
	}
}

// Crashes that lie far apart are no loop.
func TestCrashLoops(t *testing.T) {
	at := func(minutes ...int) (all []crash) {
		for _, m := range minutes {
			all = append(all, crash{At: time.Unix(0, 0).Add(time.Duration(m) * time.Minute)})
		}
		return all
	}
	full := func(all []crash) []crash {
		for i := range all {
			all[i].Why = "write to the store's file: " + syscall.ENOSPC.Error()
		}
		return all
	}
	for _, c := range []struct {
		crashes []crash
		loop    bool
	}{
		{nil, false},
		{at(1, 2), false},
		{at(1, 2, 3), true},
		{at(1, 2, 6), false},
		{at(1, 10, 11, 12), true},
		{at(1, 2, 3, 100), true}, // nobody has looked
		{at(1, 10, 20, 30), false},
		{full(at(1, 2, 3)), false},
		{append(full(at(1, 2, 3)), at(4, 5)...), false},
	} {
		if crashLoop(c.crashes) != c.loop {
			t.Errorf("%v: want %v", c.crashes, c.loop)
		}
	}
}

// An error of the store's file ends the node with its message. Nothing that was not written is
// acknowledged, the others go on, and starting again is safe.
func TestAnErrorOfTheFileStopsTheNode(t *testing.T) {
	c := newCluster(t)
	first := c.start(t.TempDir(), "")
	n := c.node(t.TempDir(), first.Raft.Addr().String())
	folder := &failing{FS: store.Dir(n.Dir)}
	n.disk.folder, n.Hold = folder, 300*time.Millisecond
	if err := n.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	c.nodes = append(c.nodes, n)
	c.start(t.TempDir(), first.Raft.Addr().String())
	c.votersAre(1, 2, 3)
	c.update(n, count("counter"))
	c.nodes = append(c.nodes[:1], c.nodes[2:]...)
	folder.failFrom(1)
	if _, err := n.Update(t.Context(), "test", count("counter")); err == nil {
		t.Error("a write was acknowledged that is not in the file")
	}
	if err := c.ended(n); !errors.Is(err, syscall.EIO) {
		t.Error(err)
	}
	c.update(first, count("counter"))
	n = c.start(copyDir(t, n.Dir), "") // in this process dragonboat still holds the directory itself
	if st := n.Status(); !strings.Contains(st.Crash, "write to the store's file") {
		t.Errorf("%+v", st)
	}
	c.update(n, count("counter"))
	c.same()
	if got := valueOf(n.store, "counter"); got != "3" && got != "4" { // the second one was in doubt
		t.Errorf("counter = %s", got)
	}
}
