package integration

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"confman/integration/ground"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// binary is the confman to test: CONFMAN_BIN, or one built for this run.
var binary string

func TestMain(m *testing.M) {
	var err error
	if binary, err = ground.Built(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(ground.Main(m))
}

// need skips the test where a tool is missing, or fails it where CI requires the tool.
func need(t *testing.T, tool, require string) {
	t.Helper()
	if _, err := exec.LookPath(tool); err != nil {
		missing(t, tool, require)
	}
}

// missing skips the test for want of a tool, or fails it where CI requires the tool.
func missing(t *testing.T, tool, require string) {
	t.Helper()
	if os.Getenv(require) == "1" {
		t.Fatalf("%s is not installed, and %s=1 requires it", tool, require)
	}
	t.Skipf("%s is not installed", tool)
}

// node is one confman process and its data directory.
type node struct {
	t          *testing.T
	dir        string
	resp, raft string
	hold       string   // how long a write waits
	env        []string // more settings
	cmd        *exec.Cmd
	exited     chan struct{}
	log        *output

	// A node in a network of its own has something that runs it there, and a way for clients.
	within []string
	dial   func(ctx context.Context, network, addr string) (net.Conn, error)
}

// output collects what a process prints.
type output struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(b)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}

// newNode makes a node that has not been started. Its end is its test's end.
func newNode(t *testing.T) *node {
	t.Helper()
	n := &node{t: t, dir: t.TempDir(), resp: ground.FreeAddr(t), raft: ground.FreeAddr(t), hold: "10s", log: &output{}}
	t.Cleanup(func() {
		n.kill()
		if t.Failed() {
			t.Logf("what node %s printed:\n%s", n.resp, n.log)
		}
	})
	return n
}

// start starts the process and waits until it answers.
func (n *node) start(flags ...string) {
	n.t.Helper()
	n.launch(flags...)
	n.eventually("it answers", func() bool {
		if n.ended() {
			n.t.Fatalf("node %s has ended:\n%s", n.resp, n.log)
		}
		return n.info()["node_id"] != ""
	})
}

// launch starts the process.
func (n *node) launch(flags ...string) {
	n.t.Helper()
	words := append(slices.Clone(n.within), binary, "serve", "--profile", "lan", "--data-dir", n.dir,
		"--resp-addr", n.resp, "--raft-addr", n.raft, "--http-addr", "0")
	words = append(words, flags...)
	n.cmd = exec.Command(words[0], words[1:]...)
	n.cmd.Env = append(append(os.Environ(), "CONFMAN_WRITE_HOLD="+n.hold), n.env...)
	n.cmd.Stdout, n.cmd.Stderr = n.log, n.log
	if err := n.cmd.Start(); err != nil {
		n.t.Fatal(err)
	}
	n.exited = make(chan struct{})
	go func(cmd *exec.Cmd, exited chan struct{}) {
		_ = cmd.Wait() // how it ended is the test's business
		close(exited)
	}(n.cmd, n.exited)
}

// ended reports whether the process has ended by itself.
func (n *node) ended() bool {
	select {
	case <-n.exited:
		return true
	default:
		return false
	}
}

// awaitEnd waits until the process has ended by itself, and returns its exit code.
func (n *node) awaitEnd() (code int) {
	n.t.Helper()
	n.eventually("it ends by itself", n.ended)
	code, n.cmd = n.cmd.ProcessState.ExitCode(), nil
	return code
}

// kill ends the process as a crash does, and stop as an administrator does.
func (n *node) kill() { n.end(os.Kill) }
func (n *node) stop() { n.end(os.Interrupt) }

func (n *node) end(signal os.Signal) {
	if n.cmd == nil {
		return
	}
	_ = n.cmd.Process.Signal(signal) // it may have ended
	<-n.exited
	n.cmd = nil
}

// run runs a confman command, which must succeed, and returns what it printed.
func (n *node) run(args ...string) string {
	n.t.Helper()
	out, err := exec.Command(binary, args...).CombinedOutput()
	if err != nil {
		n.t.Fatalf("confman %q: %v\n%s", args, err, out)
	}
	return string(out)
}

// token has a member make a token, with which another node can join.
func (n *node) token(flags ...string) string {
	n.t.Helper()
	return strings.TrimSpace(n.run(append([]string{"token", "--addr", n.resp}, flags...)...))
}

// info returns the fields of INFO confman, or nothing if the node does not answer.
func (n *node) info() map[string]string {
	client := n.client()
	defer client.Close()
	text, _ := client.Info(context.Background(), "confman").Result()
	fields := map[string]string{}
	for line := range strings.Lines(text) {
		if name, value, found := strings.Cut(strings.TrimSpace(line), ":"); found {
			fields[name] = value
		}
	}
	return fields
}

// applied returns the revision that the node has reached, or 0 if it does not answer.
func (n *node) applied() uint64 {
	revision, _ := strconv.ParseUint(n.info()["applied_revision"], 10, 64)
	return revision
}

// client returns a go-redis client of this node.
func (n *node) client() *redis.Client {
	return redis.NewClient(&redis.Options{
		Addr: n.resp, Dialer: n.dial, ReadTimeout: 30 * time.Second, MaxRetries: -1,
		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}, // or the pool does not see that a connection has ended, behind a message
	})
}

// eventually waits for a condition.
func (n *node) eventually(what string, holds func() bool) {
	n.t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(60 * time.Second)
	for !holds() {
		select {
		case <-tick.C:
		case <-deadline:
			n.t.Fatalf("node %s: never: %s", n.resp, what)
		}
	}
}

// three starts three nodes and waits until each of them votes.
func three(t *testing.T) []*node {
	t.Helper()
	nodes := []*node{newNode(t), newNode(t), newNode(t)}
	together(nodes)
	return nodes
}

// together starts three nodes that have not been started, and waits until each of them votes.
func together(nodes []*node) {
	nodes[0].t.Helper()
	nodes[0].start()
	for _, n := range nodes[1:] {
		n.start("--join", nodes[0].token())
	}
	for _, n := range nodes {
		n.eventually("it knows three voters", func() bool {
			return n.takesPart() && n.info()["raft_voters"] == "3"
		})
	}
}

// takesPart reports whether the node votes and knows a leader.
func (n *node) takesPart() bool {
	role := n.info()["raft_role"]
	return role == "leader" || role == "follower"
}

// settled waits until all nodes are at one revision, and checks that they hold one state.
func settled(t *testing.T, nodes []*node) (hash string) {
	t.Helper()
	nodes[0].eventually("all nodes are at one revision", func() bool {
		first := nodes[0].info()
		hash = first["state_hash"]
		for _, n := range nodes[1:] {
			info := n.info()
			if info["applied_revision"] != first["applied_revision"] || first["applied_revision"] == "" {
				return false
			}
			if info["state_hash"] != hash {
				t.Fatalf("at revision %s node %s has state %s, node %s has %s",
					info["applied_revision"], nodes[0].resp, hash, n.resp, info["state_hash"])
			}
		}
		return true
	})
	return hash
}

// leader returns the index of the leading node.
func leader(t *testing.T, nodes []*node) (at int) {
	t.Helper()
	nodes[0].eventually("somebody leads", func() bool {
		for i, n := range nodes {
			if n.cmd != nil && n.info()["raft_role"] == "leader" {
				at = i
				return true
			}
		}
		return false
	})
	return at
}
