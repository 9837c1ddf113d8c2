package replication

import (
	"context"
	"encoding/binary"
	"io"
	"net"
	"slices"
	"testing"
	"time"

	"github.com/lni/dragonboat/v4"
	"github.com/lni/dragonboat/v4/config"
	sm "github.com/lni/dragonboat/v4/statemachine"
)

// counter is the least of a state machine: it counts entries.
type counter uint64

func newCounter(uint64, uint64) sm.IStateMachine { return new(counter) }

func (c *counter) Update(sm.Entry) (sm.Result, error) {
	*c++
	return sm.Result{Value: uint64(*c)}, nil
}

func (c *counter) Lookup(any) (any, error) { return uint64(*c), nil }

func (c *counter) SaveSnapshot(w io.Writer, _ sm.ISnapshotFileCollection, _ <-chan struct{}) error {
	return binary.Write(w, binary.LittleEndian, uint64(*c))
}

func (c *counter) RecoverFromSnapshot(r io.Reader, _ []sm.SnapshotFile, _ <-chan struct{}) error {
	return binary.Read(r, binary.LittleEndian, (*uint64)(c))
}

func (c *counter) Close() error { return nil }

// member is one of the three NodeHosts of a test's cluster.
type member struct {
	id   uint64
	host string
	dir  string
	*dragonboat.NodeHost
	wire *transport
}

// startMember starts a NodeHost over a transport of confman's.
func startMember(t *testing.T, m *member, a *table, ln net.Listener, members map[uint64]string) error {
	t.Helper()
	logDragonboat(quiet())
	book := &book{lookup: a.lookup}
	m.wire = &transport{cluster: testCluster, host: m.host, ln: ln, book: book, log: quiet()}
	logdb := config.GetTinyMemLogDBConfig()
	logdb.Shards = 1
	nh, err := dragonboat.NewNodeHost(config.NodeHostConfig{
		NodeHostDir: m.dir, RTTMillisecond: 10, DeploymentID: uint64(testCluster),
		RaftAddress: ln.Addr().String(), NodeHostID: m.host,
		Expert: config.ExpertConfig{
			LogDB:            logdb,
			Engine:           config.EngineConfig{ExecShards: 1, CommitShards: 1, ApplyShards: 1, SnapshotShards: 2, CloseShards: 1},
			TransportFactory: m.wire, NodeRegistryFactory: book,
		},
	})
	if err != nil {
		return err
	}
	m.NodeHost = nh
	return nh.StartReplica(members, false, newCounter, config.Config{
		ReplicaID: m.id, ShardID: shard, ElectionRTT: 15, HeartbeatRTT: 1,
		CheckQuorum: true, PreVote: true, OrderedConfigChange: true,
		SnapshotEntries: 20, CompactionOverhead: 5, WaitReady: true,
	})
}

// startMembers starts a cluster of three.
func startMembers(t *testing.T, a *table) []*member {
	t.Helper()
	members := map[uint64]string{1: hostA, 2: hostB, 3: hostC}
	all := make([]*member, 3)
	listeners := make([]net.Listener, 3)
	for i := range all {
		id := uint64(i + 1)
		all[i] = &member{id: id, host: members[id], dir: t.TempDir()}
		listeners[i] = listen(t, "127.0.0.1:0")
		a.set(members[id], listeners[i].Addr().String())
	}
	for i, m := range all {
		if err := startMember(t, m, a, listeners[i], members); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() {
		for _, m := range all {
			m.stop()
		}
	})
	return all
}

func (m *member) stop() {
	if m.NodeHost != nil {
		m.NodeHost.Close()
		m.NodeHost = nil
	}
}

// restart brings a member back on another port.
func (m *member) restart(t *testing.T, a *table) {
	t.Helper()
	m.stop()
	if err := startMember(t, m, a, listen(t, "127.0.0.1:0"), nil); err != nil {
		t.Fatal(err)
	}
}

// leads returns whom a member takes for the leader, 0 for nobody.
func (m *member) leads() uint64 {
	id, _, valid, err := m.GetLeaderID(shard)
	if err != nil || !valid {
		return 0
	}
	return id
}

// propose counts one up through a member, trying until it works.
func (m *member) propose(t *testing.T) uint64 {
	t.Helper()
	var value uint64
	await(t, "a proposal is applied", func() bool {
		ctx, cancel := context.WithTimeout(context.Background(), 500*time.Millisecond)
		defer cancel()
		result, err := m.SyncPropose(ctx, m.GetNoOPSession(shard), []byte("x"))
		value = result.Value
		return err == nil
	})
	return value
}

// inTouch waits until a member is up to date, which takes a leader that reaches it.
func (m *member) inTouch(t *testing.T) time.Duration {
	t.Helper()
	return await(t, "a member is in touch with the leader", func() bool {
		ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
		defer cancel()
		_, err := m.SyncRead(ctx, shard, nil)
		return err == nil
	})
}

// TestANewLeaderIsFoundInTime is why confman has a transport of its own: after a peer's
// restart an election over dragonboat's takes over a second, because the first votes go into
// connections that are dead.
func TestANewLeaderIsFoundInTime(t *testing.T) {
	var a table
	all := startMembers(t, &a)
	rounds := 8
	if testing.Short() {
		rounds = 3
	}
	var took []time.Duration
	for range rounds {
		for _, m := range all {
			m.inTouch(t)
		}
		old := all[0].leads()
		dead := all[old-1]
		left := slices.DeleteFunc(slices.Clone(all), func(m *member) bool { return m == dead })
		left[0].restart(t, &a) // a follower: connections between the survivors are dead now
		a.set(left[0].host, left[0].wire.addr)
		left[0].inTouch(t)
		if now := left[0].leads(); now != old {
			continue // the restart itself made it an election
		}
		dead.stop()
		took = append(took, await(t, "both survivors know a new leader", func() bool {
			one, two := left[0].leads(), left[1].leads()
			return one != 0 && one == two && one != old
		}))
		dead.restart(t, &a)
		a.set(dead.host, dead.wire.addr)
	}
	if len(took) == 0 {
		t.Fatal("no leader was stopped")
	}
	slices.Sort(took)
	median, worst := took[len(took)/2], took[len(took)-1]
	t.Logf("from the leader's stop until the survivors agree on another: median %v, worst %v of %d (election timeout 150-300 ms)", median, worst, len(took))
	if median > 900*time.Millisecond {
		t.Errorf("median %v", median)
	}
}

func TestAReplicaThatMovedIsReachedAgain(t *testing.T) {
	var a table
	all := startMembers(t, &a)
	all[0].propose(t)
	for _, m := range all {
		m.restart(t, &a) // and the members still know the address that it had
		took := m.inTouch(t)
		a.set(m.host, m.wire.addr) // so that it can tell them the new one
		t.Logf("replica %d on %s was in touch after %v", m.id, m.wire.addr, took)
		if m.wire.reachable() == 0 {
			t.Errorf("replica %d reaches nobody", m.id)
		}
	}
	if got := all[2].propose(t); got < 2 {
		t.Errorf("counted to %d", got)
	}
	for _, m := range all {
		if m.leads() != m.id && time.Since(m.wire.leaderContact()) > time.Second {
			t.Errorf("replica %d heard from a leader %v ago", m.id, time.Since(m.wire.leaderContact()))
		}
	}
}

// TestALateReplicaGetsASnapshot has the log cut behind the back of a stopped replica.
func TestALateReplicaGetsASnapshot(t *testing.T) {
	var a table
	all := startMembers(t, &a)
	all[0].propose(t)
	all[2].stop()
	var last uint64
	for range 100 {
		last = all[0].propose(t)
	}
	for _, m := range all[:2] {
		await(t, "the entries that it misses are gone", func() bool {
			log, err := m.GetLogReader(shard)
			if err != nil {
				t.Fatal(err)
			}
			first, _ := log.GetRange()
			return first > 50
		})
	}
	all[2].restart(t, &a)
	all[2].inTouch(t)
	await(t, "the late replica has caught up", func() bool {
		value, err := all[2].StaleRead(shard, nil)
		return err == nil && value.(uint64) >= last
	})
}
