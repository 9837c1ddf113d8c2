package replication

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"confman/replication/certs"
	"confman/store"
)

// invited starts a node that is to join by a token.
func (c *cluster) invited(dir, token string) (*Node, error) {
	c.Helper()
	n := c.node(dir, "")
	n.Join = token
	err := n.Start(c.Context())
	if err == nil {
		c.nodes = append(c.nodes, n)
	}
	return n, err
}

func (c *cluster) invite(n *Node, inv Invitation) string {
	c.Helper()
	token, err := n.Invite(c.Context(), inv)
	if err != nil {
		c.Fatal(err)
	}
	return token
}

// A token lets one machine in. It may use it again, for as long as it holds; no other machine may.
func TestATokenIsForOneMachine(t *testing.T) {
	c := newCluster(t)
	first := c.start(t.TempDir(), "")
	token := c.invite(first, Invitation{})
	dir := t.TempDir()
	n, err := c.invited(dir, token)
	if err != nil {
		t.Fatal(err)
	}
	c.votersAre(1, 2)
	if info, err := os.Stat(string(n.certs())); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("its certificates: %v, %v", info, err)
	}
	_, err = c.invited(t.TempDir(), token)
	if !errors.Is(err, ErrUntrusted) || !strings.Contains(err.Error(), "another machine has used this token") {
		t.Errorf("another machine: %v", err)
	}
	c.stop(n)
	if n, err = c.invited(dir, token); err != nil || n.identity.Node != 2 {
		t.Errorf("it comes back with the token still in its settings: %v", err)
	}
	c.votersAre(1, 2)
}

func TestATokenThatIsOfNoUse(t *testing.T) {
	c := newCluster(t)
	first := c.start(t.TempDir(), "")
	good, err := parseToken(c.invite(first, Invitation{}))
	if err != nil {
		t.Fatal(err)
	}
	other := newCluster(t).start(t.TempDir(), "")
	forged, elsewhere, guessed := good, good, good
	forged.Secret = "a guess"
	elsewhere.Authority = certs.Fingerprint(other.transport.keys.Root())
	guessed.ID = "another"
	short := c.invite(first, Invitation{TTL: time.Second})
	c.eventually("it has expired", func() bool {
		c.update(first, func(tx *store.Tx) error { return tx.Set("a/clock", "ticks", 0) })
		return len(invitations(first)) == 1
	})
	for name, bad := range map[string][2]string{
		"cut off":        {good.String()[:40], "this is no token"},
		"a wrong secret": {forged.String(), "this is no token"},
		"unknown":        {guessed.String(), "this token has expired, or never was one"},
		"expired":        {short, "this token has expired, or never was one"},
	} {
		if _, err := c.invited(t.TempDir(), bad[0]); err == nil || !strings.Contains(err.Error(), bad[1]) {
			t.Errorf("%s: %v", name, err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	n := c.node(t.TempDir(), "")
	n.Join = elsewhere.String()
	if err := n.Start(ctx); err == nil || !strings.Contains(err.Error(), "its authority is another one") {
		t.Errorf("another cluster: %v", err)
	}
	for _, ttl := range []time.Duration{-time.Second, time.Millisecond, 8 * 24 * time.Hour} {
		if _, err := first.Invite(t.Context(), Invitation{TTL: ttl}); err == nil {
			t.Errorf("a token for %v", ttl)
		}
	}
	if _, err := first.Invite(t.Context(), Invitation{Replaces: 9}); err == nil || !strings.Contains(err.Error(), "there is no node 9") {
		t.Errorf("in place of nobody: %v", err)
	}
}

// invitations are the tokens that hold.
func invitations(n *Node) (ids []string) {
	_ = n.store.View(store.Millis(time.Now().UnixMilli()), func(tx *store.Tx) error {
		for _, item := range tx.List(tokensNamespace) {
			ids = append(ids, item.Key)
		}
		return nil
	})
	return ids
}

// What a token says nobody can learn from the store.
func TestTheStoreKeepsNoSecretOfATokens(t *testing.T) {
	c := newCluster(t)
	n := c.start(t.TempDir(), "")
	token, err := parseToken(c.invite(n, Invitation{}))
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(c.backup(n)), token.Secret) {
		t.Error("the secret is in the store")
	}
	if !strings.Contains(string(c.backup(n)), token.ID) {
		t.Error("the token is not in the store")
	}
}

// Any voter can take up new nodes, when the one that made the cluster's authority is gone; a node in
// place of another one comes by a token that says so.
func TestEveryVoterHasTheKeyOfTheAuthority(t *testing.T) {
	c := three(t)
	for _, n := range c.nodes {
		c.eventually("it has the key", func() bool { return n.certs().Has(certs.AuthorityKeyFile) })
	}
	gone := c.nodes[0]
	c.stop(gone)
	c.leader()
	n, err := c.invited(t.TempDir(), c.invite(c.nodes[1], Invitation{Replaces: gone.identity.Node}))
	if err != nil {
		t.Fatal(err)
	}
	if n.identity.Replaces != gone.identity.Node {
		t.Errorf("it replaces node %d", n.identity.Replaces)
	}
	c.votersAre(2, 3, 4)
	if key, err := c.nodes[0].authorityKey(hostA); err == nil || key != nil {
		t.Error("who has no vote has the key")
	}
}

// Certificates are exchanged under a cluster that runs.
func TestCertificatesAreExchangedWhileTheClusterRuns(t *testing.T) {
	c := three(t)
	next := newAuthority(t)
	for _, n := range c.nodes {
		old := n.transport.keys.Root()
		if err := n.certs().Write(certs.AuthorityFile, certs.EncodeCerts(old, next.Cert)); err != nil {
			t.Fatal(err)
		}
	}
	for _, n := range c.nodes {
		if err := n.certs().Certify(next, n.identity.certified(), time.Now()); err != nil {
			t.Fatal(err)
		}
	}
	for _, n := range c.nodes {
		if err := n.certs().Write(certs.AuthorityFile, certs.EncodeCerts(next.Cert)); err != nil {
			t.Fatal(err)
		}
	}
	for _, n := range c.nodes { // all connections are made anew
		n.transport.mu.Lock()
		for conn := range n.transport.conns {
			_ = conn.Close()
		}
		n.transport.mu.Unlock()
	}
	c.leader()
	for _, n := range c.nodes {
		c.update(n, count("counter"))
		if !n.transport.keys.Root().Equal(next.Cert) {
			t.Error("it still uses the old one")
		}
	}
	c.same()
}

// A cluster without certificates goes on as it was, on one machine; its nodes join by address.
func TestAClusterWithoutCertificates(t *testing.T) {
	c := newCluster(t)
	n := c.node(t.TempDir(), "")
	n.Plain = true
	if err := n.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	c.nodes = append(c.nodes, n)
	c.start(t.TempDir(), n.raftAddr())
	third, err := c.invited(t.TempDir(), c.invite(n, Invitation{}))
	if err != nil {
		t.Fatal(err)
	}
	c.votersAre(1, 2, 3)
	if third.certs().Has(certs.NodeFile) {
		t.Error("it has a certificate")
	}
	stranger := c.node(t.TempDir(), "")
	stranger.Join = newCluster(t).start(t.TempDir(), "").raftAddr()
	if err := stranger.Start(t.Context()); err == nil || !strings.Contains(err.Error(), "needs a token") {
		t.Errorf("without a token: %v", err)
	}
}

// A machine that the members could not reach says so before it joins.
func TestALoopbackAddressIsNoUseToOtherMachines(t *testing.T) {
	elsewhere := token{Cluster: testCluster, Addrs: []string{"10.0.0.1:6481", "10.0.0.2:6481"}, Authority: "00", ID: "x", Secret: "y"}
	_, err := newCluster(t).invited(t.TempDir(), elsewhere.String())
	if err == nil || !strings.Contains(err.Error(), "could not reach this one at 127.0.0.1:") {
		t.Error(err)
	}
}
