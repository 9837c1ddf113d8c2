package replication

import (
	"errors"
	"time"
	_ "unsafe" // for go:linkname

	"github.com/lni/dragonboat/v4/config"
	"github.com/lni/dragonboat/v4/raftio"
	pb "github.com/lni/dragonboat/v4/raftpb"
)

// Raft must not forget the entries that a node has acknowledged, nor the term and whom it voted for in it. That an
// entry is committed it may forget: whoever leads next finds that out again. dragonboat writes each of these, and
// syncs the disk each time, which makes two syncs of each entry: one of the entry, and one of the news that it is
// committed. Here that news waits for the next entry.
//
// It does go with the next entry: a change of members is only proposed when the one before is committed. A node that has
// an entry on disk, but not that the changes before it are committed, could stand for election among members of long ago, of
// whom a majority need not know of today's.

// logDBs makes log databases.
type logDBs struct{}

// Name is what dragonboat notes in a data directory: what is stored is what its own log database stores.
func (logDBs) Name() string { return "sharded-pebble" }

// Create opens dragonboat's own log database, on pebble.
func (logDBs) Create(c config.NodeHostConfig, busy config.LogDBCallback, dirs, walDirs []string) (raftio.ILogDB, error) {
	db, err := openPebble(c, busy, dirs, walDirs)
	if err != nil {
		return nil, err
	}
	return &logDB{ILogDB: db, now: time.Now}, nil
}

// openPebble is what dragonboat calls if it is given no log database. It does not export it, and this is the
// one way to stand between the two.
//
//go:linkname openPebble github.com/lni/dragonboat/v4/internal/logdb.NewDefaultLogDB
func openPebble(c config.NodeHostConfig, busy config.LogDBCallback, dirs, walDirs []string) (raftio.ILogDB, error)

// lull is how long nothing is written until it is written that more is committed. After a power cut, a node that
// hears of no other shows what it knows to be committed, and it should not show less than before.
const lull = time.Second

// A logDB is the log database of the one replica of a node. It does not write at once what only says that more is
// committed. SaveRaftState is called by one goroutine, after ReadRaftState has returned.
type logDB struct {
	raftio.ILogDB
	replica uint64
	known   pb.State  // what raft has said last
	written pb.State  // of that, what is on disk
	at      time.Time // when that was written
	now     func() time.Time
	writing [1]pb.Update // is used again and again
}

// SaveRaftState returns when all is on disk that must not be forgotten. It is called for each message that goes out,
// too, also if there is nothing to be written.
func (l *logDB) SaveRaftState(updates []pb.Update, worker uint64) error {
	for _, u := range updates { // one: there is one replica
		l.replica = u.ReplicaID
		if !pb.IsEmptyState(u.State) {
			l.known = u.State
		}
		if l.lasts(u) {
			if err := l.write(u, worker); err != nil {
				return err
			}
		}
	}
	return nil
}

// write writes an update, and with it all that waits.
func (l *logDB) write(u pb.Update, worker uint64) error {
	u.State = l.known
	l.writing[0] = u
	err := l.ILogDB.SaveRaftState(l.writing[:], worker)
	l.writing[0] = pb.Update{} // its entries are others' memory
	if err == nil {
		l.written, l.at = l.known, l.now()
	}
	return err
}

// lasts reports whether there is something, in an update or from before, that is to be written now.
func (l *logDB) lasts(u pb.Update) bool {
	return len(u.EntriesToSave) > 0 || !pb.IsEmptySnapshot(u.Snapshot) ||
		l.known.Term != l.written.Term || l.known.Vote != l.written.Vote ||
		l.known.Commit != l.written.Commit && l.now().Sub(l.at) >= lull
}

// ReadRaftState returns what is on disk behind a snapshot. What is in a snapshot is committed, whatever was written
// about that.
func (l *logDB) ReadRaftState(shard, replica, snapshot uint64) (raftio.RaftState, error) {
	r, err := l.ILogDB.ReadRaftState(shard, replica, snapshot)
	if err == nil && !pb.IsEmptyState(r.State) {
		r.State.Commit = max(r.State.Commit, snapshot)
		l.known, l.written = r.State, r.State
	}
	return r, err
}

// Close writes what waits, so that a start after a stop knows as much as before, and closes. Nothing is called beside it.
func (l *logDB) Close() (err error) {
	if !pb.IsStateEqual(l.known, l.written) {
		err = l.write(pb.Update{ShardID: shard, ReplicaID: l.replica}, 1)
	}
	return errors.Join(err, l.ILogDB.Close())
}
