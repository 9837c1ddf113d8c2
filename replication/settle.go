package replication

import (
	"cmp"
	"context"
	"errors"
	"time"

	"confman/store"
)

// settle tells the others where this node is, copies the state if it has never had it, and then sees to
// it that the node is what it is meant to be.
func (n *Node) settle(ctx context.Context) {
	if err := n.announce(ctx); err != nil && ctx.Err() == nil {
		n.log().Warn("the members could not be told where this node is", "error", err)
	}
	n.leadAlone(ctx)
	n.introduce(ctx)
	err := n.persist(ctx, func(ctx context.Context) error {
		return n.asSystem(ctx, func(tx *store.Tx) error {
			err := errors.Join(setOrigin(tx, n.identity.Cluster), setMember(tx, n.self()))
			if err == nil && !n.identity.Joined {
				err = setProfileOnce(tx, n.Profile.Name)
			}
			return err
		})
	})
	if err == nil {
		err = n.persist(ctx, n.catchUp)
	}
	if err != nil {
		if ctx.Err() == nil {
			n.log().Warn("the node could not settle in its cluster, and tries again: confman status shows who answers", "error", err)
		}
		return
	}
	n.keepRole(ctx)
}

// catchUp returns when a node that has no vote has had the whole state, and is all that is left of those
// that it replaces.
func (n *Node) catchUp(ctx context.Context) error {
	if n.votes() && !n.loading.Load() {
		return nil
	}
	if err := n.Barrier(ctx); err != nil {
		return err
	}
	if err := errors.Join(n.copied(), n.forgetDemoted()); err != nil {
		return err
	}
	if n.identity.Replaces == 0 {
		return nil
	}
	return n.removeReplaced(ctx)
}

// introduce tells the members where this node is until it hears of a leader. A voter would stand
// for election and be noticed; a non-voter that has come back at another address would wait for ever
// for messages that go to the old one.
func (n *Node) introduce(ctx context.Context) {
	again := time.NewTicker(n.Profile.Again)
	defer again.Stop()
	for {
		known, changed := n.raft.leader()
		if known {
			return
		}
		for _, m := range n.members() {
			if m.Host == n.identity.Host {
				continue
			}
			if err := n.transport.introduce(ctx, m.Host, n.transport.dialTime); errors.Is(err, errFinal) {
				n.barred(err)
				return
			}
		}
		select {
		case <-changed:
		case <-again.C:
		case <-ctx.Done():
			return
		}
	}
}

// self is this node as it presents itself to the others.
func (n *Node) self() Member {
	return Member{
		ID: n.identity.Node, Host: n.identity.Host, Raft: n.raftAddr(), RESP: n.RESPAddr,
		Boots: n.identity.Boots, Life: n.life, Profile: n.Profile.Name,
	}
}

// raftAddr is where others reach the raft port.
func (n *Node) raftAddr() string { return cmp.Or(n.RaftAddr, n.Raft.Addr().String()) }

// addressOf looks a host's raft address up in the store.
func (n *Node) addressOf(host string) (addr string, found bool) {
	for _, m := range n.members() {
		if m.Host == host {
			addr, found = m.Raft, true
		}
	}
	return addr, found
}
