package replication

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"confman/replication/certs"
	"confman/store"
)

// An Invitation is what a token is for.
type Invitation struct {
	NonVoter bool          // the node gets no vote
	Replaces uint64        // the node whose place it takes; 0 for none's
	TTL      time.Duration // how long it holds; 0 for an hour
}

const (
	defaultTTL = time.Hour
	maxTTL     = 7 * 24 * time.Hour
	// maxTokenAddrs is how many members a token names, so that it fits into a line of a shell.
	maxTokenAddrs = 5
)

// Invite makes a token, with which one machine can join the cluster, and returns it as people
// pass it on. The error is that of an update, or says that this node cannot invite anybody.
func (n *Node) Invite(ctx context.Context, inv Invitation) (string, error) {
	if inv.TTL == 0 {
		inv.TTL = defaultTTL
	}
	if inv.TTL < time.Second || inv.TTL > maxTTL {
		return "", declined("a token may hold from one second to %d days", maxTTL/(24*time.Hour))
	}
	if n.transport == nil {
		return "", fmt.Errorf("%w: %s", store.ErrUnfit, n.degraded)
	}
	t := token{Cluster: n.identity.Cluster, Addrs: n.someAddrs(), ID: randomText(8), Secret: randomText(16)}
	if n.transport.keys != nil {
		t.Authority = certs.Fingerprint(n.transport.keys.Root())
	}
	err := n.asSystem(ctx, func(tx *store.Tx) error {
		all, err := MembersOf(tx)
		if err != nil {
			return err
		}
		if inv.Replaces != 0 && !slices.ContainsFunc(all, func(m Member) bool { return m.ID == inv.Replaces }) {
			return declined("there is no node %d to replace: the nodes are %s", inv.Replaces, listed(all))
		}
		kept := invitation{Hash: hashOf(t.Secret), NonVoter: inv.NonVoter, Replaces: inv.Replaces}
		return setInvitation(tx, t.ID, kept, tx.Now()+store.Millis(inv.TTL.Milliseconds()))
	})
	if err != nil {
		return "", err
	}
	return t.String(), nil
}

// someAddrs are raft addresses of members: this node's first, then those that it reaches.
func (n *Node) someAddrs() []string {
	addrs, rest := []string{n.raftAddr()}, []string(nil)
	for _, m := range n.members() {
		switch {
		case m.Host == n.identity.Host:
		case n.transport.peers.isReachable(m.Host):
			addrs = append(addrs, m.Raft)
		default:
			rest = append(rest, m.Raft)
		}
	}
	addrs = append(addrs, rest...)
	return addrs[:min(len(addrs), maxTokenAddrs)]
}

// grant certifies a host that has been invited.
func (n *Node) grant(host string, request []byte) (cert []byte, err error) {
	a, err := n.certs().Authority()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errNoKey, err)
	}
	granted, err := a.Grant(certs.Identity{Cluster: n.identity.Cluster.String(), Host: host}, request, n.now())
	if err != nil {
		return nil, err
	}
	return certs.EncodeCerts(granted), nil
}

var (
	errNoVote = errors.New("only voters get the key of the cluster's authority")
	errNoKey  = errors.New("this node has no key of the cluster's authority to issue a certificate with, but others may have")
)

// authorityKey gives another voter the key of the cluster's authority, so that every voter can
// take up new nodes. A non-voter, which may stand in a place where others come by, does not get it.
func (n *Node) authorityKey(host string) ([]byte, error) {
	select {
	case <-n.ready:
	default:
		return nil, errors.New("this node is still starting")
	}
	voters, _ := n.shardInfo()
	for _, target := range voters {
		if target == host {
			return n.certs().AuthorityKey()
		}
	}
	return nil, errNoVote
}
