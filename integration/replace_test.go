package integration

import (
	"os"
	"strings"
	"testing"
)

// A machine that loses its disk once more, before the node that was to take its place has voted, is
// replaced once more. Both nodes that it was are gone then: a dead voter that stays would make the
// next failure one too many.
func TestReplacedBeforeItVoted(t *testing.T) {
	nodes := three(t)
	lost := nodes[2]
	lost.kill()
	for range 2 {
		if err := os.RemoveAll(lost.dir); err != nil {
			t.Fatal(err)
		}
		lost.run("node", "replace", "--data-dir", lost.dir, "--join", nodes[0].token(),
			"--raft-addr", lost.raft, "--resp-addr", lost.resp, "--profile", "lan")
	}
	lost.start()
	lost.eventually("it votes", lost.takesPart)
	settled(t, nodes)
	info := nodes[0].info()
	if info["raft_voters"] != "3" || info["member3"] != "" || info["member4"] != "" {
		t.Errorf("there are %s voters, among them %q and %q", info["raft_voters"], info["member3"], info["member4"])
	}
	if strings.Contains(lost.log.String(), "if this machine takes its place") {
		t.Error("the node that was let in is told to have itself let in")
	}
}
