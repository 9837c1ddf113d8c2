// Command demo shows confman's main job on three real nodes: a write through any node is
// read on every other, and goes on when the leader is killed.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	binary := flag.String("bin", "bin/confman", "the confman to run")
	once := flag.Bool("once", false, "end after the show, instead of leaving the cluster up until Ctrl-C")
	flag.Parse()
	// Also a terminal or a pipe that is gone must not leave nodes behind.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGPIPE)
	defer stop()
	if err := run(ctx, *binary, *once); err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

// run starts a cluster, shows it, and stops it.
func run(ctx context.Context, binary string, once bool) error {
	dir, err := os.MkdirTemp("", "confman-demo-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	c := &cluster{binary: binary, dir: dir}
	defer c.stop()
	if err := show(ctx, c); err != nil {
		if ctx.Err() != nil {
			return nil // Ctrl-C
		}
		return fmt.Errorf("%w\nwhat the nodes said:\n%s", err, c.logs())
	}
	if once {
		return nil
	}
	say("The cluster stays up until Ctrl-C. It is yours:")
	for _, n := range c.nodes {
		fmt.Printf("  redis-cli -p %s\n", n.port())
	}
	<-ctx.Done()
	return nil
}

// show tells the story, and fails if it goes otherwise than it should.
func show(ctx context.Context, c *cluster) error {
	say("Three nodes, each a process with a directory of its own:")
	for range 3 {
		if err := c.add(ctx); err != nil {
			return err
		}
	}
	leader, others, err := c.roles(ctx)
	if err != nil {
		return err
	}
	for _, n := range c.nodes {
		fmt.Printf("  node %d  redis-cli -p %s%s\n", n.number, n.port(), map[bool]string{true: "  (leader)"}[n == leader])
	}

	say("A write through a node that does not lead is read on every other:")
	if err := others[0].tell(ctx, "OK", "SET", "prod/api/timeout", "30s"); err != nil {
		return err
	}
	if err := others[0].tell(ctx, "(integer) 2", "HSET", "prod/api", "retries", "3", "url", "http://backend"); err != nil {
		return err
	}
	if err := c.same(ctx); err != nil {
		return err
	}
	const all = "1) \"retries\"\n2) \"3\"\n3) \"timeout\"\n4) \"30s\"\n5) \"url\"\n6) \"http://backend\""
	if err := others[1].tell(ctx, `"30s"`, "GET", "prod/api/timeout"); err != nil {
		return err
	}
	if err := leader.tell(ctx, all, "HGETALL", "prod/api"); err != nil {
		return err
	}

	say("The leader is killed (kill -9). The next write waits until the others have a new one:")
	leader.kill()
	start := time.Now()
	if err := others[0].tell(ctx, "OK", "SET", "prod/api/timeout", "45s"); err != nil {
		return err
	}
	fmt.Printf("  (that took %d ms)\n", time.Since(start).Milliseconds())

	say("It comes back, without being told anything, and catches up:")
	if err := leader.start(ctx); err != nil {
		return err
	}
	if err := c.same(ctx); err != nil {
		return err
	}
	if err := leader.tell(ctx, `"45s"`, "GET", "prod/api/timeout"); err != nil {
		return err
	}
	say("What the nodes say of themselves (confman status); equal states have equal hashes:")
	return c.status(ctx)
}

// say prints what happens next.
func say(what string) { fmt.Printf("\n%s\n", what) }
