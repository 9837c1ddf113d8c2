package main

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"

	"confman/integration/ground"
)

// startConfman starts a cluster in the profile of a local network, and with patience; all other settings have their defaults.
func startConfman(voters, nonVoters int) func(context.Context, *service) error {
	return func(ctx context.Context, s *service) error {
		s.leader = s.confmanLeader
		for i := range voters + nonVoters {
			var join []string
			if i > 0 {
				token, err := s.token(ctx, i >= voters)
				if err != nil {
					return err
				}
				join = []string{"--join", token}
			}
			if err := s.startNode(ctx, join); err != nil {
				return err
			}
		}
		for _, p := range s.nodes {
			if err := p.await(ctx, "knows all voters", func(ctx context.Context) bool {
				told := info(ctx, p.addr)
				return told["raft_voters"] == fmt.Sprint(voters) && told["loading"] == "0" && told["raft_leader"] != "0"
			}); err != nil {
				return err
			}
		}
		return nil
	}
}

func (s *service) startNode(ctx context.Context, flags []string) error {
	resp, err1 := ground.Free()
	raft, err2 := ground.Free()
	if err := errors.Join(err1, err2); err != nil {
		return err
	}
	words := []string{s.b.Confman, "serve", "--profile", "lan", "--data-dir", "data", "--resp-addr", resp, "--raft-addr", raft, "--http-addr", "0"}
	p, err := s.launch(resp, append(words, flags...)...)
	if err != nil {
		return err
	}
	return p.await(ctx, "answers", func(ctx context.Context) bool { return info(ctx, resp)["node_id"] != "" })
}

// token has the first node print what lets one more join.
func (s *service) token(ctx context.Context, nonVoter bool) (string, error) {
	words := []string{"token", "--addr", s.nodes[0].addr}
	if nonVoter {
		words = append(words, "--non-voter")
	}
	cmd := exec.CommandContext(ctx, s.b.Confman, words...)
	cmd.Env = environ()
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("confman token: %w", err)
	}
	return strings.TrimSpace(string(out)), nil
}

// confmanLeader asks all nodes whether they lead, until one does.
func (s *service) confmanLeader(ctx context.Context) (leads int, err error) {
	err = s.nodes[0].await(ctx, "or another node leads", func(ctx context.Context) bool {
		for i, p := range s.nodes {
			if info(ctx, p.addr)["raft_role"] == "leader" {
				leads = i
				return true
			}
		}
		return false
	})
	return leads, err
}

// info returns the fields of INFO confman, or nothing if the node does not answer.
func info(ctx context.Context, addr string) map[string]string {
	client := connect(addr)
	defer client.Close()
	for _, fields := range client.InfoMap(ctx, "confman").Val() {
		return fields
	}
	return nil
}
