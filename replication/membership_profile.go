package replication

import (
	"context"
	"fmt"
	"slices"
	"time"

	"confman/store"
)

// profileName is the config in which the nodes have agreed on their timing.
const profileName = "confman/profile"

// restartPatience is how long a node that does not answer holds up those that restart after it.
const restartPatience = 20 * time.Second

// setProfileOnce writes the timing that the cluster has, unless it has one.
func setProfileOnce(tx *store.Tx, name string) error {
	if _, found := tx.Get(profileName); found {
		return nil
	}
	return tx.Set(profileName, name, 0)
}

// agreedProfile is the timing that this node's store says, or "".
func (n *Node) agreedProfile() (name string) {
	_ = n.store.View(0, func(tx *store.Tx) error {
		rec, _ := tx.Get(profileName)
		name = rec.Value
		return nil
	})
	return name
}

// adopt finds out, when the store is open, how the node is to begin: with which timing, and whether it
// has to copy the state first.
func (n *Node) adopt() {
	n.loading.Store(n.hasToCopy())
	name := n.agreedProfile()
	if name == "" {
		name = n.identity.Profile
	}
	if name == "" || name == n.Profile.Name {
		return
	}
	agreed, err := ProfileNamed(name)
	if err != nil {
		n.log().Warn("the cluster's profile is not known here: is this an older version?", "profile", name, "used", n.Profile.Name)
		return
	}
	if n.Profile = agreed; n.asked != "" {
		n.log().Warn("the setting profile is not the cluster's, which counts; confman member profile changes it for all", "setting", n.asked, "cluster", name)
	}
}

// agreeOnProfile writes the leader's timing into the store of a cluster of an earlier version, which
// has none there.
func (n *Node) agreeOnProfile(ctx context.Context) error {
	if n.agreedProfile() != "" {
		return nil
	}
	return n.asSystem(ctx, func(tx *store.Tx) error { return setProfileOnce(tx, n.Profile.Name) })
}

// AgreedProfile names the timing that the cluster has agreed on, as this node knows it.
func (n *Node) AgreedProfile() string {
	if name := n.agreedProfile(); name != "" {
		return name
	}
	return n.Profile.Name
}

// SetProfile changes the timing of all nodes. Each starts again by itself, one after the other, the leader
// last. It returns what people are to be told.
func (n *Node) SetProfile(ctx context.Context, name string) (string, error) {
	if _, err := ProfileNamed(name); err != nil {
		return "", declined("%v", err)
	}
	said := "the nodes start again one after the other, the leader last, with profile " + name
	err := n.asSystem(ctx, func(tx *store.Tx) error {
		all, err := MembersOf(tx)
		if err != nil {
			return err
		}
		rec, _ := tx.Get(profileName)
		different := slices.ContainsFunc(all, func(m Member) bool { return m.Profile != name })
		if rec.Value == name {
			if !different {
				said = "all nodes have profile " + name
			}
			return nil
		}
		return tx.Set(profileName, name, 0)
	})
	return said, err
}

// turnToRestart is for whom a node waits that is to start again, and since when.
type turnToRestart struct {
	before string
	since  time.Time
}

// followProfile ends the node, to start again, when the cluster has another timing than it has and those
// that go before it have it.
func (n *Node) followProfile(ctx context.Context) error {
	name := n.agreedProfile()
	if _, err := ProfileNamed(name); err != nil || name == n.Profile.Name {
		return nil
	}
	before := n.restartBefore(name)
	if len(before) > 0 {
		if who := listed(before); who != n.turn.before {
			n.turn = turnToRestart{who, n.now()}
		}
		if n.now().Sub(n.turn.since) < restartPatience {
			return nil
		}
		runs := n.whoRuns(ctx)
		if slices.ContainsFunc(before, func(m Member) bool { return runs[m.ID] }) {
			return fmt.Errorf("profile %s: waiting for %s to start again first", name, listed(before))
		}
	}
	n.log().Info("the node starts again with the cluster's new profile", "profile", name, "before", n.Profile.Name)
	n.ending.because(ErrStartAgain)
	return nil
}

// restartBefore returns the members that have to have a timing before this node starts again to have it:
// those with smaller numbers, and for the leader all.
func (n *Node) restartBefore(name string) (before []Member) {
	leader, _, _, _ := n.raft.host.GetLeaderID(shard)
	for _, m := range n.members() {
		earlier := leader == n.identity.Node || m.ID < n.identity.Node && m.ID != leader
		if m.ID != n.identity.Node && !m.Leaving && earlier && m.Profile != name {
			before = append(before, m)
		}
	}
	return before
}
