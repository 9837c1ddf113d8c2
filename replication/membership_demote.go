package replication

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"confman/replication/certs"
	"confman/store"
)

// A voter cannot become a non-voter: it is replaced by itself. It asks for a new number, notes it, and has
// itself taken out while it still runs, because its vote may be needed for that. When the members refuse
// it from then on, it starts again as the new one, with nothing of what it was.

// successorFile keeps who a node becomes when the members refuse it as who it is.
const successorFile = "successor.json"

// successorKeys is where its certificates are until then.
const successorKeys = "successor-tls"

// stepDown gets the node a number without a vote, and asks for its own end. The leader leads no more
// first.
func (n *Node) stepDown(ctx context.Context) error {
	if err := n.Barrier(ctx); err != nil {
		return err
	}
	if self, found := n.member(n.identity.Node); !found || !self.NonVoter || self.Leaving {
		return nil
	}
	if n.leads() {
		n.handOver()
		return nil
	}
	id, grant, err := n.askForSuccessor(ctx)
	if err != nil {
		return fmt.Errorf("give the vote up: %w", err)
	}
	if len(grant.Cert) > 0 {
		if err := certs.Folder(filepath.Join(n.Dir, successorKeys)).Keep(grant); err != nil {
			return err
		}
	}
	if err := id.saveAs(n.Dir, successorFile); err != nil {
		return err
	}
	return n.asSystem(ctx, func(tx *store.Tx) error {
		m, found, err := memberOf(tx, n.identity.Node)
		if err != nil || !found || !m.NonVoter {
			return err
		}
		m.Leaving = true
		return putMember(tx, m)
	})
}

// askForSuccessor has the leader take up a non-voter in this node's place.
func (n *Node) askForSuccessor(ctx context.Context) (identity, certs.Grant, error) {
	leader, _, known, err := n.raft.host.GetLeaderID(shard)
	if err != nil || !known {
		return identity{}, certs.Grant{}, errors.Join(store.ErrUnavailable, err)
	}
	m, found := n.member(leader)
	if !found {
		return identity{}, certs.Grant{}, fmt.Errorf("node %d leads, and is not in the table", leader)
	}
	as := &Node{
		Dir: n.Dir, RESPAddr: n.RESPAddr, Profile: n.Profile, Log: n.Log, Raft: unheard{addr(n.raftAddr())},
		through: entrance{addrs: []string{m.Raft}},
	}
	if n.transport.keys != nil {
		as.through.how = n.transport.keys.Anybody()
	}
	return as.join(ctx, joinRequest{Replace: true, Node: n.identity.Node, Was: n.identity.Host, Self: true, NonVoter: true})
}

// stay forgets a successor that is not wanted any more.
func (n *Node) stay() {
	if exists(n.Dir, successorFile) {
		_ = errors.Join(os.Remove(filepath.Join(n.Dir, successorFile)), os.RemoveAll(filepath.Join(n.Dir, successorKeys)), settled(n.Dir)) // it is looked at again
	}
}

// succeed makes the data directory the successor's, once the members refuse who it was. It can be
// interrupted anywhere, and goes on with the next start.
func (n *Node) succeed() error {
	if !exists(n.Dir, successorFile) || exists(n.Dir, identityFile) && !exists(n.Dir, refusedFile) {
		return nil
	}
	if exists(n.Dir, successorKeys) { // moved at once with all else that the node was
		if _, err := setAside(n.Dir, demotedPrefix, keysFolder); err != nil {
			return err
		}
		if err := os.Rename(filepath.Join(n.Dir, successorKeys), filepath.Join(n.Dir, keysFolder)); err != nil {
			return fmt.Errorf("go on as another node: %w", err)
		}
	} else if _, err := setAside(n.Dir, demotedPrefix); err != nil {
		return err
	}
	err := os.Rename(filepath.Join(n.Dir, successorFile), filepath.Join(n.Dir, identityFile))
	if err != nil {
		return fmt.Errorf("go on as another node: %w", err)
	}
	return errors.Join(store.Dir(n.Dir).SyncDir(), settled(n.Dir))
}
