package replication

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"confman/store"
)

// A node that the lack of room has ended amid a write has to write its store's file anew, and cannot while
// there is none. It reads meanwhile, and takes part by itself when there is room.
func TestAStoreThatCannotBeMendedIsRead(t *testing.T) {
	c, d := newCluster(t), &fakeDisk{}
	d.free.Store(100 * mib)
	n := c.startOn(t.TempDir(), "", d)
	for i := range 4 {
		c.update(n, write(fmt.Sprint("big", i), strings.Repeat("x", 1<<20)))
	}
	c.update(n, write("x", "1"))
	c.stop(n)
	path := filepath.Join(n.Dir, store.FileName)
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString("*3\r\n$3\r\nset\r\n$1\r\nx"); err != nil { // half a frame
		t.Fatal(err)
	}
	if err := errors.Join(f.Close(), os.WriteFile(path+".new", make([]byte, mib), 0o600)); err != nil { // and half a file
		t.Fatal(err)
	}
	d.free.Store(3 * mib) // more than a quarter of the reserve, and less than half
	n = c.node(n.Dir, "") // which ends by itself
	n.Reserve, n.free = 8*mib, d.left
	if err := n.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if st := n.Status(); st.Health() != "red" || !strings.Contains(st.Degraded, "there is no room to mend its store's file") {
		t.Errorf("health %s, degraded %q", st.Health(), st.Degraded)
	}
	if got := valueOf(n.store, "x"); got != "1" {
		t.Errorf("x = %q", got)
	}
	if exists(n.Dir, store.FileName+".new") {
		t.Error("half a file takes the room that is wanted")
	}
	d.free.Store(10 * mib) // the reserve, but not what is to be written beside it
	n.watchRoom()
	select {
	case <-n.Done():
		t.Errorf("it ends, though there is too little room: %v", n.Err())
	default:
	}
	d.free.Store(100 * mib)
	if err := c.ended(n); !errors.Is(err, ErrStartAgain) {
		t.Errorf("with room: %v", err)
	}
	n = c.startOn(n.Dir, "", d)
	c.update(n, write("x", "2"))
}

// A file that is written anew leaves room on the disk, and the node goes on with the one that it has.
func TestAFileThatIsWrittenAnewLeavesRoom(t *testing.T) {
	c, d := newCluster(t), &fakeDisk{}
	d.free.Store(100 * mib)
	n := c.startOn(t.TempDir(), "", d)
	for i := range 4 {
		c.update(n, write(fmt.Sprint("big", i), strings.Repeat("x", 1<<20)))
	}
	d.free.Store(3 * mib)
	if err := n.Compact(); err != nil {
		t.Fatal(err)
	}
	c.eventually("it is given up", func() bool { return !n.store.FileStatus().Anew })
	if exists(n.Dir, store.FileName+".new") {
		t.Error("what was given up takes room")
	}
	d.free.Store(100 * mib)
	c.eventually("it takes writes", func() bool { return n.Status().Health() == "green" })
	if err := n.Compact(); err != nil {
		t.Fatal(err)
	}
	c.eventually("it is written", func() bool { return !n.store.FileStatus().Anew })
	other := c.start(t.TempDir(), n.Raft.Addr().String())
	c.votersAre(1, 2)
	d.free.Store(3 * mib) // what others write is stored as long as there is any room
	for i := range 4 {
		c.update(other, write(fmt.Sprint("more", i), strings.Repeat("x", 1<<20)))
	}
	c.same()
}
