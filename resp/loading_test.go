package resp_test

import (
	"strings"
	"testing"

	"confman/resp"
	"confman/store"
)

// A node that has not copied everything yet says so to whoever asks for data, in the word that
// clients wait and try again for, and otherwise answers as always.
func TestLoading(t *testing.T) {
	node := newSpy()
	node.loading, node.refuse = true, store.ErrLoading
	c := dial(t, serve(t, &resp.Server{
		Node: node, Password: "secret", Snapshot: node.Store.Snapshot,
		Facts: func() []resp.Fact { return []resp.Fact{{Name: "node_id", Value: "4"}} },
	}))
	const loading = "(error) LOADING confman is loading the dataset in memory"
	for _, step := range [][2]string{
		{"AUTH secret", "OK"},
		{"PING", "PONG"},
		{"GET a", loading},
		{"SET a 1", loading},
		{"DBSIZE", loading},
		{"WATCH a", loading},
		{"BACKUP START", loading},
		{"MULTI", "OK"},
		{"GET a", "QUEUED"},
		{"EXEC", loading},
		{"CONF CONSISTENCY BOUNDED 1000", "OK"},
		{"GET a", loading},
		{"SELECT 0", "OK"},
		{"CLIENT SETNAME x", "OK"},
		{"RESET", "RESET"},
	} {
		if got := do(t, c, step[0]); got != step[1] {
			t.Errorf("%s: %s, want %s", step[0], got, step[1])
		}
	}
	if got := do(t, c, "HELLO 3 AUTH default secret"); !strings.Contains(got, `"server" => "redis"`) {
		t.Error(got)
	}
	got := do(t, c, "INFO everything")
	for _, want := range []string{"loading:1\r\n", "redis_version:", "# Keyspace\r\n\r\n# Confman", "node_id:4"} {
		if !strings.Contains(got, want) {
			t.Errorf("INFO does not tell %q:\n%s", want, got)
		}
	}
	node.loading = false
	if got := do(t, c, "INFO persistence"); !strings.Contains(got, "loading:0") {
		t.Error(got)
	}
}
