package integration

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"confman/integration/pages"
)

// The table in docs/operations.md of what each number of nodes survives is found out by trying: nodes
// are killed one after the other, and the others are asked to write and to read.

// tries says what a cluster does of which some nodes run.
func tries(nodes []*node, up int) (writes, reads bool) {
	reads = true
	for _, n := range nodes[:up] {
		client := n.client()
		got, err := client.Get(context.Background(), "kept").Result()
		reads = reads && err == nil && got == "1"
		_ = client.Close()
	}
	client := nodes[0].client()
	defer client.Close()
	// Whoever leads alone does not know it at once, and whoever lost its leader has another soon.
	for range 20 {
		err := client.Set(context.Background(), "tried", up, 0).Err()
		if err == nil || redis.HasErrorPrefix(err, "CLUSTERDOWN") {
			return err == nil, reads
		}
	}
	return false, reads
}

// linearizable says whether a node answers reads that a majority must agree to.
func linearizable(n *node) bool {
	ctx := context.Background()
	client := n.client()
	defer client.Close()
	conn := client.Conn()
	defer conn.Close()
	return conn.Do(ctx, "CONF", "CONSISTENCY", "linearizable").Err() == nil && conn.Get(ctx, "kept").Err() == nil
}

// cluster starts voters, and then nodes without a vote, and waits until each of them is what it is meant to be
// and holds something.
func cluster(t *testing.T, voters, nonVoters int) (nodes []*node) {
	t.Helper()
	for range voters + nonVoters {
		nodes = append(nodes, newNode(t))
	}
	for i, node := range nodes {
		node.hold = "2s"
		switch {
		case i == 0:
			node.start()
		case i < voters:
			node.start("--join", nodes[0].token())
		default:
			node.start("--join", nodes[0].token("--non-voter"))
		}
	}
	for i, node := range nodes {
		node.eventually("it is what it is meant to be", func() bool {
			info := node.info()
			return (info["raft_role"] != "non-voter") == (i < voters) && info["loading"] == "0" && info["raft_leader"] != "0" && info["raft_voters"] == fmt.Sprint(voters)
		})
	}
	client := nodes[0].client()
	defer client.Close()
	if err := client.Set(context.Background(), "kept", "1", 0).Err(); err != nil {
		t.Fatal(err)
	}
	settled(t, nodes)
	return nodes
}

// survives kills all nodes of a cluster but one, one by one, and then all of it, as a power cut does.
// Those without a vote go first. It returns a row of the table.
func survives(t *testing.T, voters, nonVoters int) string {
	t.Helper()
	nodes := cluster(t, voters, nonVoters)
	n, lost := len(nodes), 0
	for up := n - 1; up > 0; up-- {
		nodes[up].kill()
		writes, reads := tries(nodes, up)
		if writes {
			lost = n - up
		}
		if !reads {
			t.Errorf("%d of %d nodes run, and one of them does not read", up, n)
		}
		if _, told := nodes[0].info()["staleness_ms"]; told && linearizable(nodes[0]) != writes {
			t.Errorf("%d of %d nodes run: writes %v, linearizable reads %v", up, n, writes, !writes)
		}
	}
	nodes[0].kill()
	for _, node := range nodes {
		node.launch()
	}
	back := "no"
	nodes[0].eventually("it writes after a power cut of all", func() bool {
		client := nodes[0].client()
		defer client.Close()
		return client.Set(context.Background(), "tried", "again", 0).Err() == nil
	})
	settled(t, nodes)
	if _, reads := tries(nodes, n); reads {
		back = "yes"
	}
	of, down := fmt.Sprint(voters), fmt.Sprint(lost)
	if nonVoters > 0 {
		of, down = fmt.Sprintf("%d, and %d non-voters", voters, nonVoters), fmt.Sprintf("%d, and the non-voters", lost-nonVoters)
	}
	return fmt.Sprintf("| %s | %s | %d | %s |\n", of, down, n-1, back)
}

// What the document says of each number of nodes is what happens.
func TestSurvives(t *testing.T) {
	t.Parallel() // it mostly waits
	start := time.Now()
	table := "| Nodes | May be down, and writes go on | May be down, and reads go on | Power cut of all, then all start: nothing is lost |\n|---|---|---|---|\n"
	for n := 1; n <= 5; n++ {
		table += survives(t, n, 0)
	}
	table += survives(t, 3, 2)
	t.Logf("after %v:\n%s", time.Since(start), table)
	pages.Check(t, "operations.md", "survives", table)
}
