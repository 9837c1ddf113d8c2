package integration

import (
	"context"
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// bigBackup makes a backup of many configs.
func bigBackup(t *testing.T, configs int) (path string) {
	t.Helper()
	n := newNode(t)
	n.start()
	client := n.client()
	defer client.Close()
	const batch = 1000
	random := rand.New(rand.NewPCG(1, 2)) // what can be compressed is sent in no time
	value := make([]byte, 375)
	for from := 0; from < configs; from += batch {
		pairs := make([]any, 0, 2*batch)
		for i := from; i < from+batch; i++ {
			for j := range value {
				value[j] = byte(random.Uint32())
			}
			pairs = append(pairs, fmt.Sprintf("prod/service%d/setting%d", i%97, i), base64.StdEncoding.EncodeToString(value))
		}
		if err := client.MSet(context.Background(), pairs...).Err(); err != nil {
			t.Fatal(err)
		}
	}
	path = filepath.Join(t.TempDir(), "backup")
	n.run("backup", path, "--addr", n.resp)
	n.stop()
	return path
}

// size returns a file's size, or -1 if it is not there.
func (n *node) size(name string) int64 {
	info, err := os.Stat(filepath.Join(n.dir, name))
	if err != nil {
		return -1
	}
	return info.Size()
}

// received returns how many bytes of another node's state dragonboat has put on the disk.
func (n *node) received() (bytes int64) {
	names, _ := filepath.Glob(filepath.Join(n.dir, "raft", "*", "*", "snapshot-part-*", "*", "*.receiving", "*"))
	for _, name := range names {
		if info, err := os.Stat(name); err == nil {
			bytes += info.Size()
		}
	}
	return bytes
}

// stateReplaced is what a node logs when it has installed the state that it was sent.
const stateReplaced = "the state was replaced by another node's"

// killAt kills the node at a moment that does not last. It reports false if the moment did not
// come before the node had installed the state, or was missed.
func (n *node) killAt(moment func() bool) (came bool) {
	n.t.Helper()
	tick := time.NewTicker(500 * time.Microsecond)
	defer tick.Stop()
	deadline := time.After(20 * time.Second)
	for !came {
		select {
		case <-tick.C:
			if came = moment(); !came && strings.Contains(n.log.String(), stateReplaced) {
				n.kill()
				return false
			}
		case <-n.exited:
			n.t.Fatalf("node %s has ended:\n%s", n.resp, n.log)
		case <-deadline:
			n.kill()
			return false
		}
	}
	n.kill()
	return true
}

// A node that is killed while it joins and is sent a big state goes on where it was when it is
// started again. In the end it votes, holds the same state, and has left nobody behind.
func TestKillsOfAJoiningNode(t *testing.T) {
	const configs = 60_000
	backup := bigBackup(t, configs)
	nodes := []*node{newNode(t), newNode(t), newNode(t)}
	first, n := nodes[0], nodes[1]
	first.run("restore", backup, "--data-dir", first.dir)
	first.start()
	first.eventually("it leads", first.takesPart)
	token := first.token()
	moments := []struct {
		what string
		is   func() bool
	}{
		{"it asks to be taken up", func() bool { return n.size("joining") >= 0 }},
		{"it knows who it is", func() bool { return n.size("identity.json") >= 0 }},
		{"the state begins to arrive", func() bool { return n.received() > 0 }},
		{"half of the state is there", func() bool { return n.received() > configs*500/2 }},
		{"the state is being written", func() bool { return n.size("confman.db.new") > 0 }},
		{"the state is installed", func() bool { return strings.Contains(n.log.String(), stateReplaced) }},
	}
	came := 0
	for _, moment := range moments {
		n.launch("--join", token)
		start := time.Now()
		if n.killAt(moment.is) {
			came++
			t.Logf("killed after %v: %s (received %d, written %d)", time.Since(start), moment.what, n.received(), n.size("confman.db.new"))
		} else {
			t.Logf("missed after %v: %s", time.Since(start), moment.what)
		}
	}
	if came < len(moments)-2 {
		t.Errorf("only %d of %d moments were met", came, len(moments))
	}
	n.start("--join", token)
	nodes[2].start("--join", first.token())
	for _, n := range nodes {
		n.eventually("it knows three voters", func() bool { return n.takesPart() && n.info()["raft_voters"] == "3" })
	}
	settled(t, nodes)
	for _, asked := range nodes {
		if roles := asked.roles(); len(roles) != len(nodes) {
			t.Errorf("confman status --addr %s shows %v", asked.resp, roles)
		}
		client := asked.client()
		defer client.Close()
		if got, err := client.DBSize(context.Background()).Result(); err != nil || got != configs {
			t.Errorf("%s has %d configs, %v", asked.resp, got, err)
		}
	}
}
