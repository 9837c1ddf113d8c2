package replication

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"confman/replication/certs"
)

// stranger asks a node to be taken up, as whoever it likes.
func (c *cluster) stranger(n *Node, how *tls.Config, r joinRequest) error {
	c.Helper()
	key, err := certs.NewKey()
	if err != nil {
		c.Fatal(err)
	}
	r.Raft, r.RESP = "127.0.0.1:9", "127.0.0.1:1"
	if r.Request, err = certs.Request(certs.Identity{Host: r.Host}, key); err != nil {
		c.Fatal(err)
	}
	request, err := json.Marshal(r)
	if err != nil {
		c.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(c.Context(), 10*time.Second)
	defer cancel()
	_, err = ask(ctx, n.raftAddr(), how, request)
	return err
}

// A token makes nobody a member that is there already, neither the one that has used it nor another one.
func TestATokenMakesNobodyAnother(t *testing.T) {
	c := three(t)
	n, victim := c.nodes[0], c.nodes[1]
	how := certs.Joining(n.identity.Cluster.String(), certs.Fingerprint(n.transport.keys.Root()), time.Now)
	for name, text := range map[string]string{"a new one": c.invite(n, Invitation{NonVoter: true}), "the one it has used": victim.Join} {
		token, err := parseToken(text)
		if err != nil {
			t.Fatal(err)
		}
		before, _ := n.member(victim.identity.Node)
		err = c.stranger(n, how, joinRequest{Host: victim.identity.Host, Token: token.ID, Secret: token.Secret})
		if err == nil || !strings.Contains(err.Error(), "another machine has used this token") {
			t.Errorf("%s: %v", name, err)
		}
		if after, _ := n.member(victim.identity.Node); after != before {
			t.Errorf("%s: the member is %+v, and was %+v", name, after, before)
		}
	}
}

// The certificate of a node without a vote is of no use to get one, or to become another one.
func TestANonVoterStaysOne(t *testing.T) {
	c := three(t)
	edge := c.nonVoter()
	c.rolesAre(ids(1, 2, 3), ids(4))
	was := edge.identity.Host
	for name, r := range map[string]joinRequest{
		"a vote":              {Host: hostA, Was: was},
		"a vote, as itself":   {Host: hostA, Was: was, Node: 4, Replace: true},
		"another's name":      {Host: c.nodes[1].identity.Host, Was: was, Node: 4, Replace: true, Self: true, NonVoter: true},
		"another one's place": {Host: hostA, Was: was, Node: 2, Replace: true, Self: true, NonVoter: true},
	} {
		if err := c.stranger(c.nodes[0], edge.transport.keys.Anybody(), r); err == nil {
			t.Errorf("it got %s", name)
		}
	}
	if err := c.stranger(c.nodes[0], edge.transport.keys.Anybody(), joinRequest{Host: was}); err != nil {
		t.Errorf("it says once more where it is: %v", err)
	}
	c.rolesAre(ids(1, 2, 3), ids(4))
}

// Whoever may not join costs the cluster no entry of its log.
func TestStrangersWriteNothing(t *testing.T) {
	c := three(t)
	c.same()
	n := c.leader()
	before := n.Status().LogEnd
	how := certs.Joining(n.identity.Cluster.String(), certs.Fingerprint(n.transport.keys.Root()), time.Now)
	for range 10 {
		if err := c.stranger(n, how, joinRequest{Host: hostA, Token: "a guess", Secret: "x"}); err == nil {
			t.Fatal("let in")
		}
	}
	if after := n.Status().LogEnd; after != before {
		t.Errorf("the log ends at %d, and did at %d", after, before)
	}
}

// Nobody takes the place of a node that runs, whichever member is asked, and with whatever token.
func TestThePlaceOfANodeThatRuns(t *testing.T) {
	c := three(t)
	others := c.others(c.leader())
	r := c.replacement(t.TempDir(), others[0].identity.Node)
	r.Join = c.token(others[1].raftAddr())
	if _, err := r.Replace(t.Context()); err == nil || !strings.Contains(err.Error(), "is running: stop it first") {
		t.Error(err)
	}
}
