package resp_test

import (
	"fmt"
	"strings"
	"testing"

	"confman/resp"
	"confman/store"
)

// big is a value of which a few take more than a piece of output.
var big = strings.Repeat("v", 100_000)

// Commands whose replies are large share no transaction, and each is still run once, in its turn.
func TestPipelinesOfLargeReplies(t *testing.T) {
	node := newSpy()
	c := dial(t, serve(t, &resp.Server{Node: node}))
	do(t, c, "SET big "+big)
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
	do(t, c, "SET big "+big)
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
	do(t, c, "SET big "+strings.Repeat("v", 1<<20-100))
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
	got := exec(nil, "COMMAND DOCS", 1000)
	if n := strings.Count(got, "(error) ERR the replies of this transaction are over 16 MiB"); n < 100 || len(got) > 64<<20 {
		t.Errorf("%d of 1000 are refused, and there are %d bytes", n, len(got))
	}
}

// What was done is answered, even where there is no room for large replies; what can be asked for again
// need not be. And who takes his replies keeps no room.
func TestRoomForRepliesComesBack(t *testing.T) {
	addr := serve(t, &resp.Server{Replies: 1 << 17})
	for range 3 {
		c := dial(t, addr)
		do(t, c, "SET big "+big)
		for _, line := range []string{"GET big", "GETDEL big"} {
			if got := do(t, c, line); got != `"`+big+`"` {
				t.Errorf("%s: %.50s", line, got)
			}
		}
	}
}

// After a client has hung up, nothing more is read for it.
func TestNobodyReadsForWhoHasHungUp(t *testing.T) {
	node := newSpy()
	s := &resp.Server{Node: node}
	addr, stop := start(t, s)
	do(t, dial(t, addr), "SET big "+big)
	c := stranger(t, addr, strings.Repeat("GET big\r\n", 5000))
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	if err := stop(); err != nil {
		t.Error(err)
	}
	if n := strings.Count(node.took(), "V"); n > 1000 {
		t.Errorf("%d values were read for nobody", n)
	}
}
