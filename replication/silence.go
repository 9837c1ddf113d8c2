package replication

import (
	"context"
	"time"
)

// missLeader notices that nothing is heard of the leader any more, until ctx ends. A voter's raft does so
// too, as long as it votes and nothing keeps it from standing for election; a non-voter's would take a
// leader for granted for ever. Whoever hears of it first says so: see [raft.hears].
func (n *Node) missLeader(ctx context.Context) {
	patience := n.Profile.patience()
	tick := time.NewTicker(patience / 8)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			n.lookForLeader(patience)
		case <-ctx.Done():
			return
		}
	}
}

// lookForLeader misses a leader that has been silent for longer than patience.
func (n *Node) lookForLeader(patience time.Duration) {
	leader, term, since := n.raft.sees()
	heard := n.transport.leaderContact()
	if heard.Before(since) {
		heard = since // it was elected with this node's vote, or found out about
	}
	if leader != 0 && leader != n.identity.Node && time.Since(heard) > patience {
		n.raft.misses(leader, term)
		n.transport.peers.missed.Store(true) // after that, or its next word might come in between
	}
}

// patience is how long a leader may be silent before it counts as gone: twice the time after which
// a voter stands for election at the earliest. By then a leader that has lost its majority has
// stepped down, too.
func (p Profile) patience() time.Duration { return 2 * p.election() }
