package main

import (
	"bufio"
	"io"
	"net"
	"testing"
	"time"

	"confman/replication"
	"confman/resp"
)

// Clients of a node that stops are sent to its leader, or else to a node that it has heard of lately, to a
// voter if there is one.
func TestElsewhere(t *testing.T) {
	members := func(voters ...bool) (all []replication.Member) {
		for i, voter := range voters {
			all = append(all, replication.Member{ID: uint64(i + 1), RESP: string(rune('a' + i)), Voter: voter})
		}
		return all
	}
	heard := func(ago ...time.Duration) map[uint64]replication.Link {
		links := map[uint64]replication.Link{}
		for i, since := range ago {
			links[uint64(i+2)] = replication.Link{Contact: since} // the node itself is 1
		}
		return links
	}
	for _, story := range []struct {
		what string
		st   replication.Status
		want string
	}{
		{"alone", replication.Status{Members: members(true), Leader: 1}, ""},
		{"a follower", replication.Status{Members: members(true, true, true), Leader: 3, LeaderAddr: "c", Links: heard(0, time.Hour)}, "c"},
		{"the leader", replication.Status{Members: members(true, true, true), Leader: 1, Links: heard(2*time.Second, time.Second)}, "c"},
		{"no leader", replication.Status{Members: members(true, true, true), Links: heard(time.Second, 2*time.Second)}, "b"},
		{"a non-voter was heard later", replication.Status{Members: members(true, false, true, false), Leader: 1, Links: heard(0, time.Second, 0)}, "c"},
		{"a non-voter is all there is", replication.Status{Members: members(true, true, false), Leader: 1, Links: heard(time.Minute, 0)}, "c"},
		{"cut off", replication.Status{Members: members(true, true, true), Links: heard(time.Minute, -1)}, ""},
		{"degraded", replication.Status{Members: members(true, true, true)}, ""},
		{"no address", replication.Status{Members: []replication.Member{{ID: 2, Voter: true}}, Links: heard(0)}, ""},
	} {
		story.st.ID = 1
		if got := elsewhere(story.st); got != story.want {
			t.Errorf("%s: %q, want %q", story.what, got, story.want)
		}
	}
}

// A node that is to be shut down sends the clients that asked for it to the leader, and serves them until they
// have gone.
func TestShutdownSendsClientsToTheLeader(t *testing.T) {
	nodes := threeMembers(t)
	var here, there *member
	eventually(t, "a leader that all know", func() bool {
		for i, m := range nodes {
			if m.info(t)["raft_role"] == "leader" {
				here, there = nodes[(i+1)%3], m
			}
		}
		return there != nil && here.info(t)["raft_leader_addr"] == there.addr
	})
	conn, err := net.Dial("tcp", here.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(conn)
	say := func(command string) {
		t.Helper()
		if _, err := io.WriteString(conn, command+"\r\n"); err != nil {
			t.Fatal(err)
		}
	}
	hear := func(want string) { // up to a line
		t.Helper()
		for lines.Scan() {
			if lines.Text() == want {
				return
			}
		}
		t.Fatalf("it never says %q: %v", want, lines.Err())
	}
	say("HELLO 3\r\nCLIENT MAINT_NOTIFICATIONS ON moving-endpoint-type internal-ip")
	hear("+OK")
	other, err := resp.Dial(t.Context(), here.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	if said, err := other.Do(t.Context(), "SHUTDOWN"); err == nil {
		t.Errorf("who says SHUTDOWN is told %v", said)
	}
	for _, line := range []string{"MOVING", ":2", there.addr} {
		hear(line)
	}
	say("SET k v")
	hear("+OK")
}
