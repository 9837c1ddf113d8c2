package main

import (
	"errors"
	"fmt"
	"time"

	"confman/validate"

	"github.com/urfave/cli/v2"
)

// restartCommand restarts the nodes of a cluster, or this machine's, so that never two are away at once.
func (p *program) restartCommand() *cli.Command {
	return &cli.Command{
		Name: "restart", Usage: "restart all nodes one after the other, or this machine's when it is its turn",
		Flags: append(p.clientFlags(
			&cli.BoolFlag{Name: "rolling", Usage: "restart every node of the cluster, the leader last", DisableDefaultText: true},
			&cli.BoolFlag{Name: "wait-turn", Usage: "restart the service of this machine when no other node is restarted and the others are a majority; for upgrades", DisableDefaultText: true},
			&cli.DurationFlag{Name: "wait", Usage: "how long to wait for the turn while somebody else restarts nodes; 10m with --wait-turn, which restarts without it then"},
			&cli.DurationFlag{Name: "node-timeout", Value: 5 * time.Minute, Usage: "how long a node may take to be back and to have caught up"},
			&cli.StringFlag{Name: "unit", Value: "confman", Usage: "with --wait-turn: the service to restart"},
		), &cli.StringFlag{Name: "config", Usage: "with --wait-turn: settings file; " + defaultFile + " if it is there ($CONFMAN_CONFIG)"}),
		Action: p.restart,
	}
}

func (p *program) restart(c *cli.Context) error {
	if err := needArgs(c, 0, 0); err != nil {
		return err
	}
	rolling, own := c.Bool("rolling"), c.Bool("wait-turn")
	switch {
	case rolling == own:
		return failure{exitUsage, errors.New("usage: confman restart --rolling, for all nodes, or confman restart --wait-turn, for this machine's")}
	case c.Duration("wait") < 0 || c.Duration("node-timeout") <= 0:
		return failure{exitUsage, errors.New("--wait must not be negative, and --node-timeout must be more than nothing")}
	case rolling:
		return p.restartAll(c)
	}
	return p.restartOwn(c)
}

// restartAll restarts every node, and stops at the first that does not come back.
func (p *program) restartAll(c *cli.Context) (err error) {
	began, wait := time.Now(), c.Duration("wait")
	r, err := p.newRollout(c.Context, validate.Addr(c.String("addr")))
	for err != nil && !isFinal(err) && time.Since(began) < wait && pause(c.Context) == nil {
		r, err = p.newRollout(c.Context, validate.Addr(c.String("addr"))) // whoever has the turn may be restarting this one
	}
	if err != nil {
		return err
	}
	r.patience = c.Duration("node-timeout")
	if err := r.takeTurn(wait); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.freeTurn()) }()
	order, err := r.order() // with the turn: else a node may be away because somebody restarts it
	if err != nil {
		return err
	}
	for done, id := range order {
		if err := r.restartNode(id); err != nil {
			return r.stopped(done, len(order), err)
		}
	}
	return p.say(fmt.Sprintf("%d of %d nodes were restarted", len(order), len(order)))
}

// stopped says how far the nodes had come when one could not be restarted.
func (r *rollout) stopped(done, of int, err error) error {
	code := exitFailure
	var f failure
	if errors.As(err, &f) {
		code = f.code
	}
	if r.ctx.Err() != nil {
		code, err = exitFailure, errors.New("interrupted")
	}
	return failure{code, fmt.Errorf("stopped after %d of %d nodes: %w; mend that, and begin again: confman restart --rolling", done, of, err)}
}
