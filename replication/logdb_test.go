package replication

import (
	"errors"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lni/dragonboat/v4/config"
	"github.com/lni/dragonboat/v4/raftio"
	pb "github.com/lni/dragonboat/v4/raftpb"
	"github.com/lni/vfs"
)

// A ledger is what raft has told a log database, and so what has to be in it after a power cut.
type ledger struct {
	chance   *rand.Rand
	state    pb.State
	atEntry  uint64   // the commit index that was known when an entry was written last, or at a stop
	terms    []uint64 // of the entries; the first has index 1
	snapshot uint64
	time     time.Time
}

// clock moves on, sometimes by so much that the log database takes it for a lull.
func (l *ledger) clock() time.Time {
	l.time = l.time.Add(time.Duration(l.chance.Int64N(int64(lull / 4))))
	return l.time
}

func (l *ledger) last() uint64 { return uint64(len(l.terms)) }

// next is something that raft may have to say, and how it is said.
func (l *ledger) next() (u pb.Update, snapshot bool) {
	u = pb.Update{ShardID: shard, ReplicaID: 1}
	switch l.chance.IntN(8) {
	case 0: // an election
		l.state.Term += 1 + l.chance.Uint64N(2)
		l.state.Vote = l.chance.Uint64N(4)
	case 1: // a vote in the same term
		if l.state.Vote == 0 {
			l.state.Vote = 1 + l.chance.Uint64N(3)
		}
	case 2, 3: // news that more is committed
		l.state.Commit += l.chance.Uint64N(l.last() - l.state.Commit + 1)
	case 4:
		if l.state.Commit > l.snapshot {
			l.snapshot = l.state.Commit
			u.Snapshot = pb.Snapshot{ShardID: shard, Index: l.snapshot, Term: l.terms[l.snapshot-1]}
			return u, true
		}
	default: // entries, sometimes in the place of others, or with what is committed
		first := l.state.Commit + 1 + l.chance.Uint64N(l.last()-l.state.Commit+1)
		l.terms = l.terms[:first-1]
		for range 1 + l.chance.IntN(3) {
			l.terms = append(l.terms, l.state.Term)
			u.EntriesToSave = append(u.EntriesToSave, pb.Entry{Index: l.last(), Term: l.state.Term, Cmd: make([]byte, 100)})
		}
		l.state.Commit += l.chance.Uint64N(2)
		l.atEntry = l.state.Commit
	}
	return u, false
}

// tell says the next thing to a log database, as raft does: with its state if that has changed.
func (l *ledger) tell(db raftio.ILogDB) error {
	before := l.state
	u, snapshot := l.next()
	if !pb.IsStateEqual(before, l.state) {
		u.State = l.state
	}
	if snapshot {
		return db.SaveSnapshots([]pb.Update{u})
	}
	return db.SaveRaftState([]pb.Update{u}, 1)
}

// check compares what a log database has with what it was told, and goes on from there.
func (l *ledger) check(db raftio.ILogDB) error {
	ss, err := db.GetSnapshot(shard, 1)
	if err != nil {
		return err
	}
	if ss.Index != l.snapshot {
		return fmt.Errorf("the snapshot is of %d, want %d", ss.Index, l.snapshot)
	}
	r, err := db.ReadRaftState(shard, 1, ss.Index)
	if err != nil {
		return err
	}
	if r.State.Term != l.state.Term || r.State.Vote != l.state.Vote {
		return fmt.Errorf("term %d, vote %d; want %d and %d", r.State.Term, r.State.Vote, l.state.Term, l.state.Vote)
	}
	if least := max(l.atEntry, l.snapshot); r.State.Commit < least || r.State.Commit > l.state.Commit {
		return fmt.Errorf("committed up to %d; at least %d was and at most %d", r.State.Commit, least, l.state.Commit)
	}
	if last := max(r.FirstIndex+r.EntryCount, 1) - 1; r.EntryCount > 0 && last != l.last() {
		return fmt.Errorf("the last entry is %d, want %d", last, l.last())
	}
	entries, _, err := db.IterateEntries(nil, 0, shard, 1, l.snapshot+1, l.last()+1, 1<<30)
	if err != nil || uint64(len(entries)) != l.last()-l.snapshot {
		return fmt.Errorf("%d entries behind %d, want %d: %v", len(entries), l.snapshot, l.last()-l.snapshot, err)
	}
	for _, e := range entries {
		if e.Term != l.terms[e.Index-1] {
			return fmt.Errorf("entry %d is of term %d, want %d", e.Index, e.Term, l.terms[e.Index-1])
		}
	}
	l.state = r.State
	return nil
}

// openLogDB opens a log database on a disk in memory, on top of which between may put something.
func openLogDB(t *testing.T, disk *vfs.MemFS, clock func() time.Time, between func(raftio.ILogDB) raftio.ILogDB) raftio.ILogDB {
	t.Helper()
	c := hostConfig("", identity{}, Profile{}, &transport{ln: unheard{""}}, nil)
	c.Expert.FS = disk
	db, err := c.Expert.LogDBFactory.Create(c, func(config.LogDBInfo) {}, []string{"/log"}, []string{"/log"})
	if err != nil {
		t.Fatal(err)
	}
	l := db.(*logDB)
	l.ILogDB = between(l.ILogDB)
	l.now = clock
	return l
}

// powerCutsOfLog tells a log database this and that, and cuts the power again and again, sometimes after a stop.
func powerCutsOfLog(t *testing.T, seed uint64, cuts int, between func(raftio.ILogDB) raftio.ILogDB) (told int, err error) {
	disk := vfs.NewStrictMem()
	if err := errors.Join(disk.MkdirAll("/log", 0o700), memoryFolder{disk, "/"}.SyncDir()); err != nil {
		t.Fatal(err)
	}
	l := &ledger{chance: rand.New(rand.NewPCG(seed, 1)), state: pb.State{Term: 1}}
	db := openLogDB(t, disk, l.clock, between)
	if err := db.SaveRaftState([]pb.Update{{ShardID: shard, ReplicaID: 1, State: l.state}}, 1); err != nil {
		t.Fatal(err)
	}
	for range cuts {
		for range 1 + l.chance.IntN(20) {
			told++
			if err := l.tell(db); err != nil {
				t.Fatal(err)
			}
		}
		stopped := l.chance.IntN(4) == 0
		disk.SetIgnoreSyncs(!stopped)
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		if stopped {
			l.atEntry = l.state.Commit
		}
		disk.ResetToSyncedState()
		disk.SetIgnoreSyncs(false)
		db = openLogDB(t, disk, l.clock, between)
		if err := l.check(db); err != nil {
			return told, errors.Join(err, db.Close())
		}
	}
	return told, db.Close()
}

func asIs(db raftio.ILogDB) raftio.ILogDB { return db }

// What raft must not forget is there after a power cut, whatever it was told when; and no entry is
// there without what was known to be committed when it was written.
func TestPowerCutsOfTheLog(t *testing.T) {
	quietPebble(t)
	cuts, told := powerCuts(t), 0
	for seed := range uint64(10) {
		n, err := powerCutsOfLog(t, seed, cuts, asIs)
		if err != nil {
			t.Errorf("seed %d: after %d updates: %v", seed, n, err)
		}
		told += n
	}
	t.Logf("%d power cuts amid %d updates of the log", 10*cuts, told)
}

// A miser passes on less to a log database than it has to.
type miser struct {
	raftio.ILogDB
	keep func(*pb.Update) bool
}

func (m miser) SaveRaftState(updates []pb.Update, worker uint64) error {
	for i := range updates {
		if !m.keep(&updates[i]) {
			return nil
		}
	}
	return m.ILogDB.SaveRaftState(updates, worker)
}

// The same check finds a log database that holds back what must not be forgotten.
func TestPowerCutsOfMiserlyLogs(t *testing.T) {
	quietPebble(t)
	for name, keep := range map[string]func(*pb.Update) bool{
		"entries":   func(u *pb.Update) bool { return len(u.EntriesToSave) == 0 },
		"elections": func(u *pb.Update) bool { return len(u.EntriesToSave) > 0 || u.Term < 2 },
		"votes":     func(u *pb.Update) bool { u.Vote = 0; return true },
		"what is committed, when an entry is written": func(u *pb.Update) bool { u.Commit = 0; return true },
	} {
		_, err := powerCutsOfLog(t, 1, 20, func(db raftio.ILogDB) raftio.ILogDB { return miser{db, keep} })
		if err == nil {
			t.Errorf("%s may be missing, and nothing is said", name)
		}
		t.Logf("%s: %v", name, err)
	}
}

// quietPebble silences pebble, which says that a disk in memory has no size.
func quietPebble(t *testing.T) {
	log.SetOutput(io.Discard)
	t.Cleanup(func() { log.SetOutput(os.Stderr) })
}

// A counting log database counts what it is to write.
type counting struct {
	raftio.ILogDB
	writes int
	last   pb.State
}

func (c *counting) SaveRaftState(updates []pb.Update, worker uint64) error {
	c.writes++
	c.last = updates[0].State
	return nil
}

// An entry and the news that it is committed are one write, and so one sync. When nothing follows, the news of the
// last one is written after a while, once.
func TestOneSyncForEachEntry(t *testing.T) {
	c, now := &counting{}, time.Unix(1, 0)
	db := &logDB{ILogDB: c, now: func() time.Time { return now }}
	tell := func(u pb.Update, writes int, committed uint64) {
		t.Helper()
		if err := db.SaveRaftState([]pb.Update{u}, 1); err != nil {
			t.Fatal(err)
		}
		if c.writes != writes || c.last.Commit != committed {
			t.Fatalf("%d writes, the last with commit index %d; want %d and %d", c.writes, c.last.Commit, writes, committed)
		}
	}
	message := pb.Update{}
	for index := range uint64(100) {
		tell(pb.Update{State: pb.State{Term: 2, Vote: 1, Commit: index}, EntriesToSave: []pb.Entry{{Index: index + 1, Term: 2}}}, int(index)+1, index)
		tell(pb.Update{State: pb.State{Term: 2, Vote: 1, Commit: index + 1}}, int(index)+1, index)
		tell(message, int(index)+1, index)
	}
	now = now.Add(lull)
	for range 2 {
		tell(message, 101, 100)
	}
}

// A countedDisk counts the syncs of its files.
type countedDisk struct {
	vfs.FS
	syncs *atomic.Int64
}

type countedFile struct {
	vfs.File
	syncs *atomic.Int64
}

func (f countedFile) Sync() error {
	f.syncs.Add(1)
	return f.File.Sync()
}

// MaybeError makes a disk of it that dragonboat takes: of those that it does not know, only one on which it may meet errors.
func (countedDisk) MaybeError(vfs.Op) error { return nil }

func (d countedDisk) Create(name string) (vfs.File, error) { return d.counted(d.FS.Create(name)) }

func (d countedDisk) ReuseForWrite(from, to string) (vfs.File, error) {
	return d.counted(d.FS.ReuseForWrite(from, to))
}

func (d countedDisk) counted(f vfs.File, err error) (vfs.File, error) {
	if err != nil {
		return nil, err
	}
	return countedFile{f, d.syncs}, nil
}

// What one client writes costs each node one sync of its log for each write. A few more are let pass, for a machine
// that is so busy that a lull comes between two writes.
func TestOneSyncForEachWrite(t *testing.T) {
	const writes = 200
	c, join := newCluster(t), ""
	var disks []countedDisk
	for range 3 {
		n := c.node(t.TempDir(), join)
		d := countedDisk{vfs.Default, new(atomic.Int64)}
		disks, n.disk.raft = append(disks, d), vfs.Wrap(d, d)
		if err := n.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		c.nodes = append(c.nodes, n)
		join = c.nodes[0].Raft.Addr().String()
	}
	c.eventually("three voters", func() bool { st := c.nodes[2].Status(); return st.Voters == 3 && st.Role != "non-voter" })
	c.update(c.nodes[0], count("counter"))
	c.same()
	for _, d := range disks {
		d.syncs.Store(0)
	}
	for range writes {
		c.update(c.nodes[0], count("counter"))
	}
	c.same()
	for i, d := range disks {
		n := d.syncs.Load()
		t.Logf("node %d: %d syncs for %d writes", i+1, n, writes)
		if n < writes/4 || n > writes*5/4 {
			t.Errorf("node %d: %d syncs for %d writes", i+1, n, writes)
		}
	}
}
