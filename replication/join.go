package replication

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"confman/store"

	"github.com/google/uuid"
	"github.com/lni/dragonboat/v4"
)

// A node joins in three steps, each of which can be repeated: it asks a member's raft port
// for an identity; the member writes it into the table of members and has raft take it up as
// a non-voter; and when the node has caught up it makes itself a voter. So it never counts
// for a majority before it can contribute to one.

// joinRequest is what a new node says of itself.
type joinRequest struct {
	Host string `json:"host"`
	Raft string `json:"raft"`
	RESP string `json:"resp"`
	// A node that comes in another's place says so, and which: by its number, or else by the host
	// that it was, or else it is the one that had the same raft address.
	Replace bool   `json:"replace,omitempty"`
	Node    uint64 `json:"node,omitempty"`
	Was     string `json:"was,omitempty"`
	// Self says that it is the node Was itself that asks, while it runs, to become another one.
	Self     bool `json:"self,omitempty"`
	NonVoter bool `json:"nonvoter,omitempty"` // it is meant to have no vote
}

// joinAnswer is who it becomes.
type joinAnswer struct {
	Cluster  clusterID `json:"cluster"`
	Node     uint64    `json:"node"`
	Base     uint64    `json:"base,omitempty"`
	Replaces uint64    `json:"replaces,omitempty"`
	Profile  string    `json:"profile,omitempty"` // the cluster's
}

// joinPatience is how long a new node goes on asking, at least.
const joinPatience = 10 * time.Second

// pendingFile keeps the host id of a node that has asked to join, so that it asks as the same
// one if it did not get to hear the answer.
const pendingFile = "joining"

// join asks the member at an address to take this node up.
func (n *Node) join(ctx context.Context, r joinRequest) (id identity, err error) {
	if r.Host, err = pendingHost(n.Dir); err != nil {
		return id, fmt.Errorf("join a cluster: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, max(joinPatience, 4*n.Profile.Again))
	defer cancel()
	answer, err := n.request(ctx, n.Join, r)
	if err != nil {
		return id, fmt.Errorf("join the cluster of %s: %w", n.Join, err)
	}
	return identity{
		Host: r.Host, Joined: true, Seed: n.Join, Copying: true,
		Cluster: answer.Cluster, Node: answer.Node, Base: answer.Base, Replaces: answer.Replaces, Profile: answer.Profile,
	}, nil
}

// request asks a member until it has taken this node up, or refuses for good.
func (n *Node) request(ctx context.Context, member string, r joinRequest) (answer joinAnswer, err error) {
	r.Raft, r.RESP = n.Raft.Addr().String(), n.RESPAddr
	request, err := json.Marshal(r)
	if err != nil {
		return answer, err
	}
	var refusal error
	err = n.persist(ctx, func(ctx context.Context) error {
		reply, err := ask(ctx, member, request)
		if errors.Is(err, errFinal) {
			refusal = err
			return nil
		}
		if err != nil {
			n.log().Info("waiting for a member to take this node up", "error", err)
			return err
		}
		return json.Unmarshal(reply, &answer)
	})
	return answer, cmp.Or(refusal, err)
}

// announce asks to be taken up once more, as who the node is by now, if nothing has reached it yet:
// it may have another address than it had when it asked.
func (n *Node) announce(ctx context.Context) error {
	if n.identity.Seed == "" || n.announced || n.store.Applied() > 0 {
		return nil
	}
	_, err := n.request(ctx, n.identity.Seed, joinRequest{Host: n.identity.Host})
	return err
}

// pendingHost draws a host id, and notes it in the data directory, or returns the one noted there.
func pendingHost(dir string) (string, error) {
	content, err := os.ReadFile(filepath.Join(dir, pendingFile))
	if host := strings.TrimSpace(string(content)); err == nil && isHostID(host) {
		return host, nil
	}
	host := uuid.NewString()
	return host, replaceFile(store.Dir(dir), pendingFile, []byte(host+"\n"))
}

// settled forgets the host id that was noted to join: it stands in the identity now.
func settled(dir string) error {
	if err := os.Remove(filepath.Join(dir, pendingFile)); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// admit answers a request to join.
func (n *Node) admit(ctx context.Context, request []byte) ([]byte, error) {
	var r joinRequest
	if err := json.Unmarshal(request, &r); err != nil {
		return nil, fmt.Errorf("malformed request to join: %w", err)
	}
	if !isHostID(r.Host) || r.Raft == "" || r.RESP == "" {
		return nil, errors.New("malformed request to join: host, raft and resp must be given")
	}
	select {
	case <-n.ready:
	case <-ctx.Done():
		return nil, errors.New("this node is still starting")
	}
	answer := joinAnswer{Cluster: n.identity.Cluster, Base: n.identity.Base, Profile: n.AgreedProfile()}
	err := n.Update(ctx, systemUser, func(tx *store.Tx) (err error) {
		if err = setMember(tx, n.self()); err != nil {
			return err
		}
		if answer.Replaces, err = n.place(tx, r); err != nil {
			return err
		}
		answer.Node, answer.Replaces, err = enrol(tx, Member{Host: r.Host, Raft: r.Raft, RESP: r.RESP, Replaces: answer.Replaces, NonVoter: r.NonVoter})
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

// addNonVoter has raft take a node up, unless it has.
func (n *Node) addNonVoter(ctx context.Context, id uint64, host string) error {
	return n.reconfigure(ctx, func(m *dragonboat.Membership, ctx context.Context) error {
		if _, voter := m.Nodes[id]; voter {
			return nil
		}
		if _, nonVoter := m.NonVotings[id]; nonVoter {
			return nil
		}
		return n.raft.host.SyncRequestAddNonVoting(ctx, shard, id, host, m.ConfigChangeID)
	})
}

// promote makes this node a voter once it has caught up with the leader, if it is still meant to be one.
func (n *Node) promote(ctx context.Context) error {
	if err := n.Barrier(ctx); err != nil {
		return err
	}
	if self, found := n.member(n.identity.Node); !found || self.NonVoter || self.Leaving {
		return nil
	}
	return n.reconfigure(ctx, func(m *dragonboat.Membership, ctx context.Context) error {
		if _, voter := m.Nodes[n.identity.Node]; voter {
			return nil
		}
		return n.raft.host.SyncRequestAddReplica(ctx, shard, n.identity.Node, n.identity.Host, m.ConfigChangeID)
	})
}

// reconfigure changes the membership. Changes go one at a time and name the membership
// that they are based on, so one that came between is the reason to look again.
func (n *Node) reconfigure(ctx context.Context, change func(*dragonboat.Membership, context.Context) error) error {
	return n.persist(ctx, func(ctx context.Context) error {
		m, err := n.raft.host.SyncGetShardMembership(ctx, shard)
		if err != nil {
			return err
		}
		return change(m, ctx)
	})
}

// persist repeats a step until it succeeds or ctx ends. A step gets the time after which the
// profile takes a message for lost: raft drops requests without a word.
func (n *Node) persist(ctx context.Context, step func(context.Context) error) error {
	const between = 100 * time.Millisecond
	tick := time.NewTicker(between)
	defer tick.Stop()
	var why error
	for {
		try, cancel := context.WithTimeout(ctx, 2*n.Profile.Again)
		err := step(try)
		if why == nil || try.Err() == nil {
			why = err // and not that time was up in the middle of the last attempt
		}
		cancel()
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%w: %w", ctx.Err(), why)
		case <-tick.C:
		}
	}
}
