package replication

import (
	"context"
	"errors"
	"time"
)

// An Invitation is what a token is good for.
type Invitation struct {
	NonVoter bool
	Replaces uint64        // the node in whose place the new one comes, or 0
	TTL      time.Duration // until it is good for nothing; 0 for the default
}

// Invite makes a token with which one new node can join.
func (n *Node) Invite(context.Context, Invitation) (token string, err error) {
	return "", errors.New("there are no tokens yet")
}
