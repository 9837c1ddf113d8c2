package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
)

// askTime is how long a node may take to answer somebody who restarts nodes: as long as a write is held, and more.
const askTime = 5 * time.Second

// leadWait is how long a hand-over of leadership may take: it ends by itself before, in every profile.
const leadWait = 150 * time.Second

// A rollout restarts nodes of a cluster one at a time, as the holder of the turn.
type rollout struct {
	*program
	ctx      context.Context
	addrs    []string // of clients, of all nodes, the one that was named first
	holder   string
	renewed  time.Time
	patience time.Duration // with a node
	bar      progressBar
}

// newRollout finds out from a node who the others are.
func (p *program) newRollout(ctx context.Context, addr string) (*rollout, error) {
	r := &rollout{program: p, ctx: ctx, addrs: []string{addr}, holder: newHolder(), bar: progressBar{w: p.stderr}}
	if f, isFile := p.stderr.(*os.File); isFile {
		r.bar.terminal = isTerminal(f)
	}
	return r, r.onNode(ctx, addr, func(n *node) error {
		members, err := n.members()
		for _, m := range members {
			if m["resp"] != "" && !slices.Contains(r.addrs, m["resp"]) {
				r.addrs = append(r.addrs, m["resp"])
			}
		}
		return err
	})
}

// order returns the nodes in the order in which they are restarted: those that follow, and the leader last,
// so that leadership moves once. All that vote have to run.
func (r *rollout) order() (ids []string, err error) {
	v, seen := r.look(r.ctx, r.addrs)
	if !seen {
		return nil, failure{exitNoQuorum, errors.New("no node knows a leader: nothing was restarted; confman status shows which nodes are away")}
	}
	leader := ""
	for _, m := range v.members {
		away := v.info(m) == nil
		switch {
		case m["meant"] == "gone":
		case away && m["voter"] == "1":
			return nil, failure{exitNoQuorum, fmt.Errorf("nothing was restarted: node %s does not answer at %s: start it first", m["id"], m["resp"])}
		case away:
			r.warn("node %s, which has no vote, does not answer at %s, and is left out", m["id"], m["resp"])
		case m["role"] == "leader":
			leader = m["id"]
		default:
			ids = append(ids, m["id"])
		}
	}
	if leader != "" {
		ids = append(ids, leader)
	}
	return ids, nil
}

// restartNode restarts one node, and returns when it has caught up.
func (r *rollout) restartNode(id string) error {
	if err := r.spare(id); err != nil {
		return err
	}
	m, err := r.member(id)
	if err != nil {
		return err
	}
	life, err := r.life(m)
	if err != nil {
		return fmt.Errorf("node %s: %w", id, err)
	}
	r.bar.show(fmt.Sprintf("node %s restarts", id))
	err = r.onNode(r.ctx, m["resp"], func(n *node) error {
		_, err := n.do("MEMBER", "RESTART")
		return err
	})
	if err != nil {
		return fmt.Errorf("node %s: %w", id, err)
	}
	return r.comesBack(m, life)
}

// member looks a node up.
func (r *rollout) member(id string) (map[string]string, error) {
	v, seen := r.look(r.ctx, r.addrs)
	switch m := v.member(id); {
	case !seen:
		return nil, failure{exitNoQuorum, errors.New("no node knows a leader")}
	case m == nil:
		return nil, fmt.Errorf("node %s is no member any more", id)
	default:
		return m, nil
	}
}

// spare makes sure that the others can do without a node: that they are a majority that has caught up, that
// another one leads, and that the turn is still this one's, in this order, because time passes.
func (r *rollout) spare(id string) error {
	mark := ""
	err := r.until(r.patience, func(v view) (string, bool) {
		mark = cmp.Or(mark, v.leader)
		v.leader = mark
		why := v.needs(id)
		return why, why == ""
	})
	if err != nil {
		return failure{exitNoQuorum, err}
	}
	v, seen := r.look(r.ctx, r.addrs)
	if m := v.member(id); seen && m != nil && m["role"] == "leader" {
		if err := r.handOver(v, id); err != nil {
			return err
		}
	}
	if err := r.renew(r.ctx); err != nil {
		return fmt.Errorf("before node %s: %w", id, err)
	}
	return nil
}

// needs says why the cluster cannot do without a node, or is "". A node alone is always needed, and restarts
// all the same: there is nobody who could stand in.
func (v view) needs(id string) string {
	voters, ready := 0, 0
	away := ""
	for _, m := range v.members {
		if m["voter"] != "1" {
			continue
		}
		voters++
		if m["id"] == id {
			continue
		}
		if why := v.behind(m); why != "" {
			away += "; " + why
		} else {
			ready++
		}
	}
	m := v.member(id)
	if m == nil || m["voter"] != "1" || voters == 1 || ready > voters/2 || voters == 2 && ready == 1 {
		return ""
	}
	return fmt.Sprintf("without node %s there would be no majority: %d of the other %d voters have caught up%s", id, ready, voters-1, away)
}

// behind says why a node is not up to date, or is "".
func (v view) behind(m map[string]string) string {
	fields := v.info(m)
	switch {
	case fields == nil:
		return fmt.Sprintf("node %s does not answer at %s", m["id"], m["resp"])
	case fields["loading"] == "1":
		return fmt.Sprintf("node %s copies the state", m["id"])
	case fields["health"] == "red":
		return fmt.Sprintf("node %s only reads: %s", m["id"], fields["degraded"])
	case fields["raft_leader"] == "0":
		return fmt.Sprintf("node %s knows no leader", m["id"])
	case revision(fields["applied_revision"]) < revision(v.leader):
		return fmt.Sprintf("node %s is at revision %s of %s", m["id"], grouped(fields["applied_revision"]), grouped(v.leader))
	}
	return ""
}

func revision(text string) uint64 {
	n, _ := strconv.ParseUint(text, 10, 64) // 0 for what is not known
	return n
}

// handOver has another voter lead. If none can, the node goes as it is: it hands over when it ends, too.
func (r *rollout) handOver(v view, id string) error {
	var failed error
	v.leader = "" // whether one has its log the leader finds out
	for _, m := range v.members {
		if m["id"] == id || m["voter"] != "1" || m["meant"] != "voter" || v.behind(m) != "" {
			continue
		}
		r.bar.show(fmt.Sprintf("node %s takes over from node %s", m["id"], id))
		failed = r.onAny(r.ctx, leadWait, func(n *node) error {
			_, err := n.do("MEMBER", "LEAD", m["id"])
			return err
		})
		if failed == nil {
			return nil
		}
	}
	if failed != nil {
		return fmt.Errorf("node %s leads, and nobody takes over: %w", id, failed)
	}
	return nil
}

// life tells one life of a node's process from the next.
func (r *rollout) life(m map[string]string) (id string, err error) {
	ctx, cancel := context.WithTimeout(r.ctx, time.Second)
	defer cancel()
	err = r.onNode(ctx, m["resp"], func(n *node) error {
		text, err := n.text("INFO", "server")
		for line := range strings.Lines(text) {
			if value, found := strings.CutPrefix(strings.TrimSpace(line), "run_id:"); found {
				id = value
			}
		}
		return err
	})
	return id, err
}

// comesBack waits until a node lives again and has caught up with what the leader has by then. While others write, one
// behind a slow link never has what the leader has at the moment.
func (r *rollout) comesBack(m map[string]string, life string) error {
	mark := ""
	err := r.until(r.patience, func(v view) (string, bool) {
		if now, err := r.life(m); err != nil || now == life {
			return fmt.Sprintf("node %s is away", m["id"]), false
		}
		mark = cmp.Or(mark, v.leader)
		v.leader = mark
		if why := v.behind(m); why != "" {
			return why, false
		}
		if now := v.member(m["id"]); now == nil || m["voter"] != "" && now["voter"] != m["voter"] {
			return fmt.Sprintf("node %s does not take part yet", m["id"]), false
		}
		return fmt.Sprintf("node %s is back", m["id"]), true
	})
	if err != nil {
		return fmt.Errorf("node %s did not come back: %w", m["id"], err)
	}
	return nil
}

// until waits until a goal is reached, for a while, keeps the turn meanwhile, and shows the progress. Whoever
// else has the turn has taken it from a holder that was away for longer than it is taken: then this one stops.
func (r *rollout) until(patience time.Duration, done goal) error {
	waiting, cancel := context.WithTimeout(r.ctx, patience)
	defer cancel()
	last := "no node knows a leader"
	for {
		if v, seen := r.look(waiting, r.addrs); seen {
			text, reached := done(v)
			r.bar.show(text)
			if reached {
				return nil
			}
			last = text
		}
		if !r.renewed.IsZero() && time.Since(r.renewed) > turnAgain {
			if err := r.renew(waiting); isTaken(err) {
				return err
			}
		}
		if pause(waiting) != nil {
			return fmt.Errorf("%s, after %v", last, patience)
		}
	}
}
