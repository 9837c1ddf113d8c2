package integration

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// peakMemory is the most memory that a node's process has had, in MiB.
func (n *node) peakMemory() int {
	n.t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", n.cmd.Process.Pid))
	if err != nil {
		n.t.Fatal(err)
	}
	for line := range strings.Lines(string(status)) {
		if rest, found := strings.CutPrefix(line, "VmHWM:"); found {
			kib, err := strconv.Atoi(strings.TrimSuffix(strings.TrimSpace(rest), " kB"))
			if err != nil {
				n.t.Fatal(err)
			}
			return kib / 1024
		}
	}
	n.t.Fatal("the system does not say how much memory a process has had")
	return 0
}

// A burst is many clients that each write 1 MiB at once, a few times in a row.
type burst struct {
	clients, rounds int
	acknowledged    sync.Map // names of what was acknowledged
	acks            atomic.Int64
	refused         atomic.Int64
	inDoubt         atomic.Int64
	longest         atomic.Int64 // nanoseconds that an answer took
}

// send sends the burst to a node, and returns when everything has its answer.
func (b *burst) send(t *testing.T, n *node) {
	value := strings.Repeat("x", mib)
	gate := make(chan struct{})
	var all sync.WaitGroup
	for i := range b.clients {
		all.Go(func() {
			client := n.client()
			defer client.Close()
			if err := client.Ping(context.Background()).Err(); err != nil {
				t.Error(err)
			}
			<-gate
			for round := range b.rounds {
				name := fmt.Sprintf("seen/%s/%d-%d", n.raft, i, round)
				b.write(t, client, fmt.Sprintf("burst/%d", i%8), value, name)
			}
		})
	}
	close(gate)
	all.Wait()
}

func (b *burst) write(t *testing.T, client *redis.Client, key, value, name string) {
	began := time.Now()
	err := client.MSet(context.Background(), key, value, name, "1").Err()
	took := int64(time.Since(began))
	for longest := b.longest.Load(); took > longest && !b.longest.CompareAndSwap(longest, took); {
		longest = b.longest.Load()
	}
	switch {
	case err == nil:
		b.acks.Add(1)
		b.acknowledged.Store(name, true)
	case strings.HasPrefix(err.Error(), "TRYAGAIN "):
		b.refused.Add(1)
	case strings.HasPrefix(err.Error(), "INDOUBT "):
		b.inDoubt.Add(1) // it was on its way when its time was up
	default:
		t.Errorf("neither acknowledged nor TRYAGAIN: %v", err)
	}
}

// A burst of writes, far more than can be committed in the time that a write may take, is slowed and
// refused, through the leader and through a follower; it costs no node its memory, the leader not its
// majority, and nothing that was acknowledged is missing.
func TestABurstOfWrites(t *testing.T) {
	nodes := []*node{newNode(t), newNode(t), newNode(t)}
	for _, n := range nodes {
		n.hold = "1500ms"
	}
	together(nodes)
	at := leader(t, nodes)
	for _, through := range []struct {
		what string
		node *node
	}{{"a follower", nodes[(at+1)%3]}, {"the leader", nodes[at]}} {
		term := through.node.info()["raft_term"]
		var before, after []int
		for _, n := range nodes {
			before = append(before, n.peakMemory())
		}
		b := &burst{clients: 200, rounds: 2}
		began := time.Now()
		b.send(t, through.node)
		took := time.Since(began)
		for _, n := range nodes {
			after = append(after, n.peakMemory())
			if peak := n.peakMemory(); peak > 300 {
				t.Errorf("through %s: node %s has had %d MiB", through.what, n.resp, peak)
			}
		}
		t.Logf("through %s: %d MiB in %v: %d acknowledged, %d refused, %d in doubt, the longest answer after %v; peak memory of the nodes %v MiB before, %v after",
			through.what, b.clients*b.rounds, took, b.acks.Load(), b.refused.Load(), b.inDoubt.Load(), time.Duration(b.longest.Load()), before, after)
		settled(t, nodes)
		for _, n := range nodes {
			if got := n.info()["raft_term"]; got != term {
				t.Errorf("through %s: term %s, was %s", through.what, got, term)
			}
			b.check(t, n)
		}
		if acks, inDoubt := b.acks.Load(), b.inDoubt.Load(); acks == 0 || inDoubt > 16 {
			t.Errorf("%d were acknowledged, and %d are in doubt: as many as there is room for at most", acks, inDoubt)
		}
	}
}

// check checks that a node has what was acknowledged.
func (b *burst) check(t *testing.T, n *node) {
	t.Helper()
	client := n.client()
	defer client.Close()
	b.acknowledged.Range(func(name, _ any) bool {
		if count, err := client.Exists(context.Background(), name.(string)).Result(); err != nil || count != 1 {
			t.Errorf("%s was acknowledged, and node %s has it not: %v", name, n.resp, err)
		}
		return true
	})
}
