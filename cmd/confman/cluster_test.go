package main

import (
	"context"
	"fmt"
	"io"
	"math/rand"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"confman/resp"
	"confman/resp/transcript"
)

// member is a node that runs in this process, as confman serve.
type member struct {
	addr, raft string
	code       int // with which it is to end
	output     lockedBuffer
}

// lockedBuffer is what a node prints.
type lockedBuffer struct {
	mu sync.Mutex
	b  strings.Builder
}

func (l *lockedBuffer) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(b)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// given are the addresses that freeAddr has returned.
var given sync.Map

// freeAddr returns a loopback address that nobody listens at, and each one once.
func freeAddr(t *testing.T) string {
	t.Helper()
	for range 100 {
		// Below the ports that the system gives to whoever connects: nobody has it by chance before
		// the node listens there.
		addr := fmt.Sprintf("127.0.0.1:%d", 20_000+rand.Intn(12_000))
		if _, again := given.LoadOrStore(addr, true); again {
			continue
		}
		if ln, err := net.Listen("tcp", addr); err == nil {
			_ = ln.Close() // the node opens it
			return addr
		}
	}
	t.Fatal("there is no free port")
	return ""
}

// serveUntilEnd runs confman serve until the test ends.
func serveUntilEnd(t *testing.T, join string) *member {
	t.Helper()
	m := &member{addr: freeAddr(t), raft: freeAddr(t)}
	args := []string{"serve", "--profile", "lan", "--data-dir", t.TempDir(), "--resp-addr", m.addr, "--raft-addr", m.raft, "--http-addr", "0"}
	if join != "" {
		args = append(args, "--join", join)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan int, 1)
	environ := []string{"CONFMAN_WRITE_HOLD=20s", "CONFMAN_LOG_LEVEL=warn", "CONFMAN_DISK_RESERVE=1048576", "CONFMAN_ALLOW_FLUSH=true"}
	go func() { ended <- run(ctx, args, environ, strings.NewReader(""), &m.output, &m.output) }()
	t.Cleanup(func() {
		cancel()
		if code := <-ended; code != m.code {
			t.Errorf("confman serve ended with %d:\n%s", code, m.output.String())
		}
	})
	return m
}

// threeMembers starts a cluster and waits until each of its nodes votes.
func threeMembers(t *testing.T) []*member {
	t.Helper()
	first := serveUntilEnd(t, "")
	eventually(t, "a leader", func() bool { return first.info(t)["raft_role"] == "leader" })
	all := []*member{first, serveUntilEnd(t, first.token(t)), serveUntilEnd(t, first.token(t))}
	for _, m := range all {
		eventually(t, "three voters", func() bool {
			info := m.info(t)
			return info["raft_voters"] == "3" && info["raft_role"] != "non-voter" && info["raft_leader"] != "0"
		})
	}
	if all[1].info(t)["node_id"] == "3" { // two that join at once are numbered as they come; all[i] is node i+1
		all[1], all[2] = all[2], all[1]
	}
	return all
}

// token has the node make a token.
func (m *member) token(t *testing.T) string {
	t.Helper()
	return strings.TrimSpace(confman(t, nil, "", "token -a "+m.addr))
}

// info returns the fields of INFO confman, or nothing if the node does not answer.
func (m *member) info(t *testing.T) map[string]string {
	p := &program{stdout: io.Discard, stderr: io.Discard}
	fields, err := p.infoOf(t.Context(), m.addr)
	if err != nil {
		return map[string]string{}
	}
	return fields
}

func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(60 * time.Second)
	for !holds() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("never: %s", what)
		}
	}
}

// The transcripts that package resp runs on one store tell the same story on three nodes,
// when each line goes to any of them that has seen the lines before. With -short some of them do, by chance others each time.
func TestTranscriptsOnThreeNodes(t *testing.T) {
	files, err := filepath.Glob("../../resp/testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no transcripts: %v", err)
	}
	seed := time.Now().UnixNano()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewSource(seed))
	random.Shuffle(len(files), func(i, j int) { files[i], files[j] = files[j], files[i] })
	for _, file := range files[:max(6, fewer(len(files)))] {
		t.Run(filepath.Base(file), func(t *testing.T) {
			nodes := threeMembers(t)
			connections := map[string]*resp.Client{}
			last := ""
			transcript.Run(t, file, func(step transcript.Step) *resp.Client {
				if step.Connection == "" || step.Connection != last { // the same node has seen what it did
					settled(t, nodes)
				}
				last = step.Connection
				node := random.Intn(len(nodes))
				name := step.Connection
				if name == "" {
					name = fmt.Sprint(" unnamed, to node ", node)
				}
				if connections[name] == nil {
					c, err := resp.Dial(t.Context(), nodes[node].addr)
					if err != nil {
						t.Fatal(err)
					}
					t.Cleanup(func() { _ = c.Close() }) // QUIT may have done it
					connections[name] = c
				}
				return connections[name]
			})
		})
	}
}

// settled waits until all nodes have applied the same, and checks that their states are equal.
func settled(t *testing.T, nodes []*member) {
	t.Helper()
	eventually(t, "all nodes at one revision", func() bool {
		first := nodes[0].info(t)
		for _, m := range nodes[1:] {
			info := m.info(t)
			if info["applied_revision"] != first["applied_revision"] {
				return false
			}
			if info["state_hash"] != first["state_hash"] {
				t.Fatalf("two states at revision %s", info["applied_revision"])
			}
		}
		return true
	})
}

// The pages that are written from the code are the ones in the tree.
func TestDocsAreCurrent(t *testing.T) {
	for _, name := range []string{"commands", "settings"} {
		content, err := os.ReadFile("../../docs/" + name + ".md")
		if err != nil || string(content) != confman(t, nil, "", "docs "+name) {
			t.Errorf("docs/%s.md is not current (%v): run make docs", name, err)
		}
	}
}
