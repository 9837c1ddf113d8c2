package resp_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"confman/resp"
	"confman/resp/transcript"
	"confman/store"
)

// A guarded node notes the guards of the last update, but the one that all writes have: that nobody
// changes the settings of namespaces.
type guarded struct {
	*transcript.Local
	guards []store.Guard
}

func (g *guarded) Update(ctx context.Context, by string, fn func(*store.Tx) error) (uint64, error) {
	err := g.Store.Evaluate(1, []store.Update{{By: by, Do: fn}}, func(_ int, txn store.Txn, _ error) bool {
		g.guards = slices.DeleteFunc(txn.Guards, func(g store.Guard) bool { return g.Key == "nconfman/namespaces" })
		return false
	})
	if err != nil {
		return 0, err
	}
	return g.Local.Update(ctx, by, fn)
}

// What sets a config whatever it was depends on nothing but settings, so it does not conflict with others.
func TestWritesThatDependOnNothing(t *testing.T) {
	node := &guarded{Local: transcript.NewLocal()}
	c := dial(t, serve(t, &resp.Server{Node: node}))
	for _, line := range []string{
		"SET a 1", "SET a 1 EX 100", "SET a 1 PXAT 33177117420123", "SET a 1 EXAT 1", "SET b/c 1", "SETEX a 100 1", "PSETEX a 100 1", "MSET a 1 b/c 2 d 3",
	} {
		if got := do(t, c, line); got != "OK" || len(node.guards) > 0 {
			t.Errorf("%s: %s, guards %v", line, got, node.guards)
		}
	}
	for line, want := range map[string]string{
		"SET a 2 GET": `"1"`, "SET x 1 NX": "OK", "SET x 1 IFNE 2": "OK", "SET x 1 KEEPTTL": "OK", "GETEX x": `"1"`, "RENAMENX x b": "(integer) 0", "DELEX a IFEQ 2": "(integer) 0",
	} {
		do(t, c, "MSET a 1 x 1")
		if line == "SET x 1 NX" {
			do(t, c, "DEL x")
		}
		if got := do(t, c, line); got != want || len(node.guards) == 0 {
			t.Errorf("%s: %s, want %s; guards %v", line, got, want, node.guards)
		}
	}
}

// Transactions that only read stay on the node.
func TestReadOnlyTransactionsStayLocal(t *testing.T) {
	node := newSpy()
	c := dial(t, serve(t, &resp.Server{Node: node}))
	do(t, c, "SET a hello")
	node.took()
	lines := []string{
		"WATCH a", "MULTI", "GET a", "MGET a b", "STRLEN a", "GETRANGE a 0 1", "SUBSTR a 0 1", "EXISTS a", "TOUCH a", "TYPE a", "TTL a", "PTTL a", "EXPIRETIME a",
		"PEXPIRETIME a", "DIGEST a", "EXEC",
	}
	pipeline(t, c, lines...)
	if took := node.took(); took != "VV" {
		t.Errorf("took %s, want a view for WATCH and one for EXEC", took)
	}
	pipeline(t, c, slices.Insert(lines[1:], 1, "GETEX a")...)
	if took := node.took(); took != "U" {
		t.Errorf("with a write among them it took %s", took)
	}
}

// A namespace moves as a whole or not at all.
func TestNamespacesThatAreTooLargeToMove(t *testing.T) {
	c := dial(t, serve(t, &resp.Server{}))
	for i := range 5 {
		if got := do(t, c, fmt.Sprintf("SET large/%d %s", i, strings.Repeat("x", 1<<20))); got != "OK" {
			t.Fatal(got)
		}
	}
	for _, line := range []string{"RENAME large other", "RENAMENX large other", "COPY large other"} {
		if got, want := do(t, c, line), "(error) ERR transaction takes more than 4194304 bytes: split it"; got != want {
			t.Errorf("%s: %s, want %s", line, got, want)
		}
	}
	if got := do(t, c, "EXISTS large large/0 large/4 other other/0"); got != "(integer) 3" {
		t.Errorf("afterwards %s of 3 names are there", got)
	}
	if got := do(t, c, "EXPIRE large 100"); !strings.HasPrefix(got, "(error) ERR transaction takes more than") {
		t.Errorf("EXPIRE: %s", got)
	}
}
