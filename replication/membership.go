package replication

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"confman/store"
)

// What a node is meant to be stands in the table of members, and any node may write it there. The node
// itself, or the leader for one that is to leave, carries it out: it goes on after whoever asked
// is gone, and after any of them was restarted.

// ErrDeclined says why a change of the members was not begun, and what to do.
var ErrDeclined = errors.New("nothing was changed")

func declined(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrDeclined, fmt.Sprintf(format, args...))
}

// Promote has a member be a voter from now on: it becomes one by itself when it has caught up. It returns
// what people are to be told. It may be called on any node, and repeated.
func (n *Node) Promote(ctx context.Context, id uint64) (string, error) {
	return n.decide(ctx, id, false, func(tx *store.Tx, m Member, v voters) (string, error) {
		switch {
		case m.Leaving:
			return "", declined("node %d is about to leave", id)
		case !m.NonVoter && v.has(id):
			return fmt.Sprintf("node %d votes", id), nil
		case !m.NonVoter:
			return fmt.Sprintf("node %d will vote when it has caught up", id), nil
		}
		m.NonVoter = false
		return fmt.Sprintf("node %d will vote when it has caught up", id), putMember(tx, m)
	})
}

// Demote has a member be a non-voter from now on. Raft takes no vote back, so the node replaces itself
// by one with a new number, which copies the state. It returns what people are to be told. It may be
// called on any node, and repeated.
func (n *Node) Demote(ctx context.Context, id uint64) (string, error) {
	return n.decide(ctx, id, false, func(tx *store.Tx, m Member, v voters) (string, error) {
		switch {
		case m.Leaving && m.NonVoter:
			return fmt.Sprintf("node %d gives its vote up, and goes on under another number", id), nil
		case m.Leaving:
			return "", declined("node %d is about to leave", id)
		case m.NonVoter && !v.has(id):
			return fmt.Sprintf("node %d has no vote", id), nil
		case m.NonVoter:
			return fmt.Sprintf("node %d is to give its vote up when it runs", id), nil
		}
		if err := v.without(id, false); err != nil {
			return "", err
		}
		m.NonVoter = true
		return fmt.Sprintf("node %d gives its vote up, and goes on under another number", id), putMember(tx, m)
	})
}

// Remove has a member leave for good. The leader takes it out, and if it runs it ends with
// [ErrUntrusted]. Unless it is forced, those that remain must be a majority that runs; the last
// voter stays always. It returns what people are to be told. It may be called on any node, and repeated.
func (n *Node) Remove(ctx context.Context, id uint64, force bool) (string, error) {
	return n.decide(ctx, id, true, func(tx *store.Tx, m Member, v voters) (string, error) {
		switch {
		case m.ID == 0:
			return fmt.Sprintf("node %d is no member any more", id), nil
		case m.Leaving && m.Forced == (m.Forced || force):
			return fmt.Sprintf("node %d is leaving", id), nil
		}
		if err := v.without(id, force); err != nil {
			return "", err
		}
		m.Leaving, m.Forced = true, force
		return fmt.Sprintf("node %d is leaving", id), putMember(tx, m)
	})
}

// decide has a decision about a member made over the newest data. If one can be made of one that is gone,
// it gets a member without a number then.
func (n *Node) decide(ctx context.Context, id uint64, ofGone bool, make func(*store.Tx, Member, voters) (string, error)) (said string, err error) {
	v, err := n.lookAtVoters(ctx)
	if err != nil {
		return "", err
	}
	err = n.asSystem(ctx, func(tx *store.Tx) error {
		all, err := MembersOf(tx)
		if err != nil {
			return err
		}
		var m Member
		at := slices.IndexFunc(all, func(m Member) bool { return m.ID == id })
		switch {
		case at >= 0:
			m = all[at]
		case id == 0 || id > highestNode(tx):
			return declined("there is no node %d: the nodes are %s", id, listed(all))
		case !ofGone:
			return declined("node %d is no member any more: the nodes are %s", id, listed(all))
		}
		v.members = all
		said, err = make(tx, m, v)
		return err
	})
	return said, err
}

// lookAtVoters finds out who votes, and who of them runs.
func (n *Node) lookAtVoters(ctx context.Context) (v voters, err error) {
	if n.degraded != "" {
		return v, fmt.Errorf("%w: %s", store.ErrUnfit, n.degraded)
	}
	ctx, cancel := context.WithTimeout(ctx, max(n.Hold, 2*n.Profile.Again))
	defer cancel()
	err = n.persist(ctx, func(ctx context.Context) error {
		m, err := n.raft.host.SyncGetShardMembership(ctx, shard)
		if err == nil {
			v.raft = m.Nodes
		}
		return err
	})
	if err != nil {
		return v, fmt.Errorf("%w: the members could not be looked up: %w", store.ErrUnavailable, err)
	}
	v.runs = n.whoRuns(ctx)
	return v, nil
}

// whoRuns returns the members that answer this node, itself included.
func (n *Node) whoRuns(ctx context.Context) map[uint64]bool {
	type answer struct {
		id  uint64
		err error
	}
	runs := map[uint64]bool{n.identity.Node: true}
	answers := make(chan answer)
	members := slices.DeleteFunc(n.members(), func(m Member) bool { return m.ID == n.identity.Node })
	for _, m := range members {
		go func() { answers <- answer{m.ID, n.transport.introduce(ctx, m.Host, n.transport.dialTime)} }()
	}
	for range members {
		if a := <-answers; a.err == nil {
			runs[a.id] = true
		}
	}
	return runs
}

// MayReplace says why a new node must not take a member's place: it runs, or there is none.
func (n *Node) MayReplace(ctx context.Context, id uint64) error {
	v, err := n.lookAtVoters(ctx) // from then on this node knows all that was decided
	if err != nil {
		return err
	}
	members := n.members()
	if !slices.ContainsFunc(members, func(m Member) bool { return m.ID == id }) {
		return declined("there is no node %d: the nodes are %s", id, listed(members))
	}
	if v.runs[id] {
		return declined("node %d is running: stop it first", id)
	}
	return nil
}
