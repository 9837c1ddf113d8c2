package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"confman/resp"
)

// What a real cluster is told by doctor: nothing is wrong; then a node goes.
func TestDoctorOnACluster(t *testing.T) {
	nodes := threeMembers(t)
	settled(t, nodes)
	c, err := resp.Dial(t.Context(), nodes[1].addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	reply, err := c.Do(t.Context(), "CONFIG", "GET", "data_dir")
	dir, bad := texts(reply)
	if err != nil || bad != nil || len(dir) != 2 {
		t.Fatal(reply, err, bad)
	}
	typed := fmt.Sprintf("doctor --output json --config %s --data-dir %s --resp-addr %s --raft-addr %s", emptyFile(t), dir[1], nodes[1].addr, nodes[1].raft)
	all := diagnosed(t, confman(t, nil, "", typed))
	for check, part := range map[string]string{
		"node": "node 2 answers", "ports": "is this node's", "certificates": "node until", "health": "green", "members": "3 of 3 nodes answer",
		"quorum": "3 of 3 voters answer: one may go", "lag": "nobody is behind", "clocks": "node 1 ", "timing": "for profile lan", "versions": "on node 2, 1, 3", "state": "3 of 3 nodes were seen at one revision",
	} {
		if one := all[check]; one.State != fine || !strings.Contains(one.Found, part) || one.Remedy != "" {
			t.Errorf("%s: %+v, want %q", check, one, part)
		}
	}
	gone, err := resp.Dial(t.Context(), nodes[2].addr)
	if err != nil {
		t.Fatal(err)
	}
	if _, err = gone.Do(t.Context(), "SHUTDOWN"); err == nil {
		t.Fatal("a node that ends answers")
	}
	_ = gone.Close()
	eventually(t, "the node is away", func() bool { return nodes[2].info(t)["node_id"] == "" })
	eventually(t, "a leader", func() bool { return nodes[1].info(t)["raft_leader"] != "0" })
	all = diagnosed(t, confman(t, nil, "", typed))
	for check, part := range map[string]string{"members": "node 3 at ", "quorum": "2 of 3 voters answer: if one goes, writes wait"} {
		if one := all[check]; one.State != warning || !strings.Contains(one.Found, part) || one.Remedy == "" {
			t.Errorf("%s: %+v, want %q", check, one, part)
		}
	}
}

// aNode is what a node says of itself, with some fields changed.
func aNode(id string, changed ...string) map[string]string {
	f := map[string]string{
		"node_id": id, "cluster_id": "c", "raft_leader": "1", "health": "green", "confman_version": currentVersion(),
		"applied_revision": "70", "state_hash": "h", "generation": "1", "loading": "0", "voter": "1",
	}
	for _, pair := range changed {
		name, value, _ := strings.Cut(pair, "=")
		f[name] = value
	}
	return f
}

// infoText is INFO confman of such a node.
func infoText(f map[string]string) string {
	var b strings.Builder
	for name, value := range f {
		fmt.Fprintf(&b, "%s:%s\r\n", name, value)
	}
	return b.String()
}

// scripts has the nodes of a patient answer as their fields say, this machine's first, which leads.
func scripts(t *testing.T, d *patient, all ...map[string]string) {
	t.Helper()
	d.others = nil
	for i, f := range all {
		addr, _ := scriptedNode(t, map[string]any{"INFO confman": infoText(f)})
		if i == 0 {
			d.fields, d.settings.RESPAddr = f, addr
			d.fields["raft_leader_addr"] = addr
			continue
		}
		d.others = append(d.others, examined{id: f["node_id"], addr: addr, voter: true, fields: f})
	}
}

// What can be wrong with a cluster is told, with the node that it is wrong with.
func TestDoctorOnWhatIsWrongWithACluster(t *testing.T) {
	for _, story := range []struct {
		check        func(*patient) (string, string)
		other        string // what is different with node 2
		state, found string
	}{
		{checkHealth, "health=red", failing, "node 2 only reads"},
		{checkHealth, "health=yellow", warning, "node 2 takes no writes"},
		{checkVersions, "confman_version=v9", warning, "v9 on node 2"},
		{checkLag, "applied_revision=60", warning, "node 2 is 10 revisions behind"},
		{checkLag, "applied_revision=71", fine, "nobody"},
		{checkLag, "loading=1", warning, "node 2 copies the state"},
		{checkState, "state_hash=other", failing, "at revision 70 node 2 holds other, and node 1 holds h"},
		{checkState, "generation=2", failing, "generation 2"},
		{checkState, "applied_revision=60", fine, "1 of 2 nodes were seen"},
	} {
		d := aPatient(t)
		scripts(t, d, aNode("1"), aNode("2", story.other))
		d.finds(t, story.check, story.state, story.found)
	}
	d := aPatient(t)
	scripts(t, d, aNode("1", "raft_leader=0"), aNode("2", "raft_leader=0"))
	d.finds(t, checkQuorum, failing, "no node knows a leader")
	scripts(t, d, aNode("1", "confman_version=v0.1"))
	d.finds(t, checkVersions, warning, "v0.1 on node 1, and this command is ")
	d.finds(t, checkQuorum, fine, "one voter")
}

// A cluster whose voters are far from each other has to be patient.
func TestDoctorComparesDistances(t *testing.T) {
	for _, story := range []struct {
		apart                 time.Duration
		profile, state, found string
	}{
		{time.Millisecond, "lan", fine, "node 2 answers in 1ms: fine for profile lan"},
		{80 * time.Millisecond, "lan", warning, "far for profile lan; recommended: edge"},
		{80 * time.Millisecond, "edge", fine, "fine for profile edge"},
		{300 * time.Millisecond, "edge", warning, "recommended: wan"},
		{5 * time.Second, "metered", warning, "far for every profile"},
		{time.Hour, "lan", fine, "no other voter"},
	} {
		d := aPatient(t)
		d.fields = aNode("1", "profile="+story.profile)
		d.others = []examined{
			{id: "2", voter: true, fields: aNode("2"), apart: story.apart},
			{id: "3", voter: false, fields: aNode("3"), apart: time.Minute}, // nobody waits for it
		}
		d.finds(t, checkTiming, story.state, story.found)
	}
}

// Where a node listens everywhere, it is asked on this machine, with its own password unless there is another.
func TestTheNodeOfThisMachine(t *testing.T) {
	for addr, want := range map[string]string{"0.0.0.0:7": "127.0.0.1:7", "[::]:7": "127.0.0.1:7", ":7": "127.0.0.1:7", "10.0.0.1:7": "10.0.0.1:7", "n1:7": "n1:7"} {
		if got := ownAddr(Settings{RESPAddr: addr}); got != want {
			t.Errorf("%s is asked at %s", addr, got)
		}
	}
	for _, story := range []struct{ env, file, want string }{{"", "a", "a"}, {"b", "a", "b"}, {"b", "", "b"}, {"", "", ""}} {
		p := &program{environ: []string{"CONFMAN_PASSWORD=" + story.env}}
		if story.env == "" {
			p.environ = nil
		}
		p.useSettings(Settings{Password: story.file})
		if got := p.env("CONFMAN_PASSWORD", ""); got != story.want {
			t.Errorf("%+v: %q", story, got)
		}
	}
}

// The clocks of nodes are compared with this machine's.
func TestDoctorComparesClocks(t *testing.T) {
	for ahead, want := range map[time.Duration]string{0: fine, 5 * time.Second: warning, -5 * time.Second: warning, -time.Hour: failing} {
		d := aPatient(t)
		scripts(t, d, aNode("1"), aNode("2"))
		at := now().Add(ahead)
		addr, _ := scriptedNode(t, map[string]any{"TIME": list{number(uint64(at.Unix())), number(uint64(at.Nanosecond() / 1000))}})
		o := &d.others[0]
		o.ahead, o.apart = d.clockOf(addr)
		if off := (o.ahead - ahead).Abs(); off > time.Second/4 {
			t.Errorf("a clock that is %v ahead is measured as %v", ahead, o.ahead)
		}
		d.finds(t, checkClocks, want, "node 2 ")
	}
}
