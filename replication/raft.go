package replication

import (
	"sync"
	"time"

	"github.com/lni/dragonboat/v4"
	"github.com/lni/dragonboat/v4/client"
	"github.com/lni/dragonboat/v4/config"
	"github.com/lni/dragonboat/v4/raftio"
)

// shard is the number of the one raft group.
const shard = 1

// raft is the raft log of a running NodeHost, as the committer needs it. It listens to
// dragonboat to know when there is a leader.
type raft struct {
	host    *dragonboat.NodeHost
	session *client.Session
	again   time.Duration

	mu      sync.Mutex
	leads   uint64 // who leads, as dragonboat has it; 0 for nobody
	term    uint64
	since   time.Time // when dragonboat said so
	missed  bool      // nothing is heard of the leader
	changed chan struct{}
}

// propose puts an entry on its way into the log.
func (r *raft) propose(entry []byte) (<-chan struct{}, error) {
	request, err := r.host.Propose(r.session, entry, r.again)
	if err != nil {
		return nil, err // none of its errors comes after the entry was queued
	}
	dropped := make(chan struct{})
	go func() { // ends with the request, at the latest after r.again or when the NodeHost closes
		result := <-request.ResultC()
		if result.Dropped() {
			close(dropped)
		}
		request.Release()
	}()
	return dropped, nil
}

func (r *raft) leader() (known bool, changed <-chan struct{}) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.changed == nil {
		r.changed = make(chan struct{})
	}
	return r.leads != 0 && !r.missed, r.changed
}

// Leader reports whether a leader is known, and returns what is closed when that changes. A node that only
// reads knows none, for ever.
func (n *Node) Leader() (known bool, changed <-chan struct{}) {
	if n.raft == nil {
		return false, nil
	}
	return n.raft.leader()
}

// sees returns who leads in which term, as dragonboat has it, and since when.
func (r *raft) sees() (leader, term uint64, since time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.leads, r.term, r.since
}

// LeaderUpdated is called by dragonboat. It must return at once.
func (r *raft) LeaderUpdated(info raftio.LeaderInfo) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.leads, r.term, r.since, r.missed = info.LeaderID, info.Term, time.Now(), false
	r.wake()
}

// misses notes that a leader is not there any more, if it is still the one that dragonboat has.
func (r *raft) misses(leader, term uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.leads == leader && r.term == term && !r.missed {
		r.missed = true
		r.wake()
	}
}

// hears notes that a leader is there.
func (r *raft) hears() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.missed {
		r.missed = false
		r.wake()
	}
}

// wake tells whoever waits for a change; the mutex is held.
func (r *raft) wake() {
	if r.changed != nil {
		close(r.changed)
		r.changed = nil
	}
}

// hostConfig is what cannot be changed once a data directory exists, and what goes with it:
// one shard in each of dragonboat's pools, and a log database small enough for small machines.
func hostConfig(dir string, id identity, p Profile, t *transport, r *raft) config.NodeHostConfig {
	db := config.GetTinyMemLogDBConfig()
	db.Shards = 1
	return config.NodeHostConfig{
		DeploymentID:      uint64(id.Cluster),
		NodeHostID:        id.Host,
		NodeHostDir:       dir,
		RaftAddress:       t.ln.Addr().String(),
		RTTMillisecond:    uint64(p.Tick.Milliseconds()),
		MaxSendQueueSize:  64 << 20,
		RaftEventListener: r,
		Expert: config.ExpertConfig{
			LogDB:               db,
			LogDBFactory:        logDBs{},
			Engine:              config.EngineConfig{ExecShards: 1, CommitShards: 1, ApplyShards: 1, SnapshotShards: 2, CloseShards: 1},
			TransportFactory:    t,
			NodeRegistryFactory: t.book,
		},
	}
}

// replicaConfig must be the same on all nodes, but for what is theirs alone.
func replicaConfig(id identity, p Profile) config.Config {
	return config.Config{
		ShardID:                 shard,
		ReplicaID:               id.Node,
		CheckQuorum:             true,
		PreVote:                 true,
		OrderedConfigChange:     true,
		ElectionRTT:             p.Election,
		HeartbeatRTT:            p.Heartbeat,
		SnapshotEntries:         p.Snapshot,
		CompactionOverhead:      p.Overhead,
		MaxInMemLogSize:         32 << 20,
		EntryCompressionType:    config.Snappy,
		SnapshotCompressionType: config.Snappy,
		IsNonVoting:             id.Joined,
		WaitReady:               true,
	}
}
