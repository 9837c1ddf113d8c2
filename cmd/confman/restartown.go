package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os/exec"
	"time"

	"confman/validate"

	"github.com/urfave/cli/v2"
)

// An upgrade that nobody watches restarts the service of one machine. Several machines may be upgraded in the
// same minute, so each waits for its turn; but none waits for ever, because an upgrade has to end.

// ownWait is how long a machine waits for its turn unless it is told.
const ownWait = 10 * time.Minute

// restartOwn restarts this machine's service when that leaves the cluster a majority, or, said aloud, when it has
// waited long enough.
func (p *program) restartOwn(c *cli.Context) (err error) {
	s, _, err := p.settings(c)
	if err != nil {
		return err
	}
	addr := validate.Addr(c.String("addr"))
	if !c.IsSet("addr") {
		addr = ownAddr(s)
	}
	p.useSettings(s)
	wait, unit := ownWait, c.String("unit")
	if c.IsSet("wait") {
		wait = c.Duration("wait")
	}
	r, id, err := p.ownRollout(c.Context, addr)
	if err != nil {
		p.warn("the turn was not asked for, because the node of this machine does not tell who the others are: %v", err)
		return p.systemctl(c.Context, unit)
	}
	r.patience = wait
	if err := r.ownTurn(id, wait); err != nil {
		if c.Context.Err() != nil {
			return errors.Join(errors.New("interrupted: nothing was restarted"), r.freeTurn())
		}
		p.warn("restarting without the turn: %v", err)
	}
	defer func() { err = errors.Join(err, r.freeTurn()) }()
	r.patience = c.Duration("node-timeout")
	m, life, err := r.restartUnit(id, addr, unit)
	if err != nil {
		return err
	}
	if err := r.comesBack(m, life); err != nil {
		return err
	}
	return p.say(fmt.Sprintf("node %s was restarted", id))
}

func (p *program) warn(format string, args ...any) {
	fmt.Fprintf(p.stderr, "confman: warning: "+format+"\n", args...)
}

// ownAddr is where a node with these settings serves clients of its own machine.
func ownAddr(s Settings) string {
	host, port, err := net.SplitHostPort(s.RESPAddr)
	if ip := net.ParseIP(host); err == nil && (host == "" || ip != nil && ip.IsUnspecified()) {
		return net.JoinHostPort("127.0.0.1", port)
	}
	return s.RESPAddr
}

// useSettings has this program ask nodes with the password that its node has, unless it was given one.
func (p *program) useSettings(s Settings) {
	if s.Password != "" && p.env("CONFMAN_PASSWORD", "") == "" {
		p.environ = append(p.environ, "CONFMAN_PASSWORD="+s.Password)
	}
}

// ownRollout is for the node at an address alone, whose number it finds out.
func (p *program) ownRollout(ctx context.Context, addr string) (*rollout, string, error) {
	fields, err := p.infoOf(ctx, addr)
	if err != nil {
		return nil, "", err
	}
	r, err := p.newRollout(ctx, addr)
	return r, fields["node_id"], err
}

// ownTurn takes the turn, and makes sure that the others can do without the node, all in the given time.
func (r *rollout) ownTurn(id string, wait time.Duration) error {
	began := time.Now()
	waiting, cancel := context.WithTimeout(r.ctx, wait)
	defer cancel()
	for {
		err := r.renew(waiting)
		if err == nil {
			break
		}
		if isFinal(err) && !isTaken(err) {
			return err // a node of another version, or a password that is not this one's
		}
		r.bar.show("waiting: " + err.Error())
		if pause(waiting) != nil {
			return fmt.Errorf("after %v: %w", wait, err)
		}
	}
	r.patience = max(wait-time.Since(began), askEvery)
	return r.spare(id)
}

// restartUnit has the service manager restart the service, and keeps the turn meanwhile.
func (r *rollout) restartUnit(id, addr, unit string) (m map[string]string, life string, err error) {
	m = map[string]string{"id": id, "resp": addr, "voter": ""}
	if v, seen := r.look(r.ctx, r.addrs); seen && v.member(id) != nil {
		m["voter"] = v.member(id)["voter"]
	}
	life, _ = r.life(m) // of a node that has just gone there is none
	r.bar.show(fmt.Sprintf("node %s restarts", id))
	ended := make(chan error, 1)
	go func() { ended <- r.systemctl(r.ctx, unit) }()
	tick := time.NewTicker(turnAgain)
	defer tick.Stop()
	for {
		select {
		case err := <-ended:
			return m, life, err
		case <-tick.C:
			_ = r.renew(r.ctx) // too late to stop
		}
	}
}

// systemctl restarts a service.
func (p *program) systemctl(ctx context.Context, unit string) error {
	said, err := exec.CommandContext(ctx, "systemctl", "restart", unit).CombinedOutput()
	switch {
	case errors.Is(err, exec.ErrNotFound):
		return errors.New("there is no systemctl here: restart the node by what has started it, or all nodes with confman restart --rolling")
	case err != nil:
		return fmt.Errorf("systemctl restart %s: %w: %s", unit, err, bytes.TrimSpace(said))
	}
	return nil
}
