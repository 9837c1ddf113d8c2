package resp_test

import (
	"fmt"
	"strings"
	"testing"

	"confman/resp"
)

// A connection that ends takes nothing from others that keep the same name.
func TestOneOfSeveralKeepersLeaves(t *testing.T) {
	addr := serve(t, &resp.Server{})
	leaver, stayer, look := talk(t, addr), talk(t, addr), dial(t, addr)
	for _, c := range []*talker{leaver, stayer} {
		c.until(t, "HELLO 3")
		c.until(t, "CLIENT TRACKING ON")
		c.until(t, "GET k")
	}
	_ = leaver.conn.Close()
	eventually(t, func() bool { return strings.Contains(do(t, look, "INFO clients"), `tracking_clients:1\r\n`) })
	do(t, look, "SET k 1")
	if got := stayer.say(t, ""); got != ">2 $10 invalidate *1 $1 k " {
		t.Errorf("%q", got)
	}
	if got := do(t, look, "INFO stats"); !strings.Contains(got, `tracking_total_keys:0\r\ntracking_total_items:0\r\n`) {
		t.Error(got)
	}
}

// A client that is not told of its own changes is told of others' changes to what it has read behind
// its own, in one transaction or in one pipeline.
func TestNoLoopKeepsWhatWasReadBehindAWrite(t *testing.T) {
	pipeline := "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\n1\r\n*2\r\n$3\r\nGET\r\n$1\r\nk\r\n*3\r\n$3\r\nSET\r\n$1\r\nj\r\n$1\r\n1"
	for _, said := range []string{"MULTI\r\nSET k 1\r\nGET k\r\nEXEC", pipeline} {
		addr := serve(t, &resp.Server{})
		reader, writer := talk(t, addr), dial(t, addr)
		reader.until(t, "HELLO 3")
		reader.until(t, "CLIENT TRACKING ON NOLOOP")
		heard := reader.say(t, said) // it may be told at once, or
		do(t, writer, "SET k 2")
		if heard += reader.say(t, ""); !strings.Contains(heard, "invalidate *1 $1 k ") {
			t.Errorf("%q: it keeps an old value for good: %q", said, heard)
		}
	}
}

// Libraries keep what they have read of streams, too.
func TestStreamsAreInvalidated(t *testing.T) {
	_, addr := watched(t)
	reader, writer := talk(t, addr), dial(t, addr)
	reader.until(t, "HELLO 3")
	reader.until(t, "CLIENT TRACKING ON")
	for read, key := range map[string]string{
		"XLEN confman/changes": "confman/changes", "XRANGE confman/changes/prod - +": "confman/changes/prod", "XREVRANGE confman/values + -": "confman/values",
		"XREAD COUNT 1 STREAMS confman/changes/prod/api 0": "confman/changes/prod/api", "XRANGE confman/changes/dev - +": "",
	} {
		reader.say(t, read)
		do(t, writer, "SET prod/api/timeout 30s")
		want := ""
		if key != "" {
			want = fmt.Sprintf(">2 $10 invalidate *1 $%d %s ", len(key), key)
		}
		if got := reader.say(t, ""); got != want {
			t.Errorf("%s: %q, want %q", read, got, want)
		}
	}
}

// Each invalidation that nobody takes any more is told of, as in Redis: a client may have missed the
// first one while it spoke RESP2.
func TestEachLostInvalidationIsToldOf(t *testing.T) {
	addr := serve(t, &resp.Server{})
	reader, listener, look := talk(t, addr), talk(t, addr), dial(t, addr)
	id := strings.TrimSpace(strings.TrimPrefix(listener.say(t, "CLIENT ID"), ":"))
	listener.until(t, "SUBSCRIBE __redis__:invalidate")
	reader.until(t, "CLIENT TRACKING ON REDIRECT "+id)
	_ = listener.conn.Close()
	eventually(t, func() bool {
		return strings.HasSuffix(do(t, look, "PUBSUB NUMSUB __redis__:invalidate"), "(integer) 0")
	})
	for i, hello := range []string{"HELLO 2", "HELLO 3", "HELLO 3"} {
		reader.until(t, hello)
		reader.until(t, "GET k")
		do(t, look, fmt.Sprint("SET k ", i))
		if got := reader.say(t, ""); strings.Contains(got, "tracking-redir-broken") != (hello == "HELLO 3") {
			t.Errorf("%d: %q", i, got)
		}
	}
}

// When the bound of the table is lowered, one read evicts only some of the many that are too much: the
// store waits for it.
func TestOneReadEvictsOnlySome(t *testing.T) {
	const names = 20_000
	addr := serve(t, &resp.Server{})
	reader, look := talk(t, addr), dial(t, addr)
	reader.until(t, "HELLO 3")
	reader.until(t, "CLIENT TRACKING ON")
	for i := 0; i < names; i += 1000 {
		var line strings.Builder
		line.WriteString("MGET")
		for j := range 1000 {
			fmt.Fprintf(&line, " k%d", i+j)
		}
		reader.until(t, line.String())
	}
	do(t, look, "CONFIG SET tracking-table-max-keys 1")
	other := talk(t, addr)
	other.until(t, "HELLO 3")
	other.until(t, "CLIENT TRACKING ON")
	other.until(t, "GET k")
	if got := do(t, look, "INFO stats"); !strings.Contains(got, fmt.Sprintf(`tracking_total_keys:%d\r\n`, names-1001+1)) {
		t.Error(got)
	}
}

// What has expired cannot be seen any more, whether or not anybody has removed it: under both of its names.
func TestWhatHasExpiredIsInvalidated(t *testing.T) {
	s := &resp.Server{}
	addr := serve(t, s)
	reader, broad := talk(t, addr), talk(t, addr)
	for _, line := range []string{"HELLO 3", "CLIENT TRACKING ON", "GET prod/api/token", "HGETALL prod/api", "GET prod/api/other"} {
		reader.until(t, line)
	}
	for _, line := range []string{"HELLO 3", "CLIENT TRACKING ON BCAST PREFIX prod/api/"} {
		broad.until(t, line)
	}
	s.Lapsed([]string{"prod/api/token", "confman/tokens/x"})
	if got := reader.say(t, ""); got != ">2 $10 invalidate *1 $8 prod/api >2 $10 invalidate *1 $14 prod/api/token " {
		t.Error(got)
	}
	if got := broad.say(t, ""); got != ">2 $10 invalidate *1 $14 prod/api/token " {
		t.Error(got)
	}
}
