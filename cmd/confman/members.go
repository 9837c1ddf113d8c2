package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"confman/replication"
	"confman/resp"
)

// members administers a cluster for clients of one of its nodes.
type members struct{ node *replication.Node }

// List describes the members.
func (m members) List() [][]resp.Fact {
	st := m.node.Status()
	all := [][]resp.Fact{}
	for _, member := range st.Members {
		all = append(all, memberFacts(st, member))
	}
	return all
}

func memberFacts(st replication.Status, m replication.Member) []resp.Fact {
	role, voter, meant := "non-voter", "0", "voter"
	if m.Voter {
		role, voter = "voter", "1"
	}
	if m.ID == st.Leader {
		role = "leader"
	}
	switch {
	case m.Leaving && !m.NonVoter:
		meant = "gone"
	case m.NonVoter:
		meant = "non-voter"
	}
	facts := []resp.Fact{
		{Name: "id", Value: number(m.ID)},
		{Name: "role", Value: role},
		{Name: "voter", Value: voter},
		{Name: "meant", Value: meant},
		{Name: "resp", Value: m.RESP},
		{Name: "raft", Value: m.Raft},
		{Name: "profile", Value: m.Profile},
		{Name: "replaces", Value: number(m.Replaces)},
	}
	if m.ID == st.ID {
		facts = append(facts, resp.Fact{Name: "revision", Value: number(st.Applied)})
	}
	return facts
}

// Invite makes a token, unless it is for the place of a node that runs.
func (m members) Invite(ctx context.Context, nonVoter bool, replaces uint64, ttl time.Duration) (string, error) {
	if replaces != 0 {
		if err := m.node.MayReplace(ctx, replaces); err != nil {
			return "", forClients(err)
		}
	}
	token, err := m.node.Invite(ctx, replication.Invitation{NonVoter: nonVoter, Replaces: replaces, TTL: ttl})
	return token, forClients(err)
}

// Promote has a node vote.
func (m members) Promote(ctx context.Context, id uint64) (string, error) {
	said, err := m.node.Promote(ctx, id)
	return said, forClients(err)
}

// Demote has a node give its vote up.
func (m members) Demote(ctx context.Context, id uint64) (string, error) {
	said, err := m.node.Demote(ctx, id)
	return said, forClients(err)
}

// Lead has a node be the leader.
func (m members) Lead(ctx context.Context, id uint64) error { return forClients(m.node.Lead(ctx, id)) }

// Remove takes a node out.
func (m members) Remove(ctx context.Context, id uint64, force bool) (string, error) {
	said, err := m.node.Remove(ctx, id, force)
	return said, forClients(err)
}

// Profile names the cluster's timing.
func (m members) Profile() string { return m.node.AgreedProfile() }

// SetProfile changes it.
func (m members) SetProfile(ctx context.Context, name string) (string, error) {
	said, err := m.node.SetProfile(ctx, name)
	return said, forClients(err)
}

// forClients lets clients know why a change was declined, or who leads instead.
func forClients(err error) error {
	if errors.Is(err, replication.ErrDeclined) || errors.Is(err, replication.ErrNotHandedOver) {
		return resp.Error(fmt.Sprintf("ERR %v", err))
	}
	return err
}

// profileNamed returns the profile that a setting names: none if the cluster's is to be used.
func profileNamed(name string) (replication.Profile, error) {
	if name == "" {
		return replication.Profile{}, nil
	}
	return replication.ProfileNamed(name)
}
