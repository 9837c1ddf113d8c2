package replication

import (
	"cmp"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"confman/replication/certs"
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
	Self bool `json:"self,omitempty"`
	// NonVoter says that it wants no vote. A token knows better.
	NonVoter bool `json:"nonvoter,omitempty"`
	// Whoever shows no certificate of a member has a token, and asks for a certificate, in PEM.
	Token   string `json:"token,omitempty"`
	Secret  string `json:"secret,omitempty"`
	Request []byte `json:"request,omitempty"`
}

// joinAnswer is who it becomes.
type joinAnswer struct {
	Cluster  clusterID `json:"cluster"`
	Node     uint64    `json:"node"`
	Base     uint64    `json:"base,omitempty"`
	Replaces uint64    `json:"replaces,omitempty"`
	Profile  string    `json:"profile,omitempty"` // the cluster's
	// Its certificate and the authorities that it is to believe, in PEM.
	Cert        []byte `json:"cert,omitempty"`
	Authorities []byte `json:"authorities,omitempty"`
}

// joinPatience is how long a new node goes on asking, at least.
const joinPatience = 10 * time.Second

// pendingFile keeps the host id of a node that has asked to join, so that it asks as the same
// one if it did not get to hear the answer.
const pendingFile = "joining"

// An entrance is where members can be asked to take a node up, and how.
type entrance struct {
	addrs []string
	how   *tls.Config // nil for plain text
}

// entrance is where this node is to join: by a token, or at the address of a member.
func (n *Node) entrance(r *joinRequest) (entrance, error) {
	if n.through.addrs != nil {
		return n.through, nil
	}
	if !IsToken(n.Join) {
		return entrance{addrs: []string{n.Join}}, nil
	}
	t, err := parseToken(n.Join)
	if err != nil {
		return entrance{}, err
	}
	r.Token, r.Secret = t.ID, t.Secret
	d := entrance{addrs: t.Addrs}
	if t.Authority == "" {
		return d, nil
	}
	if err := t.reach(n.raftAddr()); err != nil {
		return d, err
	}
	own, err := certs.Open(n.certs(), certs.Identity{Cluster: t.Cluster.String(), Host: r.Host}, n.now, n.log())
	if err == nil { // an authority that the members do not have the key of has issued it beforehand
		d.how = own.Anybody()
		return d, nil
	}
	d.how = certs.Joining(t.Cluster.String(), t.Authority, n.now)
	return d, nil
}

// join asks members to take this node up. What it is granted to introduce itself with has to be kept.
func (n *Node) join(ctx context.Context, r joinRequest) (id identity, grant certs.Grant, err error) {
	if r.Host, err = pendingHost(n.Dir); err != nil {
		return id, grant, fmt.Errorf("join a cluster: %w", err)
	}
	d, err := n.entrance(&r)
	if err != nil {
		return id, grant, fmt.Errorf("join a cluster: %w", err)
	}
	if d.how != nil && (r.Self || len(d.how.Certificates) == 0) {
		if grant.Key, err = certs.NewKey(); err != nil {
			return id, grant, err
		}
		if r.Request, err = certs.Request(certs.Identity{Host: r.Host}, grant.Key); err != nil {
			return id, grant, err
		}
	}
	ctx, cancel := context.WithTimeout(ctx, max(joinPatience, 4*n.Profile.Again))
	defer cancel()
	answer, seed, err := n.request(ctx, d, r)
	if err != nil {
		return id, grant, fmt.Errorf("join the cluster of %s: %w", strings.Join(d.addrs, ", "), err)
	}
	grant.Cert, grant.Authorities = answer.Cert, answer.Authorities
	return identity{
		Host: r.Host, Joined: true, Seed: seed, Copying: true,
		Cluster: answer.Cluster, Node: answer.Node, Base: answer.Base, Replaces: answer.Replaces, Profile: answer.Profile,
	}, grant, nil
}

// request asks members, one after another, until one has taken this node up, or refuses for good. It
// returns the address of the one that has answered.
func (n *Node) request(ctx context.Context, d entrance, r joinRequest) (answer joinAnswer, seed string, err error) {
	r.Raft, r.RESP = n.raftAddr(), n.RESPAddr
	request, err := json.Marshal(r)
	if err != nil {
		return answer, "", err
	}
	var refusal error
	turn := 0
	err = n.persist(ctx, func(ctx context.Context) error {
		if r.Token == "" && n.store != nil && n.store.Applied() > 0 {
			return nil // it has been reached meanwhile
		}
		seed = d.addrs[turn%len(d.addrs)]
		turn++
		reply, err := ask(ctx, seed, d.how, request)
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
	return answer, seed, cmp.Or(refusal, err)
}

// announce asks to be taken up once more, as who the node is by now, if nothing has reached it yet:
// it may have another address than it had when it asked.
func (n *Node) announce(ctx context.Context) error {
	if n.identity.Seed == "" || n.announced || n.store.Applied() > 0 {
		return nil
	}
	d := entrance{addrs: []string{n.identity.Seed}}
	if n.transport.keys != nil {
		d.how = n.transport.keys.Anybody()
	}
	_, _, err := n.request(ctx, d, joinRequest{Host: n.identity.Host})
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
