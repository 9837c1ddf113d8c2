package integration

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// A keeper starts nodes again that have ended, as a service manager does, and notes how many were away at once.
type keeper struct {
	nodes   []*node
	start   func(i int)
	stopped chan struct{}
	keeping sync.WaitGroup

	mu    sync.Mutex
	away  map[int]bool
	most  int
	ended []int // the nodes that ended, in that order
	codes []int // with which they did
	left  map[int]bool
}

// keep keeps nodes until the test ends.
func keep(t *testing.T, nodes []*node, start func(i int)) *keeper {
	k := &keeper{nodes: nodes, start: start, stopped: make(chan struct{}), away: map[int]bool{}, left: map[int]bool{}}
	for i := range nodes {
		k.keeping.Go(func() { k.keepOne(i) })
	}
	t.Cleanup(func() {
		close(k.stopped)
		k.keeping.Wait()
	})
	return k
}

func (k *keeper) keepOne(i int) {
	n := k.nodes[i]
	for {
		select {
		case <-n.exited:
		case <-k.stopped:
			return
		}
		k.mu.Lock()
		k.away[i] = true
		k.most = max(k.most, len(k.away))
		k.ended, k.codes = append(k.ended, i), append(k.codes, n.cmd.ProcessState.ExitCode())
		left := k.left[i]
		k.mu.Unlock()
		if left {
			return
		}
		k.start(i)
		tick := time.NewTicker(5 * time.Millisecond)
		for !n.takesPart() {
			select {
			case <-tick.C:
				continue
			case <-n.exited:
			case <-k.stopped:
			}
			break
		}
		tick.Stop()
		k.mu.Lock()
		delete(k.away, i)
		k.mu.Unlock()
	}
}

// leave has a node stay away when it has ended.
func (k *keeper) leave(i int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.left[i] = true
}

// check compares how nodes ended with how they should have.
func (k *keeper) check(t *testing.T, times, code int) {
	t.Helper()
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.most > 1 {
		t.Errorf("%d nodes were away at once", k.most)
	}
	for i := range k.nodes {
		n := 0
		for at, ended := range k.ended {
			if ended == i {
				n++
			}
			if k.codes[at] != code {
				t.Errorf("node %d ended with exit code %d", ended+1, k.codes[at])
			}
		}
		if n != times {
			t.Errorf("node %d ended %d times, not %d", i+1, n, times)
		}
	}
}

// kept starts three nodes that are kept.
func kept(t *testing.T) ([]*node, *keeper) {
	t.Helper()
	nodes := []*node{newNode(t), newNode(t), newNode(t)}
	for _, n := range nodes {
		n.env = append(n.env, "CONFMAN_SUPERVISED=true")
	}
	together(nodes)
	return nodes, keep(t, nodes, func(i int) { nodes[i].launch() })
}

// supervised starts a cluster whose nodes are started again when they end.
func (s *site) supervised() {
	s.t.Helper()
	var nodes []*node
	for _, m := range s.all() {
		m.env = append(m.env, "CONFMAN_SUPERVISED=true")
		nodes = append(nodes, m.node)
	}
	s.cluster()
	keep(s.t, nodes, func(i int) { s.all()[i].serve() })
}

// command runs confman, and returns what it printed and its exit code.
func command(t *testing.T, env []string, args ...string) (out string, code int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, binary, args...)
	cmd.Env = append(os.Environ(), env...)
	text, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatalf("confman %q: %v", args, err)
	}
	return string(text), cmd.ProcessState.ExitCode()
}

// turn returns who has the turn, or nothing.
func (n *node) turn() string {
	client := n.client()
	defer client.Close()
	has, err := client.Do(context.Background(), "MEMBER", "TURN").Slice()
	if err != nil && !errors.Is(err, redis.Nil) {
		n.t.Error(err)
	}
	if len(has) == 0 {
		return ""
	}
	return fmt.Sprint(has[0])
}

// All nodes are restarted under writers, one at a time and the leader last, and no write that was acknowledged is lost.
func TestRollingRestart(t *testing.T) {
	nodes, k := kept(t)
	led := leader(t, nodes)
	load := underLoad(t, nodes, 3)
	load.goesOn(0, 1, 2)
	out, code := command(t, nil, "restart", "--rolling", "-a", nodes[1].resp)
	t.Log(out)
	if code != 0 || !strings.Contains(out, "3 of 3 nodes were restarted") {
		t.Errorf("exit code %d:\n%s", code, out)
	}
	load.goesOn(0, 1, 2)
	load.check()
	k.check(t, 1, 75)
	if k.ended[2] != led {
		t.Errorf("the nodes ended in the order %v, and node %d led", k.ended, led+1)
	}
	if has := nodes[0].turn(); has != "" {
		t.Errorf("%s still has the turn", has)
	}
}

// Of rolling restarts at once one restarts, one is refused, and one waits until it can.
func TestRollingRestartsAtOnce(t *testing.T) {
	nodes, k := kept(t)
	load := underLoad(t, nodes, 1)
	var all sync.WaitGroup
	for i := range 2 {
		all.Go(func() {
			if out, code := command(t, nil, "restart", "--rolling", "--wait", "1m", "-a", nodes[i].resp); code != 0 {
				t.Errorf("exit code %d:\n%s", code, out)
			}
		})
	}
	nodes[0].eventually("somebody has the turn", func() bool { return nodes[0].turn() != "" })
	out, code := command(t, nil, "restart", "--rolling", "-a", nodes[2].resp)
	if code != 4 || !strings.Contains(out, "restarts nodes, and has the turn") || !strings.Contains(out, "--wait") {
		t.Errorf("the one that does not wait ends with %d:\n%s", code, out)
	}
	all.Wait()
	load.check()
	k.check(t, 2, 75)
}

// A node that does not come back ends a rolling restart: the others stay as they are, and the turn is free.
func TestRollingRestartStops(t *testing.T) {
	nodes, k := kept(t)
	gone := (leader(t, nodes) + 1) % 3 // it comes first or second
	k.leave(gone)
	out, code := command(t, nil, "restart", "--rolling", "--node-timeout", "4s", "-a", nodes[(gone+1)%3].resp)
	id := fmt.Sprint(gone + 1)
	if code != 1 || !strings.Contains(out, "stopped after") || !strings.Contains(out, "node "+id+" did not come back") {
		t.Errorf("exit code %d:\n%s", code, out)
	}
	if k.ended[len(k.ended)-1] != gone || k.most != 1 {
		t.Errorf("node %d stayed away, and these ended: %v, %d at once", gone+1, k.ended, k.most)
	}
	if has := nodes[(gone+1)%3].turn(); has != "" {
		t.Errorf("%s still has the turn", has)
	}
	out, code = command(t, nil, "restart", "--rolling", "--node-timeout", "1s", "-a", nodes[(gone+1)%3].resp)
	if code != 5 || !strings.Contains(out, "node "+id+" does not answer") {
		t.Errorf("while a node is away another one is restarted: exit code %d:\n%s", code, out)
	}
}

// A node that nobody would start again says so, and goes on.
func TestRestartWithoutASupervisor(t *testing.T) {
	n := newNode(t)
	n.env = append(n.env, "INVOCATION_ID=7", "SYSTEMD_EXEC_PID=1") // what a service's children inherit
	n.start()
	n.eventually("it leads", n.takesPart)
	out, code := command(t, nil, "restart", "--rolling", "-a", n.resp)
	if code != 1 || !strings.Contains(out, "nothing would start this node again") || !strings.Contains(out, "CONFMAN_SUPERVISED") {
		t.Errorf("exit code %d:\n%s", code, out)
	}
	if n.ended() || !n.takesPart() {
		t.Error("the node has ended")
	}
}

// serviceOf makes a systemctl that restarts one node, for PATH, and settings that lead to it.
func serviceOf(t *testing.T, n *node) (env []string) {
	t.Helper()
	bin := t.TempDir()
	script := fmt.Sprintf(`#!/bin/sh
[ "$*" = "restart confman" ] || exit 1
pid=$(cat %s/lock) && kill -TERM "$pid" || exit 1
while kill -0 "$pid" 2> /dev/null; do sleep 0.02; done
`, n.dir)
	if err := os.WriteFile(filepath.Join(bin, "systemctl"), []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	config := filepath.Join(bin, "confman.yaml")
	if err := os.WriteFile(config, []byte("resp_addr: "+n.resp+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return []string{"PATH=" + bin + ":" + os.Getenv("PATH"), "CONFMAN_CONFIG=" + config}
}

// Three machines are upgraded in the same second: each waits for its turn.
func TestUpgradesTakeTurns(t *testing.T) {
	nodes, k := kept(t)
	load := underLoad(t, nodes, 1)
	load.goesOn(0, 1, 2)
	var all sync.WaitGroup
	for _, n := range nodes {
		env := serviceOf(t, n)
		all.Go(func() {
			out, code := command(t, env, "restart", "--wait-turn")
			if code != 0 || !strings.Contains(out, "was restarted") || strings.Contains(out, "without the turn") {
				t.Errorf("exit code %d:\n%s", code, out)
			}
		})
	}
	all.Wait()
	load.check()
	k.check(t, 1, 0)
}

// An upgrade ends: when its turn does not come it restarts without, and says so; and so it does at once where
// the node does not run.
func TestAnUpgradeDoesNotWaitForEver(t *testing.T) {
	nodes, k := kept(t)
	client := nodes[0].client()
	defer client.Close()
	if err := client.Do(t.Context(), "MEMBER", "TURN", "other/1", "600").Err(); err != nil {
		t.Fatal(err)
	}
	env := serviceOf(t, nodes[0])
	out, code := command(t, env, "restart", "--wait-turn", "--wait", "1s")
	if code != 0 || !strings.Contains(out, "restarting without the turn: after 1s: TURN other/1 restarts nodes") {
		t.Errorf("exit code %d:\n%s", code, out)
	}
	if has := nodes[1].turn(); has != "other/1" {
		t.Errorf("the turn that it did not have is gone: %q", has)
	}
	if len(k.ended) != 1 || k.ended[0] != 0 {
		t.Errorf("these ended: %v", k.ended)
	}
	k.leave(0)
	if err := exec.Command("kill", fmt.Sprint(nodes[0].cmd.Process.Pid)).Run(); err != nil {
		t.Fatal(err)
	}
	nodes[1].eventually("the node is away", func() bool { return nodes[0].info()["node_id"] == "" })
	out, code = command(t, env, "restart", "--wait-turn")
	if code != 1 || !strings.Contains(out, "the turn was not asked for") || !strings.Contains(out, "systemctl restart confman") {
		t.Errorf("exit code %d:\n%s", code, out) // the systemctl of this test restarts only what runs
	}
}

// Who interrupts a rolling restart gives the turn back, and nothing more is restarted.
func TestAnInterruptedRollingRestart(t *testing.T) {
	nodes, k := kept(t)
	gone := (leader(t, nodes) + 1) % 3
	k.leave(gone)
	other := nodes[(gone+1)%3]
	cmd := exec.Command(binary, "restart", "--rolling", "-a", other.resp)
	said := &output{}
	cmd.Stdout, cmd.Stderr = said, said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	other.eventually("it waits for the node that stays away", func() bool {
		return strings.Contains(said.String(), fmt.Sprintf("node %d is away", gone+1))
	})
	if other.turn() == "" {
		t.Error("nobody has the turn while a node restarts")
	}
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // its exit code tells
	if code := cmd.ProcessState.ExitCode(); code != 1 || !strings.Contains(said.String(), "nodes: interrupted;") {
		t.Errorf("exit code %d:\n%s", code, said)
	}
	if has := other.turn(); has != "" {
		t.Errorf("%s still has the turn", has)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.ended[len(k.ended)-1] != gone {
		t.Errorf("node %d stayed away, and these ended: %v", gone+1, k.ended)
	}
}
