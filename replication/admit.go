package replication

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

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
	answer := joinAnswer{Cluster: n.identity.Cluster, Base: n.identity.Base, Profile: n.AgreedProfile()}
	if err := n.certify(&answer, r); err != nil {
		return nil, err
	}
	err := n.Update(ctx, systemUser, func(tx *store.Tx) (err error) {
		if err = setMember(tx, n.self()); err != nil {
			return err
		}
		answer.Node, answer.Replaces, err = n.enlist(tx, peer, r)
		return err
	})
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

// certify puts into an answer what the new node introduces itself with, if it asks for that. That it
// may join at all is found out later, before it hears the answer.
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
	if _, gone := tx.Get(store.Join(goneNamespace, r.Host)); gone {
		return 0, 0, finally{fmt.Errorf("host %s was removed: empty its data directory, and join anew", r.Host)}
	}
	inv, err := n.allowed(tx, peer, r)
	if err != nil {
		return 0, 0, err
	}
	if inv.Replaces != 0 {
		r.Replace, r.Node = true, inv.Replaces
	}
	r.Self = r.Self && r.Token == ""
	if replaces, err = n.place(tx, r); err != nil {
		return 0, 0, err
	}
	return enrol(tx, Member{Host: r.Host, Raft: r.Raft, RESP: r.RESP, Replaces: replaces, NonVoter: inv.NonVoter})
}

// allowed finds out by what right a host joins: it has a token; or it has shown by its certificate that
// it is a member already, or the one in whose place it comes; or nobody can be kept out, because
// the raft port speaks plain text.
func (n *Node) allowed(tx *store.Tx, peer string, r joinRequest) (invitation, error) {
	if r.Token != "" {
		return redeem(tx, r.Token, r.Secret, r.Host)
	}
	all, err := MembersOf(tx)
	if err != nil {
		return invitation{}, err
	}
	for _, m := range all {
		if m.Host == r.Host && peer == r.Host || peer != "" && m.Host == peer && r.Was == peer {
			return invitation{NonVoter: r.NonVoter}, nil
		}
	}
	if n.transport.keys == nil {
		return invitation{NonVoter: r.NonVoter}, nil
	}
	return invitation{}, finally{errPlainText}
}
