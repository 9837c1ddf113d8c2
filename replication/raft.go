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
	known   bool
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
	return r.known, r.changed
}

// LeaderUpdated is called by dragonboat. It must return at once.
func (r *raft) LeaderUpdated(info raftio.LeaderInfo) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.known = info.LeaderID != 0
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
