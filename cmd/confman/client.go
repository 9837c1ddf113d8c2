package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"syscall"
	"time"

	"confman/resp"
	"confman/validate"

	"github.com/urfave/cli/v2"
)

// dialTime is how long to wait for a node to take a connection.
const dialTime = 2 * time.Second

// clientFlags are those of every command that asks a node.
func (p *program) clientFlags(more ...cli.Flag) []cli.Flag {
	addr := &cli.StringFlag{
		Name: "addr", Aliases: []string{"a"}, Value: p.env("CONFMAN_RESP_ADDR", defaults().RESPAddr),
		Usage: "where a node's clients reach it: HOST:PORT, or a port of this machine ($CONFMAN_RESP_ADDR)",
	}
	return append([]cli.Flag{addr, p.outputFlag()}, more...)
}

// env returns a variable of the environment, or a default.
func (p *program) env(name, otherwise string) string {
	for _, pair := range p.environ {
		if value, found := strings.CutPrefix(pair, name+"="); found {
			return value
		}
	}
	return otherwise
}

// ask connects to the node that the flags name, runs do, and disconnects.
func (p *program) ask(c *cli.Context, do func(*node) error) error {
	n, err := p.dial(c.Context, validate.Addr(c.String("addr")))
	if err != nil {
		return err
	}
	defer n.Close()
	return do(n)
}

// A node is a connection to one.
type node struct {
	*resp.Client
	ctx  context.Context
	addr string
}

func (p *program) dial(ctx context.Context, addr string) (*node, error) {
	dialing, cancel := context.WithTimeout(ctx, dialTime)
	defer cancel()
	client, err := resp.Dial(dialing, addr)
	if errors.Is(err, syscall.ECONNREFUSED) {
		return nil, fmt.Errorf("nobody answers at %s: start a node with confman serve, or name another address with --addr", addr)
	}
	if err != nil {
		return nil, err
	}
	n := &node{Client: client, ctx: ctx, addr: addr}
	if password := p.env("CONFMAN_PASSWORD", ""); password != "" {
		if _, err := n.do("AUTH", password); err != nil {
			return nil, errors.Join(err, n.Close())
		}
	}
	return n, nil
}

// do sends a command. A server's error is an error here, with its exit code.
func (n *node) do(words ...string) (resp.Reply, error) {
	reply, err := n.Do(n.ctx, words...)
	if err != nil {
		return nil, err
	}
	if refused, isError := reply.(resp.Error); isError {
		if code := exitCode(refused); code != exitDenied {
			return nil, failure{code, refused}
		}
		return nil, failure{exitDenied, fmt.Errorf("%w (CONFMAN_PASSWORD is the password to use)", refused)}
	}
	return reply, nil
}

// exitCode tells what kind of error a server's is.
func exitCode(e resp.Error) int {
	switch code, _, _ := strings.Cut(string(e), " "); code {
	case "CLUSTERDOWN", "INDOUBT", "TRYAGAIN", "MASTERDOWN", "LOADING":
		return exitNoQuorum
	case "NOAUTH", "WRONGPASS", "NOPERM":
		return exitDenied
	case "WRONGTYPE", "INVALID", "PROTECTED", "TURN":
		return exitConflict
	case "GONE":
		return exitNotFound
	}
	return exitFailure
}

// scan returns all names that a scan shows, of configs or, with kind "hash", of namespaces.
func (n *node) scan(kind, pattern string) ([]string, error) {
	var names []string
	for cursor := "0"; ; {
		reply, err := n.do("SCAN", cursor, "MATCH", pattern, "COUNT", "1000", "TYPE", kind)
		if err != nil {
			return nil, err
		}
		page, fine := reply.([]resp.Reply)
		if !fine || len(page) != 2 {
			return nil, fmt.Errorf("SCAN answers %s", resp.Format(reply))
		}
		more, err := texts(page[1])
		if err != nil {
			return nil, err
		}
		names = append(names, more...)
		if cursor, _ = page[0].(string); cursor == "0" {
			return names, nil
		}
	}
}

// texts makes strings of an array.
func texts(r resp.Reply) ([]string, error) {
	all, fine := r.([]resp.Reply)
	if !fine {
		return nil, fmt.Errorf("expected a list, not %s", resp.Format(r))
	}
	out := make([]string, len(all))
	for i, e := range all {
		if out[i], fine = e.(string); !fine {
			return nil, fmt.Errorf("expected a list of strings, not %s", resp.Format(r))
		}
	}
	return out, nil
}
