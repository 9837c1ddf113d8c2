package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"confman/resp"
)

// A node restarts only where something starts it again: what a service has started is none itself.
func TestWhoStartsANodeAgain(t *testing.T) {
	own := "SYSTEMD_EXEC_PID=" + strconv.Itoa(os.Getpid())
	for _, story := range []struct {
		environ  []string
		set, may bool
	}{
		{nil, false, false},
		{nil, true, true},
		{[]string{"INVOCATION_ID=7"}, false, true},
		{[]string{"INVOCATION_ID=7", own}, false, true},
		{[]string{"INVOCATION_ID=7", "SYSTEMD_EXEC_PID=1"}, false, false},
		{[]string{own}, false, false},
	} {
		p := &program{environ: story.environ}
		r := &running{now: Settings{Supervised: story.set}}
		ended := false
		err := p.restarting(r, func() { ended = true })()
		if ended != story.may || r.restart.Load() != story.may || (err == nil) != story.may || err != nil && !errors.Is(err, errNoSupervisor) {
			t.Errorf("%+v: ends %v, %v", story, ended, err)
		}
	}
}

// What the cluster can do without, and why not.
func TestWhatAClusterCanSpare(t *testing.T) {
	for _, story := range []struct {
		members string // those that vote; "-" does not answer, "<" is behind, "c" copies, "0" knows no leader, "r" is red
		spares  string
		needs   string
	}{
		{"+", "1", ""},
		{"++", "1", ""},
		{"+-", "1", "0 of the other 1 voters have caught up; node 2 does not answer"},
		{"+++", "2", ""},
		{"++-", "2", "1 of the other 2 voters have caught up; node 3 does not answer"},
		{"++-", "3", ""}, // it is away anyway
		{"++<", "1", "node 3 is at revision 60 of 70"},
		{"++c", "1", "node 3 copies the state"},
		{"++0", "1", "node 3 knows no leader"},
		{"++r", "1", "node 3 only reads: its disk is full"},
		{"++++", "1", ""},
		{"+++-", "1", "2 of the other 3 voters"},
		{"++++-", "1", ""},
		{"+++--", "1", "2 of the other 4 voters"},
		{"++-", "4", ""}, // it has no vote
	} {
		v := view{leader: "70"}
		answers := map[string]map[string]string{}
		for i, is := range story.members {
			id := strconv.Itoa(i + 1)
			v.members = append(v.members, map[string]string{"id": id, "voter": "1", "resp": "there"})
			f := map[string]string{"applied_revision": "70", "raft_leader": "1", "loading": "0", "health": "green"}
			switch is {
			case '-':
				continue
			case '<':
				f["applied_revision"] = "60"
			case 'c':
				f["loading"] = "1"
			case '0':
				f["raft_leader"] = "0"
			case 'r':
				f["health"], f["degraded"] = "red", "its disk is full"
			}
			answers[id] = f
		}
		v.members = append(v.members, map[string]string{"id": "4", "voter": "0"}) // unless there is a fourth
		v.info = func(m map[string]string) map[string]string { return answers[m["id"]] }
		if got := v.needs(story.spares); (got == "") != (story.needs == "") || !strings.Contains(got, story.needs) {
			t.Errorf("%s without node %s: %q, want %q", story.members, story.spares, got, story.needs)
		}
	}
}

// Whoever has lost the turn to somebody else stops, before it restarts anything more.
func TestALostTurnIsNoticed(t *testing.T) {
	addr, node := scriptedNode(t, map[string]any{
		fmt.Sprintf("MEMBER TURN me %d", int(turnTime/time.Second)): "-TURN other/1 restarts nodes, and has the turn for 9 s yet",
	})
	r := &rollout{program: &program{stdout: io.Discard, stderr: io.Discard}, ctx: t.Context(), addrs: []string{freeAddr(t), addr}, holder: "me"}
	r.bar.w = io.Discard
	err := r.renew(t.Context())
	if !isTaken(err) || isTaken(errors.New("TURN")) || isTaken(resp.Error("ERR")) {
		t.Fatal(err)
	}
	r.renewed = time.Now().Add(-time.Hour)
	node.lines()
	if err := r.until(time.Minute, func(view) (string, bool) { return "", false }); !isTaken(err) {
		t.Errorf("it goes on: %v", err)
	}
	if asked := strings.Join(node.lines(), "\n"); strings.Contains(asked, "RESTART") {
		t.Error(asked)
	}
	var f failure
	if err := r.takeTurn(0); !errors.As(err, &f) || f.code != exitConflict {
		t.Errorf("%v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r.ctx = ctx
	if err := r.freeTurn(); err != nil {
		t.Errorf("an interrupted command does not give the turn back: %v", err)
	}
	if asked := strings.Join(node.lines(), "\n"); !strings.Contains(asked, "MEMBER TURN me 0") {
		t.Error(asked)
	}
}

func TestRestartIsTypedWrongly(t *testing.T) {
	for line, want := range map[string]string{
		"restart":                                    "confman restart --rolling, for all nodes, or confman restart --wait-turn",
		"restart --rolling --wait-turn":              "confman restart --rolling, for all nodes, or confman restart --wait-turn",
		"restart --rolling n1":                       "[exit 2]",
		"restart --rolling --wait -1s":               "--wait must not be negative",
		"restart --rolling --node-timeout 0s":        "--node-timeout must be more than nothing",
		"restart --rolling -a " + freeAddr(t):        "nobody answers",
		"restart --wait-turn --config /none/of/them": "/none/of/them",
	} {
		if said := confman(t, nil, "", line); !strings.Contains(said, want) || !strings.Contains(said, "[exit ") {
			t.Errorf("%s: %s", line, said)
		}
	}
}
