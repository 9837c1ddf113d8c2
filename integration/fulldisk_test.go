package integration

import (
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// A disk is a file system of limited size, in memory.
type disk struct {
	t      *testing.T
	path   string
	filler string // the file that takes the room
}

// newDisk mounts a disk. The test is skipped where it may not.
func newDisk(t *testing.T, size int64) *disk {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("only root can mount a disk of limited size")
	}
	d := &disk{t: t, path: t.TempDir()}
	out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size="+strconv.FormatInt(size, 10), "confman-test", d.path).CombinedOutput()
	if err != nil {
		t.Skipf("no disk of limited size can be mounted here: %v: %s", err, out)
	}
	t.Cleanup(func() {
		if out, err := exec.Command("umount", d.path).CombinedOutput(); err != nil {
			t.Errorf("umount %s: %v: %s", d.path, err, out)
		}
	})
	d.filler = filepath.Join(d.path, "filler")
	return d
}

func (d *disk) free() int64 {
	d.t.Helper()
	var st syscall.Statfs_t
	if err := syscall.Statfs(d.path, &st); err != nil {
		d.t.Fatal(err)
	}
	return int64(st.Bavail) * int64(st.Bsize)
}

// fill takes room until that much is left, or, where others are faster, nothing.
func (d *disk) fill(left int64) {
	d.t.Helper()
	f, err := os.OpenFile(d.filler, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		d.t.Fatal(err)
	}
	defer f.Close()
	const page = 4 << 10
	for more := d.free() - left; more > 0; more = d.free() - left {
		_, err := f.Write(make([]byte, max(page, min(more, 1<<20))))
		if errors.Is(err, syscall.ENOSPC) || errors.Is(err, io.ErrShortWrite) {
			return
		}
		if err != nil {
			d.t.Fatal(err)
		}
	}
}

const mib = 1 << 20

// onFullDisk is three nodes, one of which has a disk of limited size.
type onFullDisk struct {
	*counting
	d       *disk
	n       *node // nodes[0], which leads at first
	ballast string
}

func newOnFullDisk(t *testing.T) *onFullDisk {
	t.Helper()
	d := newDisk(t, 96*mib)
	nodes := []*node{newNode(t), newNode(t), newNode(t)}
	n := nodes[0]
	n.dir = filepath.Join(d.path, "data")
	n.env = []string{"CONFMAN_DISK_RESERVE=" + strconv.Itoa(16*mib)}
	together(nodes)
	c := &onFullDisk{d: d, n: n, ballast: filepath.Join(n.dir, "ballast")}
	n.eventually("it has ballast", c.hasBallast)
	client := n.client()
	defer client.Close()
	if err := client.Set(context.Background(), "prod/x", "1", 0).Err(); err != nil {
		t.Fatal(err)
	}
	c.counting = underLoad(t, nodes, 2)
	c.goesOn(0, 1, 2)
	return c
}

func (c *onFullDisk) hasBallast() bool {
	_, err := os.Stat(c.ballast)
	return err == nil
}

// makeRoom takes the filler away: the process that runs must take part again.
func (c *onFullDisk) makeRoom() {
	c.t.Helper()
	pid := c.n.cmd.Process.Pid
	if err := os.Remove(c.d.filler); err != nil {
		c.t.Fatal(err)
	}
	c.n.eventually("it takes part again", func() bool { return c.n.takesPart() && c.n.info()["health"] == "green" })
	c.goesOn(0)
	if c.n.ended() || c.n.cmd.Process.Pid != pid {
		c.t.Error("another process runs")
	}
	c.n.eventually("it has ballast again", c.hasBallast)
}

// A node whose disk gets full takes no writes while there is little room, and reads alone when there
// is none, even after a start. When there is room it takes part again, by itself.
func TestADiskThatGetsFull(t *testing.T) {
	c := newOnFullDisk(t)
	n, d := c.n, c.d
	client := n.client()
	defer client.Close()

	d.fill(12 * mib)
	n.eventually("it has little room", func() bool { return n.info()["health"] == "yellow" })
	err := client.Set(context.Background(), "not/here", "1", 0).Err()
	if err == nil || !strings.HasPrefix(err.Error(), "MISCONF") || !strings.Contains(err.Error(), "disk_reserve is 16.0 MiB") {
		t.Errorf("a write with little room: %v", err)
	}
	if got, err := client.Get(context.Background(), "prod/x").Result(); err != nil || got != "1" {
		t.Errorf("a read with little room: %q, %v", got, err)
	}
	c.goesOn(1, 2)
	n.eventually("another node leads", func() bool { return n.info()["raft_role"] == "follower" })
	before := n.applied()
	n.eventually("it stores what others write", func() bool { return n.applied() > before })

	d.fill(2 * mib)
	n.eventually("it lets go of its ballast", func() bool { return !c.hasBallast() })
	if role := n.info()["raft_role"]; role != "follower" {
		t.Errorf("without its ballast its role is %q", role)
	}
	d.fill(2 * mib)
	n.eventually("it reads alone", func() bool { return n.info()["raft_role"] == "degraded" })
	d.fill(0)
	reason := "make room on the disk of " + n.dir
	n.checkReadsAlone(reason, "prod/x", "1")
	n.kill()
	d.fill(0)
	n.start()
	n.checkReadsAlone(reason, "prod/x", "1")
	n.stop()
	d.fill(0)
	n.start()
	n.checkReadsAlone(reason, "prod/x", "1")
	c.goesOn(1, 2)
	if n.applied() >= c.nodes[1].applied() {
		t.Error("it is not behind: it takes part")
	}
	t.Logf("%d bytes are left on the disk", d.free())
	c.makeRoom()
	c.check()
}

// A disk that is full at once may end its node in the middle of a write. After a start it reads,
// with what is left of its ballast's room or without, and takes part when there is room.
func TestADiskThatIsFullAtOnce(t *testing.T) {
	c := newOnFullDisk(t)
	n := c.n
	n.eventually("it ends, or reads alone", func() bool {
		c.d.fill(0)
		return n.ended() || n.info()["raft_role"] == "degraded"
	})
	if n.ended() {
		if code := n.awaitEnd(); code == 0 || !strings.Contains(n.log.String(), "no space left on device") {
			t.Errorf("it ended with %d, and does not say why", code)
		}
		c.d.fill(0)
		n.start()
	}
	c.goesOn(1, 2)
	info := n.info()
	t.Logf("health %s, role %s, with ballast: %v", info["health"], info["raft_role"], c.hasBallast())
	if info["health"] == "green" || c.hasBallast() {
		t.Errorf("on a full disk its health is %q, and it has ballast: %v", info["health"], c.hasBallast())
	}
	client := n.client()
	defer client.Close()
	if got, err := client.Get(context.Background(), "prod/x").Result(); err != nil || got != "1" {
		t.Errorf("GET: %q, %v", got, err)
	}
	if err := client.Set(context.Background(), "not/here", "1", 0).Err(); err == nil || !strings.HasPrefix(err.Error(), "MISCONF") {
		t.Errorf("SET: %v", err)
	}
	c.makeRoom()
	c.check()
}
