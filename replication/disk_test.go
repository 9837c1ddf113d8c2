package replication

import (
	"errors"
	"syscall"
	"testing"
	"time"

	"confman/store"
)

func TestSavingAndCompacting(t *testing.T) {
	c := newCluster(t)
	later := &skew{}
	n := c.startSkewed(t.TempDir(), "", later)
	for range 400 { // more than are kept as history
		c.update(n, count("counter"))
	}
	before := n.Status()
	if age := time.Since(before.Saved); age < 0 || age > time.Minute || before.File.Size < 400*100 {
		t.Errorf("%+v", before)
	}
	later.Store(int64(time.Hour))
	if err := errors.Join(n.Sync(), n.Compact()); err != nil {
		t.Fatal(err)
	}
	c.eventually("the file is small", func() bool {
		st := n.Status()
		return !st.File.Anew && st.File.Size < before.File.Size/2
	})
	if took := n.Status().Saved.Sub(before.Saved); took < time.Hour-time.Second || took > time.Hour+time.Minute {
		t.Errorf("saved %v later", took)
	}
	c.update(n, count("counter"))
	c.stop(n)
	if err := n.Sync(); !errors.Is(err, store.ErrClosed) {
		t.Errorf("when the node has stopped: %v", err)
	}
	n = c.start(n.Dir, "")
	if got := valueOf(n.store, "counter"); got != "401" {
		t.Errorf("counter = %s", got)
	}
}

// An error of the disk is no less final when it is found by command.
func TestAnErrorOfSyncStopsTheNode(t *testing.T) {
	c := newCluster(t)
	n := c.node(t.TempDir(), "")
	folder := &failing{FS: store.Dir(n.Dir)}
	n.disk.folder = folder
	if err := n.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	c.update(n, count("counter"))
	folder.failFrom(1)
	for range maxCrashes {
		if err := n.Sync(); !errors.Is(err, syscall.EIO) {
			t.Errorf("Sync = %v", err)
		}
	}
	if noted := loadCrashes(n.Dir); len(noted) != 1 { // more would keep it from taking part after the next start
		t.Errorf("it has crashed %d times", len(noted))
	}
	if err := c.ended(n); !errors.Is(err, syscall.EIO) {
		t.Errorf("the node has ended with %v", err)
	}
}
