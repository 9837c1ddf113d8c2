package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"
)

// serviceName is the service that runs the node of a machine.
const serviceName = "confman"

// A service is that of this machine, if systemd has it.
type service struct{ found bool }

// findService asks systemd for the service.
func findService(ctx context.Context) service {
	out, err := exec.CommandContext(ctx, "systemctl", "show", "--property=LoadState", "--value", serviceName).Output()
	return service{err == nil && strings.TrimSpace(string(out)) == "loaded"}
}

// do has systemd do something with the service.
func (service) do(ctx context.Context, verb string) error {
	out, err := exec.CommandContext(ctx, "systemctl", verb, serviceName).CombinedOutput()
	if err == nil {
		return nil
	}
	text := strings.TrimSpace(string(out))
	if errors.Is(ctx.Err(), context.Canceled) {
		return errWaiting
	}
	return fmt.Errorf("systemctl %s %s: %w: %s\nread why: journalctl -u %s -o cat -n 5", verb, serviceName, err, text, serviceName)
}

// failed reports whether the service has given up.
func (v service) failed(ctx context.Context) bool {
	out, err := exec.CommandContext(ctx, "systemctl", "show", "--property=ActiveState", "--value", serviceName).Output()
	return err == nil && strings.TrimSpace(string(out)) == "failed"
}

// await waits until the node is a member of the cluster and has everything, and shows how far it is.
func (j *joiner) await(ctx context.Context, s Settings) (done joined, err error) {
	bar := &progressBar{w: j.stderr}
	if f, isFile := j.stderr.(*os.File); isFile {
		bar.terminal = isTerminal(f)
	}
	defer bar.end()
	tick := time.NewTicker(askEvery)
	defer tick.Stop()
	addr := s.RESPAddr
	if s.RESPSocket != "" {
		addr = s.RESPSocket
	}
	for {
		text, done, reached := j.look(ctx, addr)
		if bar.show(text); reached {
			return done, nil
		}
		if done.Node == "" && j.service.failed(ctx) {
			return done, fmt.Errorf("the service has given up: journalctl -u %s -o cat -n 5 says why", serviceName)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return done, errStillJoining
		}
	}
}

var errStillJoining = errors.New("the waiting has ended, and nothing is lost: the node goes on by itself; confman status shows how far it is, and journalctl -u " + serviceName + " what it waits for")

// look asks the node how far it is.
func (j *joiner) look(ctx context.Context, addr string) (progress string, done joined, reached bool) {
	fields, err := j.infoOf(ctx, addr)
	switch {
	case err != nil:
		return "waiting for the node to start", done, false
	case fields["cluster_id"] != j.cluster:
		return fmt.Sprintf("the node is of cluster %s still", fields["cluster_id"]), done, false
	}
	done = joined{Node: fields["node_id"], Cluster: fields["cluster_id"], Role: "voter"}
	if fields["loading"] == "1" {
		return fmt.Sprintf("node %s copies the state: revision %s", done.Node, grouped(fields["applied_revision"])), done, false
	}
	v, err := j.viewOf(ctx, addr)
	m := v.member(done.Node)
	if err != nil || m == nil {
		return fmt.Sprintf("node %s waits for a leader", done.Node), done, false
	}
	if j.goal == "" {
		j.goal = v.leader // which goes on
	}
	if m["voter"] != "1" {
		done.Role = "non-voter"
	}
	if m["voter"] != "1" && m["meant"] == "voter" || atoi(fields["applied_revision"]) < atoi(j.goal) {
		return fmt.Sprintf("node %s catches up: revision %s of %s", done.Node, grouped(fields["applied_revision"]), grouped(j.goal)), done, false
	}
	return fmt.Sprintf("node %s has caught up", done.Node), done, true
}
