package replication

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"confman/store"

	"github.com/lni/dragonboat/v4"
)

// A node whose data is lost, or cannot be trusted, does not come back: what it has promised to
// the others is forgotten. A new one comes in its place: it joins as every new node does, and
// before it votes it has the old one removed, so that the two never count both.

// A Replacement gives a data directory a new identity.
type Replacement struct {
	Dir      string // the data directory; what is in it is set aside
	Node     uint64 // whose place to take; 0 for the node that the directory was, or that had the address
	Join     string // a token, or the raft address of a member where the raft port speaks plain text
	RaftAddr string // where the new node will be reached by others
	RESPAddr string // and by clients
	Profile  Profile
}

// A Replaced tells what came of a replacement.
type Replaced struct {
	Node     uint64 `json:"node" yaml:"node"`                       // the new one
	Replaces uint64 `json:"replaces,omitempty" yaml:"replaces"`     // the old one; 0 if that was of another cluster
	Aside    string `json:"aside,omitempty" yaml:"aside,omitempty"` // where what was in the data directory is now
}

// Replace has the cluster take up a new node in another's place, and makes the data directory
// that new node's, for it to be started there. It may be repeated after an error.
func (r Replacement) Replace(ctx context.Context) (done Replaced, err error) {
	n := &Node{Dir: r.Dir, Join: r.Join, RESPAddr: r.RESPAddr, Profile: r.Profile.orDefault(), Raft: unheard{addr(r.RaftAddr)}}
	if n.dir, err = openDataDir(r.Dir); err != nil {
		return done, err
	}
	defer func() { err = errors.Join(err, n.dir.Close()) }()
	request := joinRequest{Replace: true, Node: r.Node}
	if old, found, err := loadIdentity(r.Dir); err == nil && found {
		request.Was = old.Host
	}
	id, grant, err := n.join(ctx, request)
	if err != nil {
		return done, err
	}
	done = Replaced{Node: id.Node, Replaces: id.Replaces}
	var keys []string
	if len(grant.Cert) > 0 {
		keys = []string{keysFolder} // they are the old node's
	}
	if done.Aside, err = setAside(r.Dir, replacedPrefix, keys...); err != nil {
		return done, err
	}
	return done, errors.Join(n.keep(grant), id.save(r.Dir), settled(r.Dir))
}

// unheard is a listener for its address alone.
type unheard struct{ addr }

func (unheard) Accept() (net.Conn, error) { return nil, net.ErrClosed }
func (unheard) Close() error              { return nil }
func (u unheard) Addr() net.Addr          { return u.addr }

type addr string

func (addr) Network() string  { return "tcp" }
func (a addr) String() string { return string(a) }

// What a data directory had in it before goes into a folder of it with a name that begins so.
const (
	replacedPrefix  = "replaced-"
	foundedPrefix   = "before-founding-"
	demotedPrefix   = "demoted-"
	abandonedPrefix = "before-joining-"
)

// setAside moves what a node has in a data directory into a new folder of it, the identity first:
// without it nothing starts there, and what else is named. It returns the folder, or "" if there was nothing.
func setAside(dir, prefix string, also ...string) (string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return "", fmt.Errorf("set aside: %w", err)
	}
	names := append([]string{identityFile}, also...)
	for _, e := range entries {
		if name := e.Name(); !leftover(name) {
			names = append(names, name)
		}
	}
	aside := ""
	for _, name := range names {
		from := filepath.Join(dir, name)
		if _, err := os.Lstat(from); err != nil {
			continue
		}
		if aside == "" {
			if aside, err = newFolder(dir, prefix); err != nil {
				return "", fmt.Errorf("set aside: %w", err)
			}
		}
		if err := os.Rename(from, filepath.Join(aside, name)); err != nil {
			return aside, fmt.Errorf("set aside: %w", err)
		}
	}
	return aside, store.Dir(dir).SyncDir()
}

// newFolder makes a folder that is named for the time, or for the next millisecond at which there is none.
func newFolder(dir, prefix string) (string, error) {
	for at := time.Now().UTC(); ; at = at.Add(time.Millisecond) {
		folder := filepath.Join(dir, prefix+at.Format("20060102T150405.000"))
		if err := os.Mkdir(folder, 0o700); !errors.Is(err, os.ErrExist) {
			return folder, err
		}
	}
}

// place returns the member whose place a new node takes, or 0 if it takes none's.
func (n *Node) place(tx *store.Tx, r joinRequest) (uint64, error) {
	all, err := MembersOf(tx)
	if err != nil {
		return 0, err
	}
	var old Member
	for _, m := range all {
		switch {
		case m.Host == r.Host: // it has been taken up before, and in whose place was settled then
			return m.Replaces, nil
		case r.Node != 0 && m.ID == r.Node, r.Node == 0 && m.Host == r.Was:
			old = m
		case r.Node == 0 && m.Raft == r.Raft && (old.ID == 0 || old.Host != r.Was):
			old = m
		}
	}
	switch {
	case !r.Replace && old.ID != 0:
		return 0, finally{fmt.Errorf("node %d has the raft address %s: if this machine takes its place, run confman node replace %d, or else choose another --raft-addr",
			old.ID, r.Raft, old.ID)}
	case r.Node != 0 && old.ID == 0:
		return 0, finally{fmt.Errorf("there is no node %d to replace: the nodes are %s", r.Node, listed(all))}
	case r.Self && old.ID != 0 && old.Host == r.Was:
		return old.ID, nil
	case old.ID == n.identity.Node:
		return 0, finally{fmt.Errorf("node %d is running: stop it first", old.ID)}
	}
	return old.ID, nil
}

// listed names members by their numbers and raft addresses.
func listed(all []Member) string {
	names := make([]string, len(all))
	for i, m := range all {
		names[i] = fmt.Sprintf("%d (%s)", m.ID, m.Raft)
	}
	return strings.Join(names, ", ")
}

// removeReplaced removes the node that this one replaces, and those that it was to replace itself. They
// have no vote any more when this one gets its own.
func (n *Node) removeReplaced(ctx context.Context) error {
	for _, old := range n.replaced() {
		err := n.reconfigure(ctx, func(m *dragonboat.Membership, ctx context.Context) error {
			_, voter := m.Nodes[old]
			_, nonVoter := m.NonVotings[old]
			if !voter && !nonVoter {
				return nil
			}
			return n.raft.host.SyncRequestDeleteReplica(ctx, shard, old, m.ConfigChangeID)
		})
		if err == nil {
			err = n.asSystem(ctx, func(tx *store.Tx) error { return retire(tx, old, n.identity.Node) })
		}
		if err != nil {
			return err
		}
	}
	return n.asSystem(ctx, func(tx *store.Tx) error { return replacedNobody(tx, n.identity.Node) })
}

// replaced are the nodes in whose place this one comes, the oldest first: one that had not settled
// leaves those behind that it was to replace.
func (n *Node) replaced() (all []uint64) {
	members := n.members()
	for old := n.identity.Replaces; old != 0; {
		all = append([]uint64{old}, all...)
		at := slices.IndexFunc(members, func(m Member) bool { return m.ID == old })
		if at < 0 {
			break
		}
		old = members[at].Replaces // a smaller number: it was there before
	}
	return all
}
