package resp_test

import (
	"context"
	"fmt"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"confman/resp"
	"confman/resp/transcript"
)

// A fate is whether a node's leader is known.
type fate struct {
	mu      sync.Mutex
	lost    bool
	changed chan struct{}
	seen    bool // by the server
}

func (f *fate) leader() (known bool, changed <-chan struct{}) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.seen = true
	return !f.lost, f.changed
}

// turn loses the leader, or finds one, and returns when the server knows.
func (f *fate) turn(t *testing.T, lost bool) {
	t.Helper()
	f.mu.Lock()
	f.lost, f.seen = lost, false
	close(f.changed)
	f.changed = make(chan struct{})
	f.mu.Unlock()
	eventually(t, func() bool {
		f.mu.Lock()
		defer f.mu.Unlock()
		return f.seen
	})
}

// asks begins a conversation in RESP3 of a client that wants to be told, and returns what is said at once.
func asks(t *testing.T, addr, options string) (c *talker, said string) {
	t.Helper()
	c = talk(t, addr)
	c.say(t, "HELLO 3")
	return c, c.say(t, strings.TrimSpace("CLIENT MAINT_NOTIFICATIONS ON "+options))
}

// hear waits for the next push, and returns its words and its number.
func (c *talker) hear(t *testing.T) (words string, seq int64) {
	t.Helper()
	line := func() string {
		text, err := c.r.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		return strings.TrimSpace(text)
	}
	head := line()
	n, err := strconv.Atoi(strings.TrimPrefix(head, ">"))
	if err != nil {
		t.Fatalf("%q begins no push", head)
	}
	var all []string
	for i := range n {
		text := line()
		if text[0] == '$' {
			text = line()
		}
		if i == 1 {
			if seq, err = strconv.ParseInt(text[1:], 10, 64); err != nil || text[0] != ':' {
				t.Fatalf("%q is no number", text)
			}
			text = "SEQ"
		}
		all = append(all, text)
	}
	return strings.Join(all, " "), seq
}

// Clients that asked for it are told when the leader is lost and when there is one again, and at once what
// is the matter when they ask; nobody else is, and nobody twice.
func TestClientsAreToldOfElections(t *testing.T) {
	f := &fate{changed: make(chan struct{})}
	addr := serve(t, &resp.Server{Leader: f.leader})
	a, said := asks(t, addr, "")
	if said != "+OK " {
		t.Fatalf("there is a leader, and a client that asks is told %q", said)
	}
	var last int64
	hears := func(who *talker, want string) {
		t.Helper()
		words, seq := who.hear(t)
		if words != want || seq < last {
			t.Errorf("%s, number %d after %d; want %s", words, seq, last, want)
		}
		last = seq
	}
	stranger, leaver := talk(t, addr), talk(t, addr)
	stranger.say(t, "HELLO 3")
	leaver.say(t, "HELLO 3\r\nCLIENT MAINT_NOTIFICATIONS ON\r\nHELLO 2")
	resetter, _ := asks(t, addr, "")
	resetter.say(t, "RESET\r\nHELLO 3")
	f.turn(t, false) // to another leader, without anybody having noticed
	f.turn(t, true)
	hears(a, "FAILING_OVER SEQ :60")
	b, said := asks(t, addr, "moving-endpoint-type none")
	if want := fmt.Sprintf("+OK >3 $12 FAILING_OVER :%d :60 ", last); said != want {
		t.Errorf("who asks while there is no leader is told %q, want %q", said, want)
	}
	f.turn(t, false)
	hears(a, "FAILED_OVER SEQ")
	first := last
	if hears(b, "FAILED_OVER SEQ"); last != first {
		t.Errorf("one event has the numbers %d and %d", first, last)
	}
	b.say(t, "CLIENT MAINT_NOTIFICATIONS OFF")
	f.turn(t, true)
	hears(a, "FAILING_OVER SEQ :60")
	for _, c := range []*talker{stranger, leaver, resetter, b} {
		if said := c.say(t, ""); said != "" {
			t.Errorf("who did not ask is told %q", said)
		}
	}
}

// Clients that asked for it are sent elsewhere before a node stops, which serves them and others until they
// have gone, and not as long as they may take.
func TestClientsMoveBeforeAStop(t *testing.T) {
	addr, stop := start(t, &resp.Server{Elsewhere: func() string { return "other:6379" }, MoveTime: time.Hour})
	a, _ := asks(t, addr, "moving-endpoint-type external-fqdn")
	nowhere, _ := asks(t, addr, "moving-endpoint-type none")
	ended := make(chan error)
	go func() { ended <- stop() }()
	if words, _ := a.hear(t); words != "MOVING SEQ :3600 other:6379" {
		t.Error(words)
	}
	if words, _ := nowhere.hear(t); words != "MOVING SEQ :3600 _" {
		t.Error(words)
	}
	late, said := asks(t, addr, "")
	if !strings.Contains(said, "MOVING") {
		t.Errorf("who asks meanwhile is told %q", said)
	}
	for i, c := range []*talker{a, nowhere, late} {
		if got := c.say(t, "SET k 1"); got != "+OK " {
			t.Errorf("a client that has not gone is told %q", got)
		}
		select {
		case <-ended:
			t.Fatalf("the server has ended, and %d clients have not gone", 3-i)
		default:
		}
		if i == 1 {
			c.say(t, "RESET")
		} else {
			_ = c.conn.Close()
		}
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// Clients that do not go have MoveTime, and a server without clients to be told, or without a place to send
// them to, ends at once.
func TestAStopThatWaitsForNobody(t *testing.T) {
	for _, story := range []struct {
		what   string
		within time.Duration
		to     string
		asks   bool
	}{
		{"who stays has his time", 10 * time.Millisecond, "other:6379", true},
		{"nobody asked", time.Hour, "other:6379", false},
		{"there is nowhere to go", time.Hour, "", true},
	} {
		addr, stop := start(t, &resp.Server{Elsewhere: func() string { return story.to }, MoveTime: story.within})
		if story.asks {
			asks(t, addr, "")
		}
		talk(t, addr).say(t, "HELLO 3")
		if err := stop(); err != nil { // which an hour would be too long for
			t.Errorf("%s: %v", story.what, err)
		}
	}
}

// The wait for clients ends when the listener is closed: there is nothing left to serve them with.
func TestAWaitForClientsIsCutShort(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	s := &resp.Server{Node: transcript.NewLocal(), Elsewhere: func() string { return "other:6379" }, MoveTime: time.Hour}
	ended := make(chan error)
	go func() { ended <- s.Serve(ctx, ln) }()
	c, _ := asks(t, ln.Addr().String(), "")
	cancel()
	c.hear(t)
	_ = ln.Close()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
