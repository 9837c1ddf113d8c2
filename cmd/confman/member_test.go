package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"confman/resp"
)

// typed runs a command line on a node and returns what it prints to standard output, and the last line of
// what it prints to standard error.
func (m *member) typed(t *testing.T, line string) (stdout, last string, code int) {
	t.Helper()
	words, err := resp.SplitLine(line + " --addr " + m.addr)
	if err != nil {
		t.Fatal(err)
	}
	var out, errs lockedBuffer
	code = run(t.Context(), words, []string{"CONFMAN_CONFIG=" + emptyFile(t)}, strings.NewReader(""), &out, &errs)
	lines := strings.Split(strings.TrimSpace(errs.String()), "\n")
	return strings.TrimSpace(out.String()), lines[len(lines)-1], code
}

// Members are demoted, promoted and removed from any node, the one that is meant included, and whoever asks
// sees when it is done.
func TestMemberCommandsOnThreeNodes(t *testing.T) {
	nodes := threeMembers(t)
	if nodes[2].info(t)["node_id"] != "3" { // both have joined at once
		nodes[1], nodes[2] = nodes[2], nodes[1]
	}
	nodes[2].code = exitUntrusted
	for _, each := range []struct {
		on         int
		line       string
		says, last string
		code       int
	}{
		{0, "set a 1", "", "", 0},
		{0, "member lead 2", "node 2 leads", "", 0},
		{1, "member lead 2", "node 2 leads", "", 0},
		{1, "member lead 3 --output json", "{\n  \"said\": \"node 3 leads\"\n}", "", 0},
		{1, "member lead 9", "", "confman: ERR nothing was changed: there is no node 9: the nodes are 1 (RAFT1), 2 (RAFT2), 3 (RAFT3)", exitFailure},
		{1, "member lead two", "", `confman: "two" is no node's number: confman member list shows them`, exitUsage},
		{1, "member lead", "", "confman: usage: confman member lead NUMBER", exitUsage},
		{1, "member profile", "lan", "", 0},
		{1, "member profile lan", "all nodes have profile lan", "3 of 3 nodes have profile lan", 0},
		{1, "member promote 3", "node 3 votes", "node 3 votes", 0},
		{2, "member demote 3", "node 3 gives its vote up, and goes on under another number", "node 3 is node 4 now, and has no vote", 0},
		{2, "get a", "1", "", 0},
		{0, "member demote 4", "node 4 has no vote", "node 4 has no vote", 0},
		{0, "member lead 4", "", "confman: ERR nothing was changed: node 4 has no vote: promote it first", exitFailure},
		{0, "member promote 3", "", "confman: ERR nothing was changed: node 3 is no member any more: the nodes are 1 (RAFT1), 2 (RAFT2), 4 (RAFT3)", exitFailure},
		{2, "member promote 4", "node 4 will vote when it has caught up", "node 4 votes", 0},
		{0, "member replace 4", "", "confman: ERR nothing was changed: node 4 is running: stop it first", exitFailure},
		{0, "member replace 9", "", "confman: ERR nothing was changed: there is no node 9: the nodes are 1 (RAFT1), 2 (RAFT2), 4 (RAFT3)", exitFailure},
		{2, "member remove 4", "node 4 is leaving", "node 4 is no member any more", 0},
		{0, "member remove 4", "node 4 is no member any more", "node 4 is no member any more", 0},
		{0, "member remove 4 --output json", "{\n  \"said\": \"node 4 is no member any more\"\n}", "node 4 is no member any more", 0},
		{0, "member remove four", "", `confman: "four" is no node's number: confman member list shows them`, exitUsage},
		{0, "member remove", "", "confman: usage: confman member remove NUMBER", exitUsage},
		{0, "member profile fast", "", `confman: ERR nothing was changed: no profile "fast": there are lan, edge, wan and metered`, exitFailure},
	} {
		said, last, code := nodes[each.on].typed(t, each.line)
		for i, m := range nodes {
			last = strings.ReplaceAll(last, m.raft, fmt.Sprint("RAFT", i+1))
		}
		if said != each.says || last != each.last || code != each.code {
			t.Errorf("on node %d: confman %s\n%s\n%s\n[exit %d]\nwant\n%s\n%s\n[exit %d]", each.on+1, each.line, said, last, code, each.says, each.last, each.code)
		}
	}
	eventually(t, "the removed node ends", func() bool {
		return strings.Contains(nodes[2].output.String(), "was removed from the cluster") &&
			strings.Contains(nodes[2].output.String(), "to join as a new one: confman node replace")
	})
	said, _, _ := nodes[1].typed(t, "member list")
	for i, line := range strings.Split(said, "\n") {
		if words := strings.Fields(line); i > 0 && (len(words) != 7 || words[1] != "leader" && words[1] != "voter" || words[2] != "voter" || words[6] != "lan") {
			t.Errorf("member list:\n%s", said)
		}
	}
}

// writer counts on any node that takes it until stop is closed, and returns how often it was told that it
// had, how often it does not know, and the longest time without an acknowledged write.
func writer(ctx context.Context, nodes []*member, stop <-chan struct{}) (told, doubtful int, gap time.Duration) {
	p := &program{stdout: io.Discard, stderr: io.Discard}
	last, at := time.Now(), 0
	var n *node
	for {
		select {
		case <-stop:
			return told, doubtful, gap
		default:
		}
		var err error
		if n == nil {
			if n, err = p.dial(ctx, nodes[at%len(nodes)].addr); err != nil {
				at++
				continue
			}
		}
		_, err = n.do("INCR", "counter")
		if err == nil {
			told, gap, last = told+1, max(gap, time.Since(last)), time.Now()
			continue
		}
		doubtful++
		_ = n.Close() // whatever is wrong, another node may take it
		n, at = nil, at+1
	}
}

// The timing is changed for all nodes while a client writes: each of them starts again by itself, and no
// acknowledged write is lost.
func TestTheProfileIsChangedForAll(t *testing.T) {
	nodes := threeMembers(t)
	stop, counted := make(chan struct{}), make(chan struct{})
	var told, doubtful int
	var gap time.Duration
	go func() {
		defer close(counted)
		told, doubtful, gap = writer(t.Context(), nodes, stop)
	}()
	said, last, code := nodes[1].typed(t, "member profile edge")
	if said != "the nodes start again one after the other, the leader last, with profile edge" || last != "3 of 3 nodes have profile edge" || code != 0 {
		t.Errorf("%s\n%s\n[exit %d]", said, last, code)
	}
	for _, m := range nodes {
		eventually(t, "it has the profile", func() bool { return m.info(t)["profile"] == "edge" })
		if !strings.Contains(m.output.String(), "the setting profile is not the cluster's") {
			t.Error("the setting that does not count is not warned about")
		}
	}
	close(stop)
	<-counted
	t.Logf("%d writes, %d in doubt, none acknowledged for %v", told, doubtful, gap)
	settled(t, nodes)
	counter, _, _ := nodes[0].typed(t, "get counter")
	if got := atoi(counter); got < told || got > told+doubtful {
		t.Errorf("%d writes were acknowledged, %d are in doubt, and the counter stands at %d", told, doubtful, got)
	}
}

// Whoever does not wait any longer loses nothing.
func TestWaitingCanBeEnded(t *testing.T) {
	nodes := threeMembers(t)
	ctx, cancel := context.WithCancel(t.Context())
	p := &program{stdout: io.Discard, stderr: io.Discard}
	n, err := p.dial(ctx, nodes[0].addr)
	if err != nil {
		t.Fatal(err)
	}
	defer n.Close()
	asked := 0
	err = p.await(n, nil, func(view) (string, bool) {
		if asked++; asked == 2 {
			cancel()
		}
		return "", false
	})
	if err == nil || !strings.Contains(err.Error(), "nothing is lost") {
		t.Error(err)
	}
}

// What people see while a node copies the state.
func TestProgress(t *testing.T) {
	answers := map[string]map[string]string{"4": {"loading": "1", "applied_revision": "12000"}}
	v := view{
		leader: "1040000", members: []map[string]string{{"id": "4", "role": "non-voter", "meant": "non-voter", "resp": "edge:6479", "raft": "edge:6481"}},
		info: func(m map[string]string) map[string]string { return answers[m["id"]] },
	}
	join := joining([]map[string]string{{"id": "3"}}, "")
	var out strings.Builder
	bar := &progressBar{w: &out}
	see := func(want string, reached bool) {
		t.Helper()
		text, done := join(v)
		if bar.show(text); text != want || done != reached {
			t.Errorf("%q, %v", text, done)
		}
	}
	see("node 4 copies: revision 12,000 of 1,040,000", false)
	see("node 4 copies: revision 12,000 of 1,040,000", false)
	delete(answers, "4")
	see("node 4 does not answer at edge:6479", false)
	answers["4"] = map[string]string{"loading": "0", "applied_revision": "1040000"}
	see("node 4 takes part, as a non-voter", true)
	v.members = nil
	see("waiting for the new node", false)
	const lines = "node 4 copies: revision 12,000 of 1,040,000\nnode 4 does not answer at edge:6479\nnode 4 takes part, as a non-voter\nwaiting for the new node\n"
	if out.String() != lines {
		t.Errorf("%q", out.String())
	}
	out.Reset()
	bar = &progressBar{w: &out, terminal: true}
	bar.show("one")
	bar.show("two")
	bar.end()
	if out.String() != "\r\x1b[Kone\r\x1b[Ktwo\n" {
		t.Errorf("%q", out.String())
	}
}

func TestDurationsAreSpoken(t *testing.T) {
	for d, want := range map[time.Duration]string{
		time.Hour: "1h", 90 * time.Minute: "1h30m", 90 * time.Second: "1m30s", 20 * time.Second: "20s", 10 * time.Minute: "10m", time.Hour + time.Second: "1h0m1s",
	} {
		if got := spoken(d); got != want {
			t.Errorf("%v: %s, want %s", d, got, want)
		}
	}
}
