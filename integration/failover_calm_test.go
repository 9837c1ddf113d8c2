package integration

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A leader that is busy is not dead: values of 1 MiB, a node that joins and is sent all of them, and
// stores' files that are written anew do not make an election. The cluster is one of a backup, whose
// state is never in the log, so that whoever joins is sent a snapshot.
func TestFailoverUnderLoadIsNotForNothing(t *testing.T) {
	nodes := []*node{newNode(t), newNode(t), newNode(t), newNode(t)}
	backup := filepath.Join(t.TempDir(), "backup")
	before := newNode(t)
	before.start()
	bigValues(t, before, 24)
	before.run("backup", backup, "--addr", before.resp)
	before.stop()
	nodes[0].run("restore", backup, "--data-dir", nodes[0].dir)
	together(nodes[:3])

	f := &failover{t: t, nodes: nodes[:3]}
	l := newWriting(t, f.anyNode)
	defer l.close()
	l.start()
	term := nodes[0].info()["raft_term"]
	stalled := watchStalls(t)
	run := time.Duration(often(300, 20)) * time.Second
	end := time.NewTimer(run)
	defer end.Stop()
	joined, file, rewritten, written := false, inode(t, nodes[0]), 0, 0
	for over := false; !over; {
		bigValues(t, nodes[written%3], 8)
		if written += 8; written > 40 && !joined {
			nodes[3].start("--join", nodes[0].token())
			nodes[3].eventually("it votes", nodes[3].takesPart)
			joined = true
		}
		if now := inode(t, nodes[0]); now != file {
			file, rewritten = now, rewritten+1
		}
		select {
		case <-end.C:
			over = true
		default:
		}
	}
	l.stop()
	worst, now := stalled(), nodes[0].info()["raft_term"]
	switch {
	case now == term:
	case !whole() && worst > maxStall:
		t.Logf("the term is %s, it was %s, but other work on this machine has held up this very test for %v", now, term, worst)
	default:
		t.Errorf("the term is %s, it was %s: there was an election (this test was held up for at most %v)", now, term, worst)
	}
	if streamed := strings.Contains(nodes[3].log.String(), "replaced by another node's"); !joined || !streamed {
		t.Errorf("a node has joined: %t, by a snapshot: %t", joined, streamed)
	}
	if rewritten == 0 {
		t.Error("no store's file was written anew")
	}
	settled(t, nodes)
	calm = fmt.Sprintf("%v under the same load, with %d values of 1 MiB, a node that joined by a snapshot, and a store's file that was "+
		"written anew %d times: raft's term was %s before and %s after.", run, written, rewritten, term, now)
	t.Log(calm)
}

// maxStall is for how long a machine may hold a process up on which a leader is to be heard of within
// 150 ms: where other tests take turns with this one it may be for longer, and proves nothing.
const maxStall = 50 * time.Millisecond

// watchStalls measures for how long the machine holds up a goroutine that has next to nothing to do, until
// worst is called.
func watchStalls(t *testing.T) (worst func() time.Duration) {
	const every = 5 * time.Millisecond
	ctx, cancel := context.WithCancel(t.Context())
	longest := make(chan time.Duration, 1)
	go func() {
		var most time.Duration
		tick := time.NewTicker(every)
		defer tick.Stop()
		for last := time.Now(); ctx.Err() == nil; <-tick.C {
			now := time.Now()
			most, last = max(most, now.Sub(last)-every), now
		}
		longest <- most
	}()
	return func() time.Duration { cancel(); return <-longest }
}

// calm is what the calm run was like, for the page.
var calm string

// bigValues writes values of 1 MiB, one after the other.
func bigValues(t *testing.T, n *node, count int) {
	t.Helper()
	client := n.client()
	defer client.Close()
	value := strings.Repeat("0123456789abcdef", 1<<16)
	for i := range count {
		if err := client.Set(context.Background(), fmt.Sprintf("big/%d", i), value, 0).Err(); err != nil {
			t.Errorf("SET of 1 MiB: %v", err)
		}
	}
}

// inode tells a store's file from the one that takes its place.
func inode(t *testing.T, n *node) uint64 {
	t.Helper()
	info, err := os.Stat(filepath.Join(n.dir, "confman.db"))
	if err != nil {
		t.Fatal(err)
	}
	return info.Sys().(*syscall.Stat_t).Ino
}
