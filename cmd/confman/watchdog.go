package main

import (
	"context"
	"errors"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
)

// A check returns nil if a part of the node moves. It returns soon after ctx ends; something that takes longer than patience does
// not move.
type check func(ctx context.Context, patience time.Duration) error

// rounds is how many times the checks are made within the time after which the service manager takes the node for stuck.
const rounds = 3

// feed tells the service manager that the node moves, until ctx ends. While a check fails it tells nothing: then it is
// ended and started again. A node without a majority moves.
func (v *supervisor) feed(ctx context.Context, limit time.Duration, checks []check) {
	tick := time.NewTicker(limit / rounds)
	defer tick.Stop()
	stuck := false
	for {
		err := moves(ctx, limit/rounds, checks)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil && !stuck:
			v.log.Error("the node is stuck; if it stays so, the service manager ends it and starts it again: look at its disk and at the load of the machine",
				"limit", limit, "error", err)
		case err == nil && stuck:
			v.log.Warn("the node moves again")
		}
		if stuck = err != nil; !stuck {
			v.tell(daemon.SdNotifyWatchdog)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// moves makes all checks, at once.
func moves(ctx context.Context, patience time.Duration, checks []check) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	results := make(chan error, len(checks))
	for _, c := range checks {
		go func() { results <- c(ctx, patience) }()
	}
	var errs []error
	for range checks {
		errs = append(errs, <-results)
	}
	return errors.Join(errs...)
}
