package replication

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"net"
	"os"
	"path"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"confman/store"

	"github.com/lni/vfs"
)

// memoryFolder is a folder on a disk in memory, as the store's file needs it.
type memoryFolder struct {
	disk *vfs.MemFS
	path string
}

func (m memoryFolder) name(name string) string { return path.Join(m.path, name) }

func (m memoryFolder) Open(name string) (io.ReadSeekCloser, error) {
	f, err := m.disk.Open(m.name(name))
	if errors.Is(err, os.ErrNotExist) {
		return nil, fs.ErrNotExist
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	content, err := io.ReadAll(f)
	return readable{bytes.NewReader(content)}, err
}

// readable is a file of which the content was read.
type readable struct{ *bytes.Reader }

func (readable) Close() error { return nil }

func (m memoryFolder) Create(name string) (store.File, error) { return m.disk.Create(m.name(name)) }

func (m memoryFolder) Append(name string) (store.File, error) {
	return m.disk.OpenForAppend(m.name(name))
}

func (m memoryFolder) Rename(from, to string) error {
	return m.disk.Rename(m.name(from), m.name(to))
}

func (m memoryFolder) Remove(name string) error {
	if err := m.disk.Remove(m.name(name)); !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

func (m memoryFolder) SyncDir() error {
	d, err := m.disk.OpenDir(m.path)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// powered is a node on a disk whose power can be cut, and what it needs to come back.
type powered struct {
	*Node
	disk *vfs.MemFS // keeps only what was synced
	dir  string
	addr string
}

// newPowered makes a machine. The disk has the data directory before anything else happens.
func newPowered(t *testing.T) *powered {
	p := &powered{disk: vfs.NewStrictMem(), dir: t.TempDir(), addr: "127.0.0.1:0"}
	if err := p.disk.MkdirAll(p.dir, 0o700); err != nil {
		t.Fatal(err)
	}
	for dir := p.dir; ; dir = path.Dir(dir) {
		d, err := p.disk.OpenDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(d.Sync(), d.Close()); err != nil {
			t.Fatal(err)
		}
		if dir == "/" {
			return p
		}
	}
}

// start starts the node, at the address that it had before.
func (p *powered) start(t *testing.T, join string) {
	t.Helper()
	ln, err := net.Listen("tcp", p.addr)
	if err != nil {
		t.Fatal(err)
	}
	p.addr = ln.Addr().String()
	lan, err := ProfileNamed("lan")
	if err != nil {
		t.Fatal(err)
	}
	p.Node = &Node{Dir: p.dir, Raft: ln, RESPAddr: "127.0.0.1:1", Join: join, Profile: lan, Hold: 5 * time.Second}
	p.Node.disk.folder, p.Node.disk.raft = memoryFolder{p.disk, p.dir}, p.disk
	if err := p.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// counters count a config up, and keep account of what they were told.
type counters struct {
	dark                   atomic.Bool // the power is off: an answer from now on was never given
	acknowledged, doubtful atomic.Int64
}

func (c *counters) run(ctx context.Context, n *Node) {
	for ctx.Err() == nil {
		_, err := n.Update(ctx, "test", count("counter"))
		switch {
		case err == nil && !c.dark.Load():
			c.acknowledged.Add(1)
		case err == nil, errors.Is(err, store.ErrInDoubt):
			c.doubtful.Add(1)
		}
	}
}

// powerCuts is how often the power is cut: 20 times, or with -short twice, or CONFMAN_POWER_CUTS.
func powerCuts(t *testing.T) int {
	n, err := strconv.Atoi(os.Getenv("CONFMAN_POWER_CUTS"))
	switch {
	case err == nil:
		return n
	case testing.Short():
		return 2
	}
	return 20
}

// outage is a cluster whose power can be cut.
type outage struct {
	*cluster
	machines               []*powered
	acknowledged, doubtful int64
}

// newOutage starts three nodes on such disks.
func newOutage(t *testing.T) *outage {
	quietPebble(t)
	o := &outage{cluster: &cluster{T: t}}
	for range 3 {
		o.machines = append(o.machines, newPowered(t))
	}
	t.Cleanup(func() {
		for _, p := range o.machines {
			if err := p.Close(); err != nil {
				t.Error(err)
			}
		}
	})
	o.machines[0].start(t, "")
	for _, p := range o.machines[1:] {
		token, err := o.machines[0].Invite(t.Context(), Invitation{})
		if err != nil {
			t.Fatal(err)
		}
		p.start(t, token)
	}
	o.eventually("three voters", func() bool {
		for _, p := range o.machines {
			if st := p.Status(); st.Voters != 3 || st.Role == "non-voter" {
				return false
			}
		}
		return true
	})
	return o
}

// cut lets clients of each node count, cuts the power of all nodes at once, and starts them
// again. A lying disk does not sync from the beginning. It returns what was counted.
func (o *outage) cut(lying bool) (counted int64) {
	counting := &counters{}
	ctx, cancel := context.WithCancel(context.Background())
	o.ignoreSyncs(lying)
	var clients sync.WaitGroup
	for _, p := range o.machines {
		for range 3 {
			clients.Go(func() { counting.run(ctx, p.Node) })
		}
	}
	o.eventually("the clients get on", func() bool { return counting.acknowledged.Load() > 50 })
	counting.dark.Store(true)
	o.silence()
	o.ignoreSyncs(true)
	cancel()
	clients.Wait()
	o.acknowledged += counting.acknowledged.Load()
	o.doubtful += counting.doubtful.Load()
	o.nodes = nil
	for _, p := range o.machines {
		_ = p.end() // what it does now does not reach the disk
		p.disk.ResetToSyncedState()
	}
	o.ignoreSyncs(false)
	for _, p := range o.machines {
		p.start(o.T, "")
		o.nodes = append(o.nodes, p.Node)
	}
	o.update(o.nodes[0], write("round", "done"))
	o.same()
	counted, err := strconv.ParseInt("0"+valueOf(o.nodes[1].store, "counter"), 10, 64)
	if err != nil {
		o.Fatal(err)
	}
	return counted
}

// silence ends all connections between the nodes. The power does not go everywhere in the
// same instant here, and a node that can no longer sync must not tell the others that it has:
// that would be a lying disk, and raft's promise void.
func (o *outage) silence() {
	for _, p := range o.machines {
		if err := p.transport.Close(); err != nil {
			o.Error(err)
		}
	}
}

func (o *outage) ignoreSyncs(ignore bool) {
	for _, p := range o.machines {
		p.disk.SetIgnoreSyncs(ignore)
	}
}

// The power of all nodes is cut at once while clients of each of them count: what was not
// synced is gone everywhere. What was acknowledged is there when they come back, and nothing is
// counted twice.
func TestPowerCutOfAllNodes(t *testing.T) {
	o := newOutage(t)
	cuts, counted := powerCuts(t), int64(0)
	for range cuts {
		counted = o.cut(false)
		if counted < o.acknowledged || counted > o.acknowledged+o.doubtful {
			t.Fatalf("counted to %d: %d were acknowledged, and %d more may have happened", counted, o.acknowledged, o.doubtful)
		}
	}
	t.Logf("%d power cuts of all nodes, %d increments acknowledged, %d in doubt, counted to %d", cuts, o.acknowledged, o.doubtful, counted)
}

// On disks that only say that they have synced, the same cut loses what was acknowledged, and
// the same count shows it.
func TestPowerCutOnLyingDisks(t *testing.T) {
	o := newOutage(t)
	if counted := o.cut(true); counted >= o.acknowledged {
		t.Errorf("counted to %d of %d, though nothing was synced: the power cut loses nothing", counted, o.acknowledged)
	}
}
