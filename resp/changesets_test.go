package resp_test

import (
	"strings"
	"testing"

	"confman/resp"
	"confman/store"
)

// A pipeline's commands share transactions; still CONF REVISION answers for the writes before it, and what did not
// go through is none.
func TestTheRevisionOfTheLastWrite(t *testing.T) {
	node := newSpy()
	c := dial(t, serve(t, &resp.Server{Node: node}))
	got := pipeline(t, c, "SET a 1", "CONF REVISION", "GET a", "CONF REVISION", "SET a 2", "SET b 2", "CONF REVISION", "SET a 3 NX", "CONF REVISION")
	want := "OK (integer) 1 \"1\" (integer) 1 OK OK (integer) 2 (nil) (integer) 2"
	if all := strings.Join(got, " "); all != want {
		t.Errorf("%s, want %s", all, want)
	}
	do(t, c, "WATCH a")
	do(t, dial(t, serve(t, &resp.Server{Node: node})), "SET a 4")
	if all := strings.Join(pipeline(t, c, "MULTI", "SET a 5", "CONF REVISION", "EXEC", "CONF REVISION"), " "); !strings.HasSuffix(all, "(nil) (integer) 2") {
		t.Errorf("a transaction that was not carried out: %s", all)
	}
	node.refuse = store.ErrUnavailable
	if all := strings.Join(pipeline(t, c, "SET a 6", "CONF REVISION"), " "); !strings.HasSuffix(all, "(integer) 2") {
		t.Errorf("a write that was refused: %s", all)
	}
}

// A transaction runs anew when it loses against others; it answers where it stands in the end.
func TestConfirmRunsAgain(t *testing.T) {
	node := newSpy()
	node.again = 3
	c := dial(t, serve(t, &resp.Server{Node: node}))
	got := pipeline(t, c, "MULTI", "CONF CONFIRM 60", "SET a 1", "CONF CONFIRMED 7", "EXEC")
	if last := got[len(got)-1]; !strings.HasPrefix(last, "1) (integer) 1\n2) OK\n3) (error) NOCONFIRM ") {
		t.Error(last)
	}
	if got := do(t, c, "CONF CONFIRMED 1"); got != "OK" {
		t.Error(got)
	}
}

// What CONF PENDING tells clients of RESP3.
func TestPendingIsAMap(t *testing.T) {
	c := dial(t, serve(t, &resp.Server{}))
	do(t, c, "HELLO 3")
	pipeline(t, c, "MULTI", "SET prod/a 1", "CONF CONFIRM 60", "EXEC")
	got := do(t, c, "CONF PENDING")
	for _, want := range []string{`"revision" => (integer) 1`, `"left" => (integer) 60`, `"by" => "default"`, `"names" => `, `"prod/a"`} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is missing in\n%s", want, got)
		}
	}
}
