package resp_test

import (
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"confman/resp"
	"confman/store"
)

// big is a value of which a few take more than a piece of output.
var big = strings.Repeat("v", 100_000)

// keep sets a config to a value of so many bytes.
func keep(t *testing.T, c *resp.Client, name string, size int) {
	t.Helper()
	if got := do(t, c, "SET "+name+" "+strings.Repeat("v", size)); got != "OK" {
		t.Fatalf("SET %s: %s", name, got)
	}
}

// Commands whose replies are large share no transaction, and each is still run once, in its turn.
func TestPipelinesOfLargeReplies(t *testing.T) {
	node := newSpy()
	c := dial(t, serve(t, &resp.Server{Node: node}))
	keep(t, c, "big", len(big))
	node.took()
	var lines, want []string
	for i := range 20 {
		lines = append(lines, "INCR n", "GET big", "SET big "+big+" GET", "GET n")
		want = append(want, fmt.Sprintf("(integer) %d", i+1), `"`+big+`"`, `"`+big+`"`, fmt.Sprintf("%q", fmt.Sprint(i+1)))
	}
	for i, got := range pipeline(t, c, lines...) {
		if got != want[i] {
			t.Fatalf("%d: %.20s: %.50s, want %.50s", i, lines[i], got, want[i])
		}
	}
	if took := node.took(); strings.Count(took, "U") < 40 {
		t.Errorf("40 large replies to commands among writes took %s", took)
	}
}

// Where reads are refused, the writes between them are still answered in their turn, however much they
// answer.
func TestLargeRepliesBetweenRefusedReads(t *testing.T) {
	node := newSpy()
	c := dial(t, serve(t, &resp.Server{Node: node}))
	keep(t, c, "big", len(big))
	node.behind = store.ErrUnconfirmed
	do(t, c, "CONF CONSISTENCY LINEARIZABLE")
	var lines []string
	for range 5 {
		lines = append(lines, "SET big "+big+" GET", "GET big", "INCR n")
	}
	for i, got := range pipeline(t, c, lines...) {
		want := []string{`"` + big + `"`, "(error) CLUSTERDOWN", fmt.Sprintf("(integer) %d", i/3+1)}[i%3]
		if !strings.HasPrefix(got, want) {
			t.Fatalf("%d: %.20s: %.50s, want %.50s", i, lines[i], got, want)
		}
	}
}

// A transaction that would answer too much is not done, and one whose other commands say too much is
// told so in their places.
func TestTransactionsAnswerSixteenMiB(t *testing.T) {
	c := dial(t, serve(t, &resp.Server{}))
	keep(t, c, "big", 1<<20-100)
	exec := func(before []string, line string, n int) string {
		lines := append([]string{"MULTI"}, before...)
		for range n {
			lines = append(lines, line)
		}
		all := pipeline(t, c, append(lines, "EXEC")...)
		return all[len(all)-1]
	}
	if got := exec([]string{"INCR n"}, "GET big", 16); !strings.HasPrefix(got, " 1) (integer) 1\n") || len(got) < 16<<20-1600 {
		t.Errorf("just enough: %d bytes, %.100s", len(got), got)
	}
	if got := exec([]string{"INCR n"}, "GET big", 17); !strings.HasPrefix(got, "(error) ERR the replies of this transaction are over 16 MiB") {
		t.Errorf("too much: %d bytes, %.100s", len(got), got)
	}
	if got := do(t, c, "GET n"); got != `"1"` {
		t.Errorf("the transaction that was refused has counted: %s", got)
	}
	got := exec(nil, "COMMAND DOCS", 200)
	if n := strings.Count(got, "(error) ERR the replies of this transaction are over 16 MiB"); n < 10 || n > 190 {
		t.Errorf("%d of 200 are refused, and there are %d bytes", n, len(got))
	}
}

// What was done is answered at once, even where there is no room for large replies.
func TestRepliesToWhatWasDoneNeedNoRoom(t *testing.T) {
	addr := serve(t, &resp.Server{Replies: 1 << 20, MaxValue: 16 << 20, Hold: 10 * time.Second})
	c := dial(t, addr)
	keep(t, c, "big", len(big))
	keep(t, c, "huge", 3<<20)
	lazy := stranger(t, addr, "MGET"+strings.Repeat(" huge", 10)+"\r\n")
	if _, err := io.ReadFull(lazy, make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	for _, line := range []string{"GETEX big EX 100", "GETDEL big"} {
		if got := do(t, c, line); got != `"`+big+`"` {
			t.Errorf("%s: %.50s", line, got)
		}
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("it took %v", took)
	}
}

// When a client has hung up, nothing more is read for it.
func TestNobodyReadsForWhoHasHungUp(t *testing.T) {
	node := newSpy()
	addr, stop := start(t, &resp.Server{Node: node, MaxValue: 4 << 20})
	keep(t, dial(t, addr), "huge", 3<<20)
	c := stranger(t, addr, strings.Repeat("*2\r\n$3\r\nGET\r\n$4\r\nhuge\r\n", 400))
	if _, err := io.ReadFull(c, make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	if err := stop(); err != nil {
		t.Error(err)
	}
	if n := strings.Count(node.took(), "V"); n > 100 {
		t.Errorf("%d values were read for nobody", n)
	}
}
