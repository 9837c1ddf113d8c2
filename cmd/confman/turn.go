package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"confman/resp"
)

// Who restarts a node has the turn: a config of the system's with an expiry, which is taken only if nobody
// else has it. It is taken longer again and again while a node restarts, and anew, which fails if it was
// lost, right before the next one is told to. A holder that died keeps the others waiting until it expires.
const (
	// turnTime is for how long it is taken: longer than a hand-over of leadership takes in any profile,
	// while which nobody renews it.
	turnTime = 3 * time.Minute
	// turnAgain is how often it is taken longer.
	turnAgain = 15 * time.Second
	// freeTime is how long giving it back may take: if it cannot be, it expires.
	freeTime = 5 * time.Second
)

// newHolder names this process for others to see who has the turn.
func newHolder() string {
	name, err := os.Hostname()
	if err != nil || name == "" {
		name = "somewhere"
	}
	return fmt.Sprintf("%.100s/%d/%s", name, os.Getpid(), rand.Text()[:8])
}

// takeTurn takes the turn, and waits for it for a while if somebody else has it.
func (r *rollout) takeTurn(wait time.Duration) error {
	waited, cancel := context.WithTimeout(r.ctx, wait)
	defer cancel()
	for {
		err := r.renew(r.ctx)
		switch {
		case err == nil, isFinal(err) && !isTaken(err), wait == 0 && !isTaken(err):
			return err
		case wait == 0:
			return failure{exitConflict, fmt.Errorf("%w (--wait 10m waits for that)", err)}
		}
		r.bar.show("waiting: " + err.Error())
		if pause(waited) != nil {
			return fmt.Errorf("the turn did not come within %v: %w", wait, err)
		}
	}
}

// renew takes the turn, or takes it longer, on the first node that can tell. A node that does not answer says
// nothing about it, and neither does one without a leader.
func (r *rollout) renew(ctx context.Context) error {
	err := r.onAny(ctx, askTime, func(n *node) error {
		_, err := n.do("MEMBER", "TURN", r.holder, strconv.Itoa(int(turnTime/time.Second)))
		return err
	})
	if err == nil {
		r.renewed = time.Now()
	}
	return err
}

// freeTurn gives the turn back, also when the command was interrupted.
func (r *rollout) freeTurn() error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.ctx), freeTime)
	defer cancel()
	err := r.onAny(ctx, askTime, func(n *node) error {
		_, err := n.do("MEMBER", "TURN", r.holder, "0")
		return err
	})
	if err != nil && !isTaken(err) {
		return fmt.Errorf("the turn could not be given back, and others can take it in %v: %w", turnTime, err)
	}
	return nil
}

// isTaken reports whether somebody else has the turn.
func isTaken(err error) bool {
	var refused resp.Error
	return errors.As(err, &refused) && strings.HasPrefix(string(refused), "TURN ")
}

// onAny does something on the first node with which it works, in the order in which they are known, for so long on
// each. A node's refusal that another one would repeat is final.
func (r *rollout) onAny(ctx context.Context, each time.Duration, do func(*node) error) (err error) {
	for _, addr := range r.addrs {
		asking, cancel := context.WithTimeout(ctx, each)
		err = r.onNode(asking, addr, do)
		cancel()
		if err == nil || isFinal(err) {
			return err
		}
	}
	return err
}

// isFinal reports whether a node has answered with an error that is not about how it stands itself.
func isFinal(err error) bool {
	var f failure
	return errors.As(err, &f) && f.code != exitNoQuorum
}

func (r *rollout) onNode(ctx context.Context, addr string, do func(*node) error) error {
	n, err := r.dial(ctx, addr)
	if err != nil {
		return err
	}
	defer n.Close()
	return do(n)
}

// pause waits a moment, or until ctx ends.
func pause(ctx context.Context) error {
	select {
	case <-time.After(askEvery):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
