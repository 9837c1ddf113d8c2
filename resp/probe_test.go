package resp_test

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"confman/resp"
	"confman/resp/transcript"
)

// A server answers itself, whatever its password, its limit of clients, or its pause.
func TestAServerKnowsWhetherItAnswers(t *testing.T) {
	s := &resp.Server{Password: "hunter2", MaxClients: 1}
	addr := serve(t, s)
	answers := func(patience time.Duration) error {
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		return s.Answers(ctx)
	}
	c := dial(t, addr)
	if got := do(t, c, "AUTH hunter2"); got != "OK" {
		t.Fatal(got)
	}
	for range 10 {
		if err := answers(10 * time.Second); err != nil {
			t.Fatal(err)
		}
	}
	if got := do(t, c, "CLIENT PAUSE 60000 ALL"); got != "OK" {
		t.Fatal(got)
	}
	if err := answers(100 * time.Millisecond); err != nil {
		t.Errorf("a pause counts as stuck: %v", err)
	}
	if got := do(t, c, "CLIENT UNPAUSE"); got != "OK" {
		t.Fatal(got)
	}
}

// Clients of a UNIX socket are clients of this machine, and are called by its path.
func TestUNIXSocket(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	socket, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	outside, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &resp.Server{Node: transcript.NewLocal(), AuditTime: time.Hour}
	ctx, cancel := context.WithCancel(t.Context())
	serving, ended := make(chan struct{}), make(chan error, 1)
	s.Serving = func() { close(serving) }
	go func() { ended <- s.Serve(ctx, outside, socket) }()
	<-serving
	c, err := resp.Dial(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for line, want := range map[string]string{"PING": "PONG", "SET a 1": "OK", "CLIENT KILL 127.0.0.1:1": "(error) ERR No such client"} {
		if got := do(t, c, line); got != want {
			t.Errorf("%s: %s, want %s", line, got, want)
		}
	}
	if got := do(t, c, "CLIENT INFO"); !strings.Contains(got, "addr="+path+":0 laddr="+path+":0 ") {
		t.Error(got)
	}
	if got := do(t, dial(t, outside.Addr().String()), "GET a"); got != `"1"` {
		t.Error(got)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(path); !os.IsNotExist(err) {
		t.Errorf("the socket is left: %v", err)
	}
}
