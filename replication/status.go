package replication

import (
	"fmt"
	"time"

	"confman/store"

	"github.com/lni/dragonboat/v4"
)

// Status is how a node sees itself and its cluster.
type Status struct {
	Cluster    string           // in hexadecimal
	ID         uint64           // this node's
	Role       string           // leader, follower, candidate or non-voter
	Term       uint64           // raft's
	Leader     uint64           // id, or 0 if none is known
	LeaderAddr string           // where clients reach it, or ""
	Voters     int              // how many nodes have a vote
	Reachable  int              // how many nodes this one has a connection with, itself included
	Applied    uint64           // raft index of the last entry applied
	Hash       string           // of the state at that index, in hexadecimal
	Kept       store.Kept       // of what was
	Contact    time.Duration    // since a leader was heard from; 0 on a leader, -1 if it never was
	Stale      time.Duration    // how old its data may be at most; -1 if that was never known
	LogEnd     uint64           // revision of the last entry in this node's log, applied or not
	LogTerm    uint64           // raft's term of that entry; 0 while there is a leader
	Members    []Member         // by id
	Base       uint64           // revision at which the history was begun anew, or 0
	Generation uint64           // of the cluster
	Degraded   string           // why the node only reads, or ""
	Low        bool             // the disk has too little room to take writes
	Room       int64            // bytes that are free on the disk; 0 if nobody looks
	Loading    bool             // it has joined, and has not had the whole state yet
	Profile    string           // the timing that it has
	Links      map[uint64]Link  // with the other members, by id
	Expires    time.Time        // when the node's certificate does; zero where the raft port speaks plain text
	Saved      time.Time        // when everything applied was put on disk last, or the node was started
	File       store.FileStatus // of the store
	Untold     uint64           // messages of this node that were lost to other nodes, counted for each of them
	Expired    uint64           // how many configs that had expired were removed since the node was started
	Crash      string           // how the last life that did not end well ended, or ""
}

// Health is green, yellow if the node takes no writes of its own, or red if it only reads.
func (st Status) Health() string {
	switch {
	case st.Degraded != "":
		return "red"
	case st.Low:
		return "yellow"
	}
	return "green"
}

// Status returns how the node stands now. It works without the other nodes.
func (n *Node) Status() Status {
	st := Status{
		Cluster: n.identity.Cluster.String(), ID: n.identity.Node, Members: n.members(), Base: n.store.Base(),
		Degraded: n.degraded, Low: n.room.low.Load(), Room: n.room.left.Load(), Reachable: 1, Contact: -1,
		Loading: n.loading.Load(), Profile: n.Profile.Name, Stale: n.fresh.age(n.now()),
		Saved: time.Unix(n.saved.Load(), 0), File: n.store.FileStatus(), Untold: n.tellers.lost.Load(), Expired: n.store.Expired(), Kept: n.store.Kept(),
	}
	index, hash := n.store.Hash()
	st.Applied, st.Hash = index, fmt.Sprintf("%016x", hash)
	if o, err := n.origin(); err == nil {
		st.Generation = o.Generation
	}
	if len(n.crashes) > 0 {
		last := n.crashes[len(n.crashes)-1]
		st.Crash = last.At.Format(time.RFC3339) + " " + last.Why
	}
	if st.Role = "degraded"; n.degraded == "" {
		n.addRaft(&st)
	}
	return st
}

// addRaft adds what raft and the transport know.
func (n *Node) addRaft(st *Status) {
	voters, nonVoting := n.shardInfo()
	st.Voters = len(voters)
	leader, term, known, err := n.raft.host.GetLeaderID(shard)
	heard, _ := n.raft.leader()
	if st.Term = term; err == nil && known && heard {
		st.Leader = leader
	}
	st.Reachable = n.transport.reachable() + 1
	if log, err := n.raft.host.GetLogReader(shard); err == nil {
		_, last := log.GetRange()
		if st.LogEnd = last + st.Base; st.Leader == 0 {
			st.LogTerm, _ = log.Term(last) // 0 if it was compacted meanwhile
		}
	}
	if n.transport.keys != nil {
		st.Expires = n.transport.keys.Expires().UTC()
	}
	st.Links = map[uint64]Link{}
	for i, m := range st.Members {
		_, st.Members[i].Voter = voters[m.ID]
		if m.ID != st.ID {
			st.Links[m.ID] = n.transport.peers.traffic(m.Host).link(time.Now())
		}
		if m.ID == st.Leader {
			st.LeaderAddr = m.RESP
		}
	}
	_, voter := voters[st.ID]
	st.Role, st.Contact = n.role(*st, nonVoting || !voter), n.contact(*st)
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
	reached, voters := n.reaches()
	return fmt.Errorf("%w: this node reaches %d of %d nodes; nothing was changed, and reads still work here",
		store.ErrUnavailable, reached, voters)
}

// reaches returns how many voters this node has a connection to, itself included if it is one, and how many there are.
func (n *Node) reaches() (reached, of int) {
	voters, _ := n.shardInfo()
	if len(voters) == 0 { // it knows of none yet
		return 1, 1
	}
	for id, host := range voters {
		if id == n.identity.Node || n.transport.peers.isReachable(host) {
			reached++
		}
	}
	return reached, len(voters)
}

// isReachable reports whether there is a connection to or from a host.
func (p *peers) isReachable(host string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.byHost[host] != nil && p.byHost[host].conns > 0
}
