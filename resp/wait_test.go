package resp_test

import (
	"bufio"
	"context"
	"net"
	"strings"
	"testing"
	"time"

	"confman/resp"
	"confman/resp/transcript"
)

// A reacher is a node two others of which have everything.
type reacher struct {
	*transcript.Local
	waiting chan struct{} // gets one for each that waits
	waited  chan struct{} // gets one for each that waits no longer
}

func newReacher() *reacher {
	return &reacher{transcript.NewLocal(), make(chan struct{}, 10), make(chan struct{}, 10)}
}

func (r *reacher) Reach(ctx context.Context, wanted int) int {
	if wanted > 2 {
		r.waiting <- struct{}{}
		<-ctx.Done()
		r.waited <- struct{}{}
	}
	return 2
}

func TestWait(t *testing.T) {
	addr := serve(t, &resp.Server{Node: newReacher()})
	c := dial(t, addr)
	for _, step := range [][2]string{
		{"WAIT 0 0", "(integer) 2"},
		{"WAIT 2 0", "(integer) 2"},
		{"WAIT 3 1", "(integer) 2"},
		{"WAIT 3 9223372036854775807", "(error) ERR timeout is out of range"},
		{"WAITAOF 1 2 0", "1) (integer) 1\n2) (integer) 2"},
		{"WAITAOF 0 3 1", "1) (integer) 1\n2) (integer) 2"},
		{"WAITAOF 2 2 0", "(error) ERR value is out of range, value must between 0 and 1"},
		{"WAITAOF 1 2 x", "(error) ERR timeout is not an integer or out of range"},
		{"MULTI", "OK"},
		{"WAIT 3 0", "QUEUED"},
		{"WAITAOF 1 3 0", "QUEUED"},
		{"EXEC", "1) (integer) 2\n2) 1) (integer) 1\n   2) (integer) 2"},
	} {
		if got := do(t, c, step[0]); got != step[1] {
			t.Errorf("%s: %s, want %s", step[0], got, step[1])
		}
	}
}

// Who waits holds nobody up, and what was sent in front of WAIT is answered before, behind it after.
func TestWaitBlocksItsOwnConnection(t *testing.T) {
	node := newReacher()
	addr := serve(t, &resp.Server{Node: node})
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_, _ = c.Write([]byte("SET a 1\r\nWAIT 3 300\r\nGET a\r\n")) // a failure shows below
	r := bufio.NewReader(c)
	if line, err := r.ReadString('\n'); line != "+OK\r\n" {
		t.Errorf("%q, %v", line, err)
	}
	<-node.waiting
	other := dial(t, addr)
	if got := do(t, other, "INFO clients"); !strings.Contains(got, "blocked_clients:1") {
		t.Error(got)
	}
	_, _ = c.Write([]byte("PING\r\n"))
	for _, want := range []string{":2\r\n", "$1\r\n", "1\r\n", "+PONG\r\n"} {
		if line, err := r.ReadString('\n'); line != want {
			t.Errorf("%q, want %q: %v", line, want, err)
		}
	}
	if got := do(t, other, "INFO clients"); !strings.Contains(got, "blocked_clients:0") {
		t.Error(got)
	}
}

// Waiting for ever ends with the client, with the server, and for one that sends on and on.
func TestWaitLeavesNothingBehind(t *testing.T) {
	node := newReacher()
	addr, stop := start(t, &resp.Server{Node: node})
	await := func(c chan struct{}, what string) {
		t.Helper()
		select {
		case <-c:
		case <-time.After(20 * time.Second):
			t.Fatal(what)
		}
	}
	wait := func() net.Conn {
		t.Helper()
		c, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = c.Write([]byte("WAIT 3 0\r\n")) // a failure shows below
		await(node.waiting, "it does not wait")
		return c
	}
	gone := wait()
	_ = gone.Close()
	await(node.waited, "it waits for a client that has hung up")
	reset := wait()
	_ = reset.(*net.TCPConn).SetLinger(0)
	_ = reset.Close()
	await(node.waited, "it waits for a client that is gone")
	talker := wait()
	defer talker.Close()
	_, _ = talker.Write([]byte(strings.Repeat("PING\r\n", 20_000)))
	await(node.waited, "it reads for ever behind a WAIT")
	patient := wait()
	defer patient.Close()
	if err := stop(); err != nil {
		t.Error(err)
	}
	await(node.waited, "it waits though the server ends")
	if line, err := bufio.NewReader(patient).ReadString('\n'); line != ":2\r\n" {
		t.Errorf("the client that waited gets %q, %v", line, err)
	}
}
