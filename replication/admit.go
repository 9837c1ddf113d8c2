package replication

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"confman/replication/certs"
	"confman/store"
)

// admit answers a request to join. peer is the host that asks, if it has shown a certificate of this
// cluster's.
func (n *Node) admit(ctx context.Context, peer string, request []byte) ([]byte, error) {
	var r joinRequest
	if err := json.Unmarshal(request, &r); err != nil {
		return nil, fmt.Errorf("malformed request to join: %w", err)
	}
	if !isHostID(r.Host) || validAddr(r.Raft) != nil || r.RESP == "" {
		return nil, errors.New("malformed request to join: host, raft and resp must be given")
	}
	select {
	case <-n.ready:
	case <-ctx.Done():
		return nil, errors.New("this node is still starting")
	}
	if err := n.mayAsk(ctx, peer, r); err != nil {
		return nil, err
	}
	answer := joinAnswer{Cluster: n.identity.Cluster, Base: n.identity.Base, Profile: n.AgreedProfile()}
	err := n.asSystem(ctx, func(tx *store.Tx) (err error) {
		if err = setMember(tx, n.self()); err != nil {
			return err
		}
		answer.Node, answer.Replaces, err = n.enlist(tx, peer, r)
		return err
	})
	if err == nil {
		err = n.certify(&answer, r)
	}
	if err == nil {
		err = n.cutBase(ctx)
	}
	if err == nil {
		err = n.addNonVoter(ctx, answer.Node, r.Host)
	}
	if err != nil {
		return nil, err
	}
	n.log().Info("a node joins", "node", answer.Node, "raft", r.Raft, "resp", r.RESP, "replaces", answer.Replaces)
	return json.Marshal(answer)
}

// mayAsk refuses what need not come before the other nodes: a stranger must not be able to fill the
// raft log, or to have anything signed. It looks at the newest data before it says no.
func (n *Node) mayAsk(ctx context.Context, peer string, r joinRequest) error {
	if n.transport.keys != nil && r.Request != nil && !n.certs().Has(certs.AuthorityKeyFile) {
		return errNoKey
	}
	replaces, err := n.judged(peer, r)
	if err != nil {
		if err := n.Barrier(ctx); err != nil {
			return err
		}
		if replaces, err = n.judged(peer, r); err != nil {
			return err
		}
	}
	old, found := n.member(replaces)
	if found && !r.Self && n.transport.introduce(ctx, old.Host, n.transport.dialTime) == nil {
		return finally{fmt.Errorf("node %d is running: stop it first", replaces)}
	}
	return nil
}

// judged judges a request by what this node knows, and returns in whose place it comes.
func (n *Node) judged(peer string, r joinRequest) (replaces uint64, err error) {
	err = n.store.View(store.Millis(n.now().UnixMilli()), func(tx *store.Tx) error {
		_, replaces, err = n.judge(tx, peer, r)
		return err
	})
	return replaces, err
}

// certify puts into an answer what the new node introduces itself with, if it asks for that.
func (n *Node) certify(answer *joinAnswer, r joinRequest) (err error) {
	keys := n.transport.keys
	if keys == nil {
		return nil
	}
	answer.Authorities = keys.Authorities()
	if r.Request != nil {
		answer.Cert, err = n.grant(r.Host, r.Request)
	}
	return err
}

// enlist makes a host a member, if it may be one, and returns its number and that of the node in whose
// place it comes.
func (n *Node) enlist(tx *store.Tx, peer string, r joinRequest) (id, replaces uint64, err error) {
	inv, replaces, err := n.judge(tx, peer, r)
	if err != nil {
		return 0, 0, err
	}
	if r.Token != "" {
		if err := redeem(tx, r, inv); err != nil {
			return 0, 0, err
		}
	}
	return enrol(tx, Member{Host: r.Host, Raft: r.Raft, RESP: r.RESP, Replaces: replaces, NonVoter: inv.NonVoter})
}

// judge says whether a host may join, for what, and in whose place. It changes nothing.
func (n *Node) judge(tx *store.Tx, peer string, r joinRequest) (inv invitation, replaces uint64, err error) {
	if _, gone := tx.Get(store.Join(goneNamespace, r.Host)); gone {
		return inv, 0, finally{fmt.Errorf("host %s was removed: empty its data directory, and join anew", r.Host)}
	}
	if inv, err = n.allowed(tx, peer, r); err != nil {
		return inv, 0, err
	}
	if inv.Replaces != 0 {
		r.Replace, r.Node = true, inv.Replaces
	}
	r.Self = r.Self && r.Token == ""
	replaces, err = n.place(tx, r)
	return inv, replaces, err
}

// allowed finds out by what right a host joins: it has a token; or it has shown by its certificate that
// it is a member already, or the one in whose place it comes; or nobody can be kept out, because
// the raft port speaks plain text.
func (n *Node) allowed(tx *store.Tx, peer string, r joinRequest) (invitation, error) {
	all, err := MembersOf(tx)
	if err != nil {
		return invitation{}, err
	}
	known := Member{}
	for _, m := range all {
		if m.Host == r.Host {
			known = m
		}
	}
	if r.Token != "" {
		return invited(tx, r, known)
	}
	for _, m := range all {
		switch {
		case peer == "" || m.Host != peer:
		case r.Host == peer:
			return invitation{NonVoter: r.NonVoter}, nil
		case r.Self && r.Was == peer && r.Node == m.ID && m.NonVoter && (known.ID == 0 || known.Replaces == m.ID):
			return invitation{NonVoter: true}, nil // it gives its vote up; nobody gets one in this way
		}
	}
	if n.transport.keys == nil {
		return invitation{NonVoter: r.NonVoter}, nil
	}
	return invitation{}, finally{errPlainText}
}
