package resp_test

import (
	"fmt"
	"io"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"confman/resp"
	"confman/store"
)

// untilHeld waits until a server tells that so many clients are blocked. Not even INFO is answered while
// all is held, so it is asked of a monitor, which nothing holds.
func untilHeld(t *testing.T, look *talker, n int) {
	t.Helper()
	want := fmt.Sprintf("blocked_clients:%d ", n)
	eventually(t, func() bool { return strings.Contains(look.say(t, "INFO clients"), want) })
}

// While everything is held, a pause can be ended, and the node too.
func TestAPauseCanBeEnded(t *testing.T) {
	ended := make(chan struct{}, 1)
	addr := serve(t, &resp.Server{Shutdown: func() { ended <- struct{}{} }})
	look, held, c := talk(t, addr), talk(t, addr), dial(t, addr)
	look.say(t, "MONITOR")
	if got := do(t, c, "CLIENT PAUSE 600000 ALL"); got != "OK" {
		t.Fatal(got)
	}
	if _, err := io.WriteString(held.conn, "PING held\r\n"); err != nil {
		t.Fatal(err)
	}
	untilHeld(t, look, 1)
	if got := look.say(t, "CLIENT UNBLOCK 2"); !strings.Contains(got, " :0 ") {
		t.Errorf("who is held is not blocked, but %s", got)
	}
	if got := do(t, c, "CLIENT UNPAUSE"); got != "OK" {
		t.Error(got)
	}
	if got := held.say(t, ""); got != "$4 held " {
		t.Error(got)
	}
	do(t, c, "CLIENT PAUSE 600000")
	if _, err := c.Do(t.Context(), "SHUTDOWN"); err == nil {
		t.Error("SHUTDOWN is answered")
	}
	<-ended
}

// What is held is not carried out when its client has gone, nor when the server ends.
func TestWhatIsHeldIsDropped(t *testing.T) {
	node := newSpy()
	addr, stop := start(t, &resp.Server{Node: node})
	look, c := talk(t, addr), dial(t, addr)
	do(t, c, "CLIENT PAUSE 600000 WRITE")
	gone := talk(t, addr)
	if _, err := io.WriteString(gone.conn, "SET gone 1\r\n"); err != nil {
		t.Fatal(err)
	}
	untilHeld(t, look, 1)
	_ = gone.conn.Close()
	untilHeld(t, look, 0)
	do(t, c, "CLIENT UNPAUSE")
	if got := do(t, c, "EXISTS gone"); got != "(integer) 0" {
		t.Errorf("who has gone has written: %s", got)
	}
	do(t, c, "CLIENT PAUSE 600000 WRITE")
	late := talk(t, addr)
	if _, err := io.WriteString(late.conn, "SET late 1\r\n"); err != nil {
		t.Fatal(err)
	}
	untilHeld(t, look, 1)
	if err := stop(); err != nil {
		t.Error(err)
	}
	if rest, err := io.ReadAll(late.r); len(rest) > 0 || err != nil && !ended(err) {
		t.Errorf("%q, %v", rest, err)
	}
	err := node.View(t.Context(), func(tx *store.Tx) error {
		if _, found := tx.Get("late"); found {
			t.Error("at its end the server has written what was held")
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// A client may send more behind what is held than the node reads meanwhile.
func TestALongPipelineIsHeld(t *testing.T) {
	addr := serve(t, &resp.Server{})
	look, c, long := talk(t, addr), dial(t, addr), talk(t, addr)
	do(t, c, "CLIENT PAUSE 600000 WRITE")
	const commands = 20_000
	go func() { _, _ = io.WriteString(long.conn, strings.Repeat("INCR n\r\n", commands)) }() // a failure shows below
	untilHeld(t, look, 1)
	if got := do(t, c, "GET n"); got != "(nil)" {
		t.Error(got)
	}
	do(t, c, "CLIENT UNPAUSE")
	for n := range commands {
		if line, err := long.r.ReadString('\n'); line != fmt.Sprintf(":%d\r\n", n+1) {
			t.Fatalf("%q, %v behind %d", line, err, n)
		}
	}
}

// A write that is on its way when its client is killed is answered; what comes behind it is not begun.
func TestAWriteOutlivesItsClient(t *testing.T) {
	node := newSpy()
	node.entered, node.proceed = make(chan struct{}), make(chan struct{})
	addr := serve(t, &resp.Server{Node: node})
	writer, c := talk(t, addr), dial(t, addr)
	if _, err := io.WriteString(writer.conn, "SET k 1\r\nSET k 2\r\n"); err != nil {
		t.Fatal(err)
	}
	<-node.entered
	address := writer.conn.LocalAddr().String()
	if got := do(t, c, "CLIENT KILL ADDR "+address); got != "(integer) 1" {
		t.Error(got)
	}
	if got := do(t, c, "CLIENT KILL ADDR "+address); got != "(integer) 0" {
		t.Errorf("it is killed again: %s", got)
	}
	if got := do(t, c, "CLIENT LIST"); strings.Contains(got, address) {
		t.Errorf("it is still there: %s", got)
	}
	node.proceed <- struct{}{}
	if rest, err := io.ReadAll(writer.r); string(rest) != "+OK\r\n" || err != nil && !ended(err) {
		t.Errorf("%q, %v", rest, err)
	}
	if got := do(t, c, "GET k"); got != `"1"` {
		t.Error(got)
	}
}

// A client that is old enough is killed, and nobody else. One that is sent something is not idle.
func TestAge(t *testing.T) {
	var passed atomic.Int64
	began := time.Now()
	addr := serve(t, &resp.Server{Now: func() time.Time { return began.Add(time.Duration(passed.Load())) }})
	old := talk(t, addr)
	old.say(t, "PING")
	passed.Store(int64(time.Minute))
	c := dial(t, addr)
	for _, step := range [][2]string{
		{"CLIENT KILL MAXAGE 61 SKIPME no", "(integer) 0"},
		{"CLIENT KILL MAXAGE 60 SKIPME no", "(integer) 1"},
		{"CLIENT KILL MAXAGE 60 SKIPME no", "(integer) 0"},
	} {
		if got := do(t, c, step[0]); got != step[1] {
			t.Errorf("%s: %s", step[0], got)
		}
	}
	listener := talk(t, addr)
	listener.say(t, "SUBSCRIBE news")
	passed.Store(int64(2 * time.Minute))
	if got := do(t, c, "CLIENT LIST TYPE pubsub"); !strings.Contains(got, " age=60 idle=60 ") {
		t.Error(got)
	}
	do(t, c, "PUBLISH news hello")
	eventually(t, func() bool { return strings.Contains(do(t, c, "CLIENT LIST TYPE pubsub"), " age=60 idle=0 ") })
}

// The reply of a transaction stays whole.
func TestReplyInATransaction(t *testing.T) {
	c := dial(t, serve(t, &resp.Server{}))
	got := pipeline(t, c, "MULTI", "CLIENT REPLY OFF", "PING", "EXEC", "PING")
	if !strings.HasPrefix(got[3], "1) (error) ERR CLIENT REPLY isn't allowed") || !strings.HasSuffix(got[3], "2) PONG") || got[4] != "PONG" {
		t.Errorf("%q", got)
	}
}
