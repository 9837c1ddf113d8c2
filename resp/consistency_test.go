package resp_test

import (
	"fmt"
	"slices"
	"testing"

	"confman/resp"
	"confman/store"
)

// Who asks for more than what the node has pays one barrier for all that came together, and
// nothing for writes.
func TestWhatConsistencyCosts(t *testing.T) {
	node := newSpy()
	c := dial(t, serve(t, &resp.Server{Node: node}))
	for _, step := range []struct {
		consistency string
		commands    []string
		calls       string
	}{
		{"LOCAL", []string{"GET a", "SET a 1", "GET a"}, "VUV"},
		{"LOCAL", []string{"WATCH a", "MULTI", "GET a", "EXEC"}, "VV"},
		{"LINEARIZABLE", []string{"GET a", "GET b", "HGETALL c"}, "BV"},
		{"LINEARIZABLE", []string{"GET a", "SET a 1", "KEYS *", "SET a 2", "GET a"}, "BVUV"},
		{"LINEARIZABLE", []string{"SET a 1", "INCR b", "DEL b"}, "U"},
		{"LINEARIZABLE", []string{"SET a 1", "GET a"}, "UBV"},
		{"LINEARIZABLE", []string{"GET a", "PING", "GET a"}, "BVBV"},
		{"LINEARIZABLE", []string{"WATCH a", "MULTI", "GET a", "EXEC"}, "BVBV"},
		{"LINEARIZABLE", []string{"MULTI", "SET a 1", "EXEC"}, "U"},
		{"LINEARIZABLE", []string{"MULTI", "SET a 1", "GET a", "EXEC"}, "BU"},
		{"LINEARIZABLE", []string{"MULTI", "PING", "EXEC"}, "V"},
		{"LINEARIZABLE", []string{"INFO keyspace", "PING", "ECHO x"}, "V"},
		{"BOUNDED 50", []string{"GET a", "SET a 1", "GET a"}, "WVUWV"},
		{"BOUNDED 50", []string{"MULTI", "GET a", "EXEC"}, "WV"},
	} {
		do(t, c, "CONF CONSISTENCY "+step.consistency)
		node.took()
		pipeline(t, c, step.commands...)
		if got := node.took(); got != step.calls {
			t.Errorf("%s %q: %s, want %s", step.consistency, step.commands, got, step.calls)
		}
	}
}

// What cannot be shown to be current is refused, once for all that came together; writes among it
// go their own way, and reads of what the node has work for whoever asks for that.
func TestReadsThatCannotBeCurrentAreRefused(t *testing.T) {
	node := newSpy()
	addr := serve(t, &resp.Server{Node: node})
	c, other := dial(t, addr), dial(t, addr)
	do(t, c, "SET a 1")
	for _, e := range []struct {
		consistency, want string
		err               error
	}{
		{"LINEARIZABLE", "(error) CLUSTERDOWN no majority of the nodes confirmed that this node's data are current: it reaches 1 of 3 nodes", fmt.Errorf("%w: it reaches 1 of 3 nodes", store.ErrUnconfirmed)},
		{"BOUNDED 50", "(error) MASTERDOWN this node's data may be too old: up to 70 ms", fmt.Errorf("%w: up to 70 ms", store.ErrStale)},
	} {
		node.behind = nil
		do(t, c, "CONF CONSISTENCY "+e.consistency)
		node.behind = e.err
		node.took()
		got := pipeline(t, c, "GET a", "SET a 2", "GET a", "INCR a", "GET a")
		if want := []string{e.want, "OK", e.want, "(integer) 3", e.want}; !slices.Equal(got, want) {
			t.Errorf("%s:\n%q, want\n%q", e.consistency, got, want)
		}
		if calls := node.took(); calls != "BU" && calls != "WU" {
			t.Errorf("%s: it asked %s", e.consistency, calls)
		}
		got = pipeline(t, c, "WATCH a", "MULTI", "SET a 1", "GET a", "EXEC", "MULTI", "SET a 1", "EXEC")
		if want := []string{e.want, "OK", "QUEUED", "QUEUED", e.want, "OK", "QUEUED", "1) OK"}; !slices.Equal(got, want) {
			t.Errorf("%s:\n%q, want\n%q", e.consistency, got, want)
		}
		if got := do(t, other, "GET a"); got != `"1"` {
			t.Errorf("who asks for less gets %s", got)
		}
	}
}
