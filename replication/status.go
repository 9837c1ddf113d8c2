package replication

import (
	"fmt"
	"time"

	"confman/store"

	"github.com/lni/dragonboat/v4"
)

// Status is how a node sees itself and its cluster.
type Status struct {
	Cluster    string        // in hexadecimal
	ID         uint64        // this node's
	Role       string        // leader, follower, candidate or non-voter
	Term       uint64        // raft's
	Leader     uint64        // id, or 0 if none is known
	LeaderAddr string        // where clients reach it, or ""
	Voters     int           // how many nodes have a vote
	Reachable  int           // how many nodes this one has a connection with, itself included
	Applied    uint64        // raft index of the last entry applied
	Hash       string        // of the state at that index, in hexadecimal
	Contact    time.Duration // since a leader was heard from; 0 on a leader, -1 if it never was
	Members    []Member      // by id
}

// Status returns how the node stands now. It works without the other nodes.
func (n *Node) Status() Status {
	st := Status{Cluster: n.identity.Cluster.String(), ID: n.identity.Node}
	voters, nonVoting := n.shardInfo()
	st.Voters = len(voters)
	leader, term, known, err := n.raft.host.GetLeaderID(shard)
	if st.Term = term; err == nil && known {
		st.Leader = leader
	}
	index, hash := n.store.Hash()
	st.Applied, st.Hash = index, fmt.Sprintf("%016x", hash)
	st.Reachable = n.transport.reachable() + 1
	_ = n.store.View(0, func(tx *store.Tx) (err error) {
		st.Members, err = MembersOf(tx)
		return err
	})
	for i, m := range st.Members {
		_, st.Members[i].Voter = voters[m.ID]
		if m.ID == st.Leader {
			st.LeaderAddr = m.RESP
		}
	}
	st.Role, st.Contact = n.role(st, nonVoting), n.contact(st)
	return st
}

func (n *Node) role(st Status, nonVoting bool) string {
	switch {
	case nonVoting:
		return "non-voter"
	case st.Leader == st.ID:
		return "leader"
	case st.Leader == 0:
		return "candidate"
	}
	return "follower"
}

func (n *Node) contact(st Status) time.Duration {
	at := n.transport.leaderContact()
	switch {
	case st.Leader == st.ID:
		return 0
	case at.IsZero():
		return -1
	}
	return time.Since(at)
}

// shardInfo returns the voters, and whether this node is none of them.
func (n *Node) shardInfo() (voters map[uint64]dragonboat.Target, nonVoting bool) {
	info := n.raft.host.GetNodeHostInfo(dragonboat.NodeHostInfoOption{SkipLogInfo: true})
	if info == nil || len(info.ShardInfoList) == 0 {
		return nil, false
	}
	s := info.ShardInfoList[0]
	return s.Replicas, s.IsNonVoting
}

// votes reports whether this node is a voter, as far as it knows.
func (n *Node) votes() bool {
	voters, _ := n.shardInfo()
	_, voter := voters[n.identity.Node]
	return voter
}

// refusal says why an update got nowhere: there is no leader, or there is too much to do.
func (n *Node) refusal() error {
	if known, _ := n.raft.leader(); known {
		return fmt.Errorf("%w: nothing was changed; try again", store.ErrBusy)
	}
	voters, _ := n.shardInfo()
	return fmt.Errorf("%w: this node reaches %d of %d nodes; nothing was changed, and reads still work here",
		store.ErrUnavailable, n.transport.reachable()+1, max(len(voters), 1))
}

// isReachable reports whether there is a connection to or from a host.
func (p *peers) isReachable(host string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.byHost[host] != nil && p.byHost[host].conns > 0
}
