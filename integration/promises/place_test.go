package promises

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"confman/integration/ground"
)

// starts starts a node whose data are not what they were. It returns what it does instead of ending with an error
// that says what to do.
func starts(t *testing.T, h *ground.Host, how string) (wrong []string) {
	t.Helper()
	logged := len(h.Log())
	h.Launch()
	h.Eventually("it ends, or takes part", func() bool { return !h.Running() || h.TakesPart() })
	if h.Running() {
		return []string{fmt.Sprintf("%s: %s takes part", how, h.Name)}
	}
	code, said := h.AwaitEnd(), h.Log()[logged:]
	if code != 7 || !strings.Contains(said, "this data directory cannot be used as it is") || !strings.Contains(said, "confman node re") {
		wrong = append(wrong, fmt.Sprintf("%s: %s ends with %d, and says\n%s", how, h.Name, code, said))
	}
	return wrong
}

// Class 15: a node takes part that has lost its data, or has another's, or its own from before.
func TestStrangeDataIsRefused(t *testing.T) {
	t.Parallel()
	g := newGround(t)
	n := g.Found(3)
	h, other := n[2], n[1]
	writes := func() {
		if _, err := asks(n[0], []any{"INCR", "place"}); err != nil {
			t.Fatal(err)
		}
	}
	lose := func(what string) {
		if err := os.RemoveAll(filepath.Join(h.Dir, what)); err != nil {
			t.Fatal(err)
		}
	}
	writes()
	g.Settled()
	h.Stop()
	right := h.Dir + ".right"
	copyData(t, h.Dir, right)
	writes()
	for _, c := range []struct {
		how string
		do  func()
	}{
		{"its disk is empty", h.Wipe},
		{"its raft log is gone", func() { lose("raft") }},
		{"it has another node's raft log", func() { lose("raft"); copyData(t, filepath.Join(other.Dir, "raft"), h.Dir) }},
		{"it has another node's data", func() { put(t, other.Dir, h) }},
	} {
		c.do()
		holds(t, starts(t, h, c.how))
		put(t, right, h)
	}
	lose("confman.db") // its log has all of it
	noticed(t, "its data can be made up", starts(t, h, "its data can be made up"))

	writes()
	g.Settled() // and are the same as the others'
	h.Kill()
	put(t, right, h)
	holds(t, starts(t, h, "it was put back"))
	h.Replace(n[0])

	h.Stop()
	clone := g.Host("n9")
	copyData(t, h.Dir, clone.Dir)
	h.Start()
	h.Eventually("it takes part", h.TakesPart)
	holds(t, starts(t, clone, "it is a clone"))
	writes()
	if hash := h.Info()["state_hash"]; hash == "" {
		t.Error("the original does not go on")
	}
}
