package replication

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"confman/store"
)

// A token lets one machine join a cluster once. It says where members are, and by which
// fingerprint they are recognised, so that nobody else can be mistaken for one; and it holds a
// secret, of which the members keep only a hash, in confman/tokens/<id>, until it expires.
type token struct {
	Cluster   clusterID `json:"c"`
	Addrs     []string  `json:"a"`           // raft addresses of members
	Authority string    `json:"f,omitempty"` // fingerprint; "" where the raft port speaks plain text
	ID        string    `json:"i"`
	Secret    string    `json:"s"`
}

const (
	tokenPrefix     = "confman1." // the format's number, and what people see that it is one
	tokensNamespace = "confman/tokens"
)

var errNoToken = errors.New("this is no token: copy all of what confman token has printed, from confman1. to its end")

// String is the token as people pass it on.
func (t token) String() string {
	b, err := json.Marshal(t)
	if err != nil {
		panic("replication: " + err.Error()) // strings can always be encoded
	}
	return tokenPrefix + base64.RawURLEncoding.EncodeToString(b)
}

// parseToken reads what String wrote.
func parseToken(text string) (t token, err error) {
	code, ours := strings.CutPrefix(strings.TrimSpace(text), tokenPrefix)
	b, err := base64.RawURLEncoding.DecodeString(code)
	if err != nil || !ours || json.Unmarshal(b, &t) != nil || t.Cluster == 0 || len(t.Addrs) == 0 || t.ID == "" {
		return token{}, errNoToken
	}
	for _, addr := range t.Addrs {
		if err := validAddr(addr); err != nil {
			return token{}, errNoToken
		}
	}
	return t, nil
}

// reach refuses a raft address at which the members could not reach the node.
func (t token) reach(raftAddr string) error {
	if t.Authority == "" || loopback(raftAddr) != nil || slices.ContainsFunc(t.Addrs, func(a string) bool { return loopback(a) == nil }) {
		return nil
	}
	return fmt.Errorf("the members are on other machines (%s), and could not reach this one at %s: set raft_addr (CONFMAN_RAFT_ADDR, --raft-addr), such as 0.0.0.0:6481",
		strings.Join(t.Addrs, ", "), raftAddr)
}

// IsToken reports whether a text is meant as a token, and not as the address of a member.
func IsToken(text string) bool { return strings.HasPrefix(text, tokenPrefix) }

// randomText draws letters that stand for n random bytes.
func randomText(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails
	return base64.RawURLEncoding.EncodeToString(b)
}

func hashOf(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

// An invitation is what the members keep of a token.
type invitation struct {
	Hash     string `json:"hash"` // SHA-256 of the secret
	NonVoter bool   `json:"nonvoter,omitempty"`
	Replaces uint64 `json:"replaces,omitempty"`
	Host     string `json:"host,omitempty"` // that has used it; no other one may
}

// invited returns what a host that has a token was invited for, if it may use it.
//
// known is the member that has the name of the host, if there is one: a token makes nobody that host, unless
// it is by this token that it is to become one, and has not started yet.
func invited(tx *store.Tx, r joinRequest, known Member) (inv invitation, err error) {
	rec, found := tx.Get(store.Join(tokensNamespace, r.Token))
	if !found {
		return inv, finally{errors.New("this token has expired, or never was one of this cluster: confman token, on a member, prints a new one")}
	}
	if err := json.Unmarshal([]byte(rec.Value), &inv); err != nil {
		return inv, fmt.Errorf("token: %w", err)
	}
	switch {
	case inv.Hash != hashOf(r.Secret):
		return inv, finally{errNoToken}
	case inv.Host == r.Host && known.Boots == 0:
		return inv, nil
	case inv.Host != "" || known.ID != 0:
		return inv, finally{errors.New("another machine has used this token: confman token, on a member, prints a new one")}
	}
	return inv, nil
}

// redeem notes which host uses a token, unless that stands there.
func redeem(tx *store.Tx, r joinRequest, inv invitation) error {
	if inv.Host == r.Host {
		return nil
	}
	inv.Host = r.Host
	rec, _ := tx.Get(store.Join(tokensNamespace, r.Token))
	return setInvitation(tx, r.Token, inv, rec.Expires)
}

func setInvitation(tx *store.Tx, id string, inv invitation, expires store.Millis) error {
	value, err := json.Marshal(inv)
	if err != nil {
		return err
	}
	return tx.Set(store.Join(tokensNamespace, id), string(value), expires)
}
