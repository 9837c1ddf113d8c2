package integration

import (
	"context"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"confman/integration/ground"
)

// refused runs confman, which must end by itself with a code, and returns what it said.
func refused(t *testing.T, code int, env []string, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, binary, args...)
	cmd.Env = append(os.Environ(), env...)
	out, err := cmd.CombinedOutput()
	if got := cmd.ProcessState.ExitCode(); got != code || ctx.Err() != nil {
		t.Errorf("confman %q ended with %d (%v), want %d:\n%s", args, got, err, code, out)
	}
	return string(out)
}

// Whatever is wrong with how a node is started, it says what, and what to do, and touches
// nothing.
func TestRefusedStarts(t *testing.T) {
	running := newNode(t)
	running.start()
	foreign := t.TempDir()
	letter := filepath.Join(foreign, "letter.txt")
	if err := os.WriteFile(letter, []byte("dear"), 0o600); err != nil {
		t.Fatal(err)
	}
	settings := filepath.Join(t.TempDir(), "confman.yaml")
	if err := os.WriteFile(settings, []byte("profile: lan\nwrite_hold: soon\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	pid := strconv.Itoa(running.cmd.Process.Pid)
	addr := func() string { return ground.FreeAddr(t) }
	for _, c := range []struct {
		what string
		code int
		env  []string
		args []string
		says []string
	}{
		{
			"a busy port", 1, nil,
			[]string{"--data-dir", t.TempDir(), "--resp-addr", running.resp, "--raft-addr", addr()},
			[]string{running.resp, "confman", pid, "--resp-addr"},
		},
		{
			"a second process on the same data", 1, nil,
			[]string{"--data-dir", running.dir, "--resp-addr", addr(), "--raft-addr", addr()},
			[]string{running.dir, "in use by confman process " + pid},
		},
		{
			"somebody else's directory", 1, nil,
			[]string{"--data-dir", foreign, "--resp-addr", addr(), "--raft-addr", addr()},
			[]string{foreign, "letter.txt", "--data-dir"},
		},
		{
			"a raft address beyond loopback without certificates", 78,
			[]string{"CONFMAN_RAFT_TLS=off"},
			[]string{"--data-dir", t.TempDir(), "--resp-addr", addr(), "--raft-addr", "0.0.0.0:0"},
			[]string{"loopback", "raft_tls"},
		},
		{
			"a bad setting in a file", 78, nil,
			[]string{"--config", settings, "--data-dir", t.TempDir(), "--resp-addr", addr(), "--raft-addr", addr()},
			[]string{"confman.yaml", "write_hold", "[2:"},
		},
		{
			"a bad setting in the environment", 78,
			[]string{"CONFMAN_PROFILE=fast"},
			[]string{"--data-dir", t.TempDir(), "--resp-addr", addr(), "--raft-addr", addr()},
			[]string{"CONFMAN_PROFILE", "lan"},
		},
		{"an option that is none", 2, nil, []string{"--datadir", "x"}, []string{"datadir"}},
		{
			"an address that is none", 78, nil,
			[]string{"--data-dir", t.TempDir(), "--resp-addr", "here", "--raft-addr", addr()},
			[]string{"here"},
		},
		{
			"a member to join that is none", 1, nil,
			[]string{"--data-dir", t.TempDir(), "--resp-addr", addr(), "--raft-addr", addr(), "--join", running.resp},
			[]string{running.resp, "raft port"},
		},
	} {
		t.Run(c.what, func(t *testing.T) {
			out := refused(t, c.code, append(c.env, "CONFMAN_HTTP_ADDR=0"), append([]string{"serve"}, c.args...)...)
			for _, want := range c.says {
				if !strings.Contains(out, want) {
					t.Errorf("it does not say %q:\n%s", want, out)
				}
			}
			if strings.Contains(out, "panic") || strings.Contains(out, "goroutine ") {
				t.Errorf("it panics:\n%s", out)
			}
		})
	}
	if content, err := os.ReadFile(letter); err != nil || string(content) != "dear" {
		t.Errorf("somebody else's file: %q, %v", content, err)
	}
	client := running.client()
	defer client.Close()
	if err := client.Set(context.Background(), "still/here", "1", 0).Err(); err != nil {
		t.Errorf("the node that was running: %v", err)
	}
}

// Whatever a client sends, the others are served.
func TestHostileClients(t *testing.T) {
	n := newNode(t)
	n.start()
	for name, bytes := range map[string]string{
		"the length of a bulk string overflows": "*1\r\n$9223372036854775807\r\n",
		"an array without end":                  "*9223372036854775807\r\n",
		"negative lengths":                      "*-5\r\n$-7\r\n",
		"a browser":                             "POST / HTTP/1.1\r\nHost: localhost\r\n\r\nSET stolen 1\r\n",
		"noise":                                 "\x00\xff\x16\x03\x01\r\n\r\n\x00",
		"quotes that never close":               "SET a \"b\r\n",
		"a command of many words":               "*3\r\n$3\r\nSET\r\n$1\r\nx\r\n$3\r\nab",
	} {
		t.Run(name, func(t *testing.T) {
			conn, err := net.Dial("tcp", n.resp)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			if _, err := conn.Write([]byte(bytes)); err != nil {
				t.Fatal(err)
			}
			if err := conn.(*net.TCPConn).CloseWrite(); err != nil {
				t.Fatal(err)
			}
			if err := conn.SetReadDeadline(time.Now().Add(20 * time.Second)); err != nil {
				t.Fatal(err)
			}
			if _, err := io.ReadAll(conn); err != nil && !strings.Contains(err.Error(), "reset") {
				t.Errorf("the connection does not end: %v", err)
			}
		})
	}
	client := n.client()
	defer client.Close()
	if got, err := client.Exists(context.Background(), "stolen", "a", "x").Result(); err != nil || got != 0 {
		t.Errorf("left behind: %d, %v", got, err)
	}
	large := strings.Repeat("v", 1<<20+1)
	if err := client.Set(context.Background(), "large", large, 0).Err(); err == nil || !strings.Contains(err.Error(), "max_value") {
		t.Errorf("too large a value: %v", err)
	}
	if err := client.Set(context.Background(), "large", large[1:], 0).Err(); err != nil {
		t.Errorf("the largest value: %v", err)
	}
}
