package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"confman/resp"
)

// A cluster is the nodes of the demo.
type cluster struct {
	binary string
	dir    string
	nodes  []*node
}

// A node is a process and where it is reached.
type node struct {
	cluster *cluster
	number  int
	resp    string
	raft    string
	join    string // a token
	process *exec.Cmd
	exited  chan struct{}
	log     *log
}

// log collects what a process prints.
type log struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *log) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(b)
}

func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// patience is how long anything in the demo may take.
const patience = 30 * time.Second

// add starts one node more and waits until it has a vote.
func (c *cluster) add(ctx context.Context) error {
	n := &node{cluster: c, number: len(c.nodes) + 1, log: &log{}}
	var err error
	if n.resp, err = freeAddr(); err != nil {
		return err
	}
	if n.raft, err = freeAddr(); err != nil {
		return err
	}
	if len(c.nodes) > 0 {
		if n.join, err = c.nodes[0].token(ctx); err != nil {
			return err
		}
	}
	c.nodes = append(c.nodes, n)
	if err := n.start(ctx); err != nil {
		return err
	}
	return n.eventually(ctx, "it has a vote", func(info map[string]string) bool {
		return info["raft_voters"] == fmt.Sprint(len(c.nodes)) && info["raft_role"] != "non-voter" && info["raft_leader"] != "0"
	})
}

// freeAddr returns a loopback address that nobody listens at.
func freeAddr() (string, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return ln.Addr().String(), ln.Close()
}

func (n *node) port() string {
	_, port, _ := strings.Cut(n.resp, ":")
	return port
}

// start starts the process and waits until it answers.
func (n *node) start(ctx context.Context) error {
	args := []string{
		"serve", "--profile", "lan", "--resp-addr", n.resp, "--raft-addr", n.raft, "--http-addr", "0",
		"--data-dir", filepath.Join(n.cluster.dir, fmt.Sprint(n.number)),
	}
	if n.join != "" {
		args = append(args, "--join", n.join)
	}
	process := exec.Command(n.cluster.binary, args...)
	process.Stdout, process.Stderr = n.log, n.log
	process.SysProcAttr = detached() // Ctrl-C is for the demo alone
	if err := process.Start(); err != nil {
		return err
	}
	n.process, n.exited = process, make(chan struct{})
	go func(process *exec.Cmd, exited chan struct{}) {
		_ = process.Wait() // it ends when it is told to, or its log says why
		close(exited)
	}(n.process, n.exited)
	return n.eventually(ctx, "it answers", func(map[string]string) bool { return true })
}

// kill ends the process as a crash does.
func (n *node) kill() { n.end(os.Kill) }

func (n *node) end(signal os.Signal) {
	if n.process == nil {
		return
	}
	_ = n.process.Process.Signal(signal) // it may have ended
	select {
	case <-n.exited:
	case <-time.After(patience):
		_ = n.process.Process.Kill() // it does not listen
		<-n.exited
	}
	n.process = nil
}

// stop ends all processes.
func (c *cluster) stop() {
	for _, n := range c.nodes {
		n.end(os.Interrupt)
	}
}

func (c *cluster) logs() string {
	var b strings.Builder
	for _, n := range c.nodes {
		fmt.Fprintf(&b, "node %d:\n%s\n", n.number, n.log)
	}
	return b.String()
}

// do sends a command.
func (n *node) do(ctx context.Context, words ...string) (resp.Reply, error) {
	client, err := resp.Dial(ctx, n.resp)
	if err != nil {
		return nil, err
	}
	defer client.Close()
	return client.Do(ctx, words...)
}

// token has a node make a token, with which another one can join.
func (n *node) token(ctx context.Context) (string, error) {
	reply, err := n.do(ctx, "MEMBER", "ADD")
	if err != nil {
		return "", err
	}
	token, made := reply.(string)
	if !made {
		return "", fmt.Errorf("MEMBER ADD answers %s", resp.Format(reply))
	}
	return token, nil
}

// tell sends a command, and prints it and its reply, which must be the expected one.
func (n *node) tell(ctx context.Context, want string, words ...string) error {
	fmt.Printf("%s> %s\n", n.resp, strings.Join(words, " "))
	reply, err := n.do(ctx, words...)
	if err != nil {
		return err
	}
	got := resp.Format(reply)
	fmt.Println(got)
	if got != want {
		return fmt.Errorf("expected %s", want)
	}
	return nil
}

// info returns the fields of INFO confman.
func (n *node) info(ctx context.Context) (map[string]string, error) {
	reply, err := n.do(ctx, "INFO", "confman")
	if err != nil {
		return nil, err
	}
	fields := map[string]string{}
	for line := range strings.Lines(fmt.Sprint(reply)) {
		if name, value, found := strings.Cut(strings.TrimSpace(line), ":"); found {
			fields[name] = value
		}
	}
	return fields, nil
}

// eventually waits until a node's info is as it should be.
func (n *node) eventually(ctx context.Context, what string, holds func(map[string]string) bool) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		if info, err := n.info(ctx); err == nil && holds(info) {
			return nil
		}
		select {
		case <-tick.C:
		case <-n.exited:
			return fmt.Errorf("node %d has ended", n.number)
		case <-ctx.Done():
			return fmt.Errorf("node %d: never: %s: %w", n.number, what, ctx.Err())
		}
	}
}

// same waits until all nodes have applied the same, and checks that their states are equal.
func (c *cluster) same(ctx context.Context) error {
	first, err := c.nodes[0].info(ctx)
	if err != nil {
		return err
	}
	for _, n := range c.nodes[1:] {
		var hash string
		err := n.eventually(ctx, "it has caught up", func(info map[string]string) bool {
			if fresh, err := c.nodes[0].info(ctx); err == nil {
				first = fresh
			}
			hash = info["state_hash"]
			return info["applied_revision"] == first["applied_revision"]
		})
		if err != nil {
			return err
		}
		if hash != first["state_hash"] {
			return errors.New("two nodes at one revision hold different states")
		}
	}
	return nil
}

// roles returns the leader and the others.
func (c *cluster) roles(ctx context.Context) (leader *node, others []*node, err error) {
	for _, n := range c.nodes {
		info, err := n.info(ctx)
		if err != nil {
			return nil, nil, err
		}
		if info["raft_role"] == "leader" {
			leader = n
		} else {
			others = append(others, n)
		}
	}
	if leader == nil || len(others) != 2 {
		return nil, nil, errors.New("not one leader and two others")
	}
	return leader, others, nil
}

// status shows what confman status prints.
func (c *cluster) status(ctx context.Context) error {
	cmd := exec.CommandContext(ctx, c.binary, "status", "--addr", c.nodes[0].resp)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	return cmd.Run()
}
