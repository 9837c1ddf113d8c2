package integration

import (
	"context"
	"encoding/json"
	"os"
	"strings"
	"syscall"
	"testing"
)

// crash has the process die as a damaged program does, with a trace.
func (n *node) crash() {
	n.t.Helper()
	if err := n.cmd.Process.Signal(syscall.SIGSEGV); err != nil {
		n.t.Fatal(err)
	}
	if code := n.awaitEnd(); code != 2 {
		n.t.Errorf("it crashed with %d, and the runtime says 2", code)
	}
}

// roles returns the role that confman status shows for each node of a cluster, by its address
// for clients.
func (n *node) roles() map[string]string {
	n.t.Helper()
	var all []struct{ RESP, Role string }
	if err := json.Unmarshal([]byte(n.run("status", "--addr", n.resp, "-o", "json")), &all); err != nil {
		n.t.Fatal(err)
	}
	roles := map[string]string{}
	for _, st := range all {
		roles[st.RESP] = st.Role
	}
	if len(roles) != len(all) {
		n.t.Errorf("two nodes with one address: %v", all)
	}
	return roles
}

// checkReadsAlone checks that a degraded node says why it is, reads what was written before, and
// takes no writes.
func (n *node) checkReadsAlone(reason, name, value string) {
	n.t.Helper()
	info := n.info()
	if info["health"] != "red" || info["raft_role"] != "degraded" || !strings.Contains(info["degraded"], reason) {
		n.t.Errorf("health %q, role %q, degraded %q; want a reason like %q", info["health"], info["raft_role"], info["degraded"], reason)
	}
	client := n.client()
	defer client.Close()
	if got, err := client.Get(context.Background(), name).Result(); err != nil || got != value {
		n.t.Errorf("GET %s: %q, %v", name, got, err)
	}
	err := client.Set(context.Background(), "not/here", "1", 0).Err()
	if err == nil || !strings.HasPrefix(err.Error(), "MISCONF") || !strings.Contains(err.Error(), reason) {
		n.t.Errorf("SET: %v; want MISCONF and %q", err, reason)
	}
}

// A node that crashes over and over reads alone. It takes part again after one command, which
// needs nobody to start it again.
func TestCrashLoop(t *testing.T) {
	nodes := three(t)
	l := underLoad(t, nodes, 2)
	client := nodes[0].client()
	defer client.Close()
	if err := client.Set(context.Background(), "prod/x", "1", 0).Err(); err != nil {
		t.Fatal(err)
	}
	l.goesOn(0, 1, 2)
	n := nodes[1]
	for i := range 3 {
		if i > 0 {
			n.start()
			n.eventually("it takes part", n.takesPart)
			l.goesOn(1)
		}
		n.crash()
		l.goesOn(0, 2)
	}
	n.start()
	resume := "confman node resume --data-dir " + n.dir
	n.checkReadsAlone(resume, "prod/x", "1")
	if info := n.info(); !strings.Contains(info["last_crash"], "SIGSEGV") {
		t.Errorf("the last crash is %q", info["last_crash"])
	}
	for _, asked := range []*node{nodes[0], n} {
		if roles := asked.roles(); len(roles) != 3 || roles[n.resp] != "degraded" {
			t.Errorf("confman status --addr %s shows %v", asked.resp, roles)
		}
	}
	n.stop()
	n.start()
	n.checkReadsAlone(resume, "prod/x", "1") // nobody has looked
	l.goesOn(0, 2)

	pid := n.cmd.Process.Pid
	n.run(strings.Fields(resume)[1:]...)
	n.eventually("it takes part", n.takesPart)
	l.goesOn(1)
	if info := n.info(); info["health"] != "green" || info["degraded"] != "" || info["last_crash"] != "" {
		t.Errorf("after resume: health %q, degraded %q, last crash %q", info["health"], info["degraded"], info["last_crash"])
	}
	if n.ended() || n.cmd.Process.Pid != pid {
		t.Error("another process runs")
	}
	n.crash()
	n.start()
	n.eventually("it takes part after one more crash", n.takesPart)
	l.check()
}

// A node that was killed or stopped, however often, has not crashed.
func TestKillsAreNoCrashes(t *testing.T) {
	n := newNode(t)
	n.start()
	for _, signal := range []os.Signal{os.Kill, os.Kill, os.Kill, os.Kill, os.Interrupt, syscall.SIGTERM} {
		n.end(signal)
		n.start()
	}
	n.eventually("it takes part", n.takesPart)
	if info := n.info(); info["health"] != "green" || info["degraded"] != "" || info["last_crash"] != "" {
		t.Errorf("health %q, degraded %q, last crash %q", info["health"], info["degraded"], info["last_crash"])
	}
}
