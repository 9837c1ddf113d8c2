package main

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"sync"
	"testing"

	"confman/resp/differential"
	"confman/resp/transcript"
)

// fewer is how often a test repeats what it does: n times, or a tenth of that with -short, with the same checks.
func fewer(n int) int {
	if testing.Short() {
		return n / 10
	}
	return n
}

// Random commands get Redis's answers on a cluster too, each from any of its nodes, and leave
// the nodes with equal states.
func TestRandomCommandsOnThreeNodes(t *testing.T) {
	count, _ := strconv.Atoi(os.Getenv("CONFMAN_RANDOM_COMMANDS"))
	count = cmp.Or(count, fewer(100_000))
	nodes, redis := threeMembers(t), transcript.Redis(t)
	catalog, err := differential.Learn(t.Context(), nodes[0].addr, redis)
	if err != nil {
		t.Fatal(err)
	}
	all := &randomCluster{nodes: nodes, redis: redis, catalog: catalog, total: differential.NewTally()}
	for _, m := range nodes {
		w, err := transcript.DialWire(t.Context(), m.addr)
		if err != nil {
			t.Fatal(err)
		}
		defer w.Close()
		if _, err := w.Do(t.Context(), []string{"CONFIG", "SET", "scan_view", "namespaces"}); err != nil { // so that listings are Redis's
			t.Fatal(err)
		}
	}
	all.explore(t, 0, differential.NewSpace("", false), count/20, "string", "hash", "generic", "transactions", "server")

	// Side by side, with names of their own, so that their writes share entries. What is about all
	// names is left out.
	const streams = 24
	var running sync.WaitGroup
	for i := range streams {
		space := differential.NewSpace(fmt.Sprintf("%d:", i), true)
		running.Go(func() { all.explore(t, i, space, count/streams, "string", "hash", "generic", "transactions") })
	}
	running.Wait()
	t.Log(all.total)
	settled(t, nodes)
}

// A randomCluster is what random commands are compared on.
type randomCluster struct {
	nodes   []*member
	redis   string
	catalog *differential.Catalog

	mu    sync.Mutex
	total *differential.Tally
}

// explore plays the steps of one stream. Reads see all that was written before them at any node.
func (r *randomCluster) explore(t *testing.T, i int, space differential.Space, count int, groups ...string) {
	protocol := fmt.Sprint(2 + i%2)
	cluster := &differential.Cluster{Rand: rand.New(rand.NewPCG(uint64(i), 1))}
	for _, m := range r.nodes {
		cluster.Nodes = append(cluster.Nodes, &differential.Server{
			Addr: m.addr, Hello: [][]string{{"HELLO", protocol}, {"CONF", "CONSISTENCY", "LINEARIZABLE"}},
		})
	}
	s := &differential.Stream{
		Confman: cluster, Redis: &differential.Server{Addr: r.redis, Hello: [][]string{{"HELLO", protocol}}},
		Catalog: r.catalog, Space: space, Tally: differential.NewTally(),
	}
	defer s.Close()
	g := differential.NewGenerator(uint64(i), s.Catalog, s.Space, groups...)
	failures, err := s.Explore(t.Context(), g, fmt.Sprintf("RESP%s, seed %d", protocol, i), count)
	if err != nil {
		t.Error(err)
	}
	for _, f := range failures {
		t.Errorf("three nodes and Redis (!) answer:\n%v", f)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.total.Add(s.Tally)
}
