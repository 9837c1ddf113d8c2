package replication

import (
	"context"
	"slices"
	"time"

	"confman/store"
)

// roleEvery is how often a node looks at what it and the others are meant to be.
const roleEvery = 500 * time.Millisecond

// keepRole makes the node what it is meant to be, and goes on seeing to that until ctx ends. The leader
// sees to those that are to leave.
func (n *Node) keepRole(ctx context.Context) {
	tick := time.NewTicker(roleEvery)
	defer tick.Stop()
	said := ""
	for {
		err := n.playRole(ctx)
		if ctx.Err() != nil {
			return
		}
		if text := errorText(err); text != said {
			if said = text; err != nil {
				n.log().Warn("a change of the members has to wait until a majority answers: confman status shows who does", "error", err)
			}
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// playRole takes one step, if there is one to take.
func (n *Node) playRole(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, max(joinPatience, 4*n.Profile.Again))
	defer cancel()
	self, found := n.member(n.identity.Node)
	switch votes := n.votes(); {
	case !found, self.Leaving:
	case !self.NonVoter && !votes:
		return n.promote(ctx)
	case self.NonVoter && votes:
		return n.stepDown(ctx)
	case !self.NonVoter:
		n.stay()
		n.takeAuthority(ctx)
	}
	if n.leads() {
		return n.steward(ctx)
	}
	return n.followProfile(ctx)
}

// leads reports whether this node is the leader, as far as it knows.
func (n *Node) leads() bool {
	leader, _, known, err := n.raft.host.GetLeaderID(shard)
	return err == nil && known && leader == n.identity.Node
}

// member returns a member as this node's store knows it.
func (n *Node) member(id uint64) (m Member, found bool) {
	_ = n.store.View(0, func(tx *store.Tx) (err error) {
		m, found, err = memberOf(tx, id)
		return err
	})
	return m, found
}

// steward is what the leader does for the cluster: it takes out those that are to leave. If it is one of
// them, it leaves that to the next leader.
func (n *Node) steward(ctx context.Context) error {
	members := n.members()
	for _, m := range members {
		if m.Leaving && m.ID != n.identity.Node {
			if err := n.takeOut(ctx, m); err != nil {
				return err
			}
		}
	}
	self := slices.IndexFunc(members, func(m Member) bool { return m.ID == n.identity.Node })
	if self >= 0 && members[self].Leaving {
		n.handOver()
		return nil
	}
	if err := n.agreeOnProfile(ctx); err != nil {
		return err
	}
	return n.followProfile(ctx)
}

// takeOut takes a member out of raft, and then out of the table. It looks once more at who would be left:
// that may have changed since it was decided.
func (n *Node) takeOut(ctx context.Context, m Member) error {
	try, cancel := context.WithTimeout(ctx, 2*n.Profile.Again)
	defer cancel()
	now, err := n.raft.host.SyncGetShardMembership(try, shard)
	if err != nil {
		return err
	}
	members := n.members()
	_, voter := now.Nodes[m.ID]
	_, nonVoter := now.NonVotings[m.ID]
	if voter {
		v := voters{raft: now.Nodes, members: members, runs: map[uint64]bool{n.identity.Node: true}}
		for _, other := range members {
			v.runs[other.ID] = v.runs[other.ID] || n.transport.peers.isReachable(other.Host)
		}
		if err := v.without(m.ID, m.Forced); err != nil {
			return err
		}
	}
	if voter || nonVoter {
		if err := n.raft.host.SyncRequestDeleteReplica(try, shard, m.ID, now.ConfigChangeID); err != nil {
			return err
		}
	}
	by := uint64(0)
	for _, other := range members {
		if other.Replaces == m.ID {
			by = other.ID
		}
	}
	n.log().Info("a node has left", "node", m.ID, "replaced by", by)
	return n.asSystem(ctx, func(tx *store.Tx) error { return retire(tx, m.ID, by) })
}
