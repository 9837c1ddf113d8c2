package resp_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"confman/resp"
	"confman/resp/transcript"
	"confman/store"
)

// Who reads with a consistency gets it once for each command, and not again while it waits.
func TestStreamsAreAsCurrentAsAskedFor(t *testing.T) {
	node, addr := watched(t)
	c := dial(t, addr)
	pipeline(t, c, "SET a 1", "CONF CONSISTENCY LINEARIZABLE")
	for _, command := range []string{
		"XREAD STREAMS confman/changes 0", "XREAD BLOCK 1 STREAMS confman/changes $", "XRANGE confman/changes - +", "XREVRANGE confman/changes + -",
		"XLEN confman/changes/a", "XINFO STREAM confman/changes", "XINFO GROUPS confman/changes", "XLEN a/b",
	} {
		node.took()
		do(t, c, command)
		if calls := node.took(); strings.Count(calls, "B") != 1 || calls[0] != 'B' {
			t.Errorf("%s: %s", command, calls)
		}
	}
	node.behind = store.ErrUnconfirmed
	if got := do(t, c, "XREAD STREAMS confman/changes 0"); !strings.HasPrefix(got, "(error) CLUSTERDOWN") {
		t.Error(got)
	}
	node.behind, node.loading = nil, true
	if got := do(t, c, "XREAD STREAMS confman/changes 0"); !strings.HasPrefix(got, "(error) LOADING") {
		t.Error(got)
	}
}

// blocks sends a command that waits, and returns once it does.
func blocks(t *testing.T, addr, protocol, command string) (answer <-chan string) {
	t.Helper()
	n := blocked(t, addr)
	w, err := transcript.DialWire(context.Background(), addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.Close() }) // the test may have done it
	if _, err := w.Do(context.Background(), []string{"HELLO", protocol}); err != nil {
		t.Fatal(err)
	}
	got := make(chan string, 1)
	go func() {
		replies, err := w.Do(context.Background(), strings.Fields(command))
		if err != nil {
			got <- err.Error()
			return
		}
		got <- string(replies[0])
	}()
	eventually(t, func() bool { return blocked(t, addr) == n+1 })
	return got
}

func blocked(t *testing.T, addr string) (n int) {
	t.Helper()
	c, err := resp.Dial(context.Background(), addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	r, err := c.Do(context.Background(), "INFO", "clients")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(fmt.Sprint(r), "blocked_clients:")
	if _, err := fmt.Sscanf(rest, "%d", &n); err != nil {
		t.Fatalf("%v in %v", err, r)
	}
	return n
}

// A change ends the waits that are about it, and no others.
func TestXREADWaits(t *testing.T) {
	_, addr := watched(t)
	c := dial(t, addr)
	do(t, c, "SET prod/a 1")
	entry := func(id, name string) string {
		b := fmt.Sprintf("*2\r\n$%d\r\n%s\r\n*10\r\n", len(id), id)
		for _, w := range []string{"name", name, "op", "set", "version", "1", "by", "default", "digest", "65cd25028f98f158"} {
			b += fmt.Sprintf("$%d\r\n%s\r\n", len(w), w)
		}
		return b
	}
	three := blocks(t, addr, "3", "XREAD BLOCK 0 STREAMS confman/changes/prod confman/changes/dev nokey $ $ 0")
	blocks(t, addr, "2", "XREAD COUNT 1 BLOCK 0 STREAMS confman/changes/dev 9999-0")
	all := blocks(t, addr, "2", "XREAD BLOCK 0 STREAMS confman/changes 1")
	do(t, c, "SET other/a 1")
	if got := <-all; got != "*1\r\n*2\r\n$15\r\nconfman/changes\r\n*1\r\n"+entry("2-0", "other/a") {
		t.Errorf("%q", got)
	}
	if n := blocked(t, addr); n != 2 {
		t.Errorf("%d wait still", n)
	}
	do(t, c, "SET dev/a 1")
	if got := <-three; got != "%1\r\n$19\r\nconfman/changes/dev\r\n*1\r\n"+entry("3-0", "dev/a") {
		t.Errorf("%q", got)
	}
	if n := blocked(t, addr); n != 1 {
		t.Errorf("%d wait for what is to come", n)
	}
}

// Waiting ends when its time has passed, within a transaction at once, and with the client.
func TestXREADWaitsNoLonger(t *testing.T) {
	_, addr := watched(t)
	c := dial(t, addr)
	if got := do(t, c, "XREAD BLOCK 1 STREAMS confman/changes $"); got != "(nil)" {
		t.Error(got)
	}
	if got := pipeline(t, c, "MULTI", "SET a 1", "XREAD BLOCK 0 STREAMS confman/changes $", "XREAD STREAMS confman/changes/none 0", "EXEC"); got[4] != "1) OK\n2) (nil)\n3) (nil)" {
		t.Errorf("%q", got)
	}
	nc, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = nc.Write([]byte("XREAD BLOCK 0 STREAMS confman/changes $\r\n")) // a failure shows below
	eventually(t, func() bool { return blocked(t, addr) == 1 })
	_ = nc.Close()
	eventually(t, func() bool { return blocked(t, addr) == 0 })
}

// Waiting ends with the server; a client gets its answer.
func TestXREADEndsWithTheServer(t *testing.T) {
	addr, stop := start(t, &resp.Server{})
	w := blocks(t, addr, "2", "XREAD BLOCK 0 STREAMS confman/changes $")
	if err := stop(); err != nil {
		t.Error(err)
	}
	if got := <-w; got != "*-1\r\n" {
		t.Errorf("%.200q", got)
	}
}

// Who waits for what another state has in place of this one's is told that it is gone, if it is.
func TestXREADWaitsForAnotherState(t *testing.T) {
	node, addr := watched(t)
	do(t, dial(t, addr), "SET a 1")
	w := blocks(t, addr, "2", "XREAD BLOCK 0 STREAMS confman/changes $")
	other := transcript.NewLocal()
	bulkWritesOver(t, other)
	var b strings.Builder
	if _, err := other.Store.Snapshot().WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	if err := node.Store.Restore(strings.NewReader(b.String())); err != nil {
		t.Fatal(err)
	}
	if got := <-w; !strings.HasPrefix(got, "-GONE changes up to revision 11 are not kept any more: ") {
		t.Errorf("%.200q", got)
	}
}

// A command that asks for much ends with its server.
func TestXREADOfManyStreamsEndsWithTheServer(t *testing.T) {
	node := newSpy()
	bulkWrites(t, node.Local, 50, 2000, "v")
	server := &resp.Server{Node: node, WriteTime: 100 * time.Millisecond}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = server.Serve(ctx, ln)
	}()
	c := talk(t, ln.Addr().String())
	const streams = 300
	line := "XREAD STREAMS" + strings.Repeat(" confman/changes/none", streams) + strings.Repeat(" 0", streams) + "\r\n"
	if _, err := io.WriteString(c.conn, line); err != nil {
		t.Fatal(err)
	}
	look := dial(t, ln.Addr().String())
	eventually(t, func() bool { return strings.Contains(do(t, look, "INFO clients"), `connected_clients:2\r\n`) })
	stop()
	select {
	case <-ended:
	case <-time.After(5 * time.Second):
		t.Error("the server does not end")
		<-ended
	}
}
