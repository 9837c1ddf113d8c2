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

// Random commands get Redis's answers on a cluster too, each from any of its nodes, and leave
// the nodes with equal states. Streams of commands run side by side, each with names of its own,
// so that their writes share entries; what is about all names is left to package resp.
func TestRandomCommandsOnThreeNodes(t *testing.T) {
	const streams = 24
	count, _ := strconv.Atoi(os.Getenv("CONFMAN_RANDOM_COMMANDS"))
	count = cmp.Or(count, 60_000)
	nodes, redis := threeMembers(t), transcript.Redis(t)
	catalog, err := differential.Learn(t.Context(), nodes[0].addr, redis)
	if err != nil {
		t.Fatal(err)
	}
	total := differential.NewTally()
	var mu sync.Mutex // guards total
	var running sync.WaitGroup
	for i := range streams {
		s := clusterStream(nodes, redis, uint64(i))
		s.Catalog = catalog.Without("wait")
		running.Go(func() {
			defer s.Close()
			g := differential.NewGenerator(uint64(i), s.Catalog, s.Space, "string", "hash", "generic", "transactions")
			failures, err := s.Explore(t.Context(), g, fmt.Sprintf("stream %d", i), count/streams)
			if err != nil {
				t.Error(err)
			}
			for _, f := range failures {
				t.Errorf("three nodes and Redis (!) answer:\n%v", f)
			}
			mu.Lock()
			defer mu.Unlock()
			total.Add(s.Tally)
		})
	}
	running.Wait()
	t.Log(total)
	settled(t, nodes)
}

// clusterStream returns a stream between the nodes and Redis. Reads see all that was written
// before them at any node.
func clusterStream(nodes []*member, redis string, i uint64) *differential.Stream {
	protocol := fmt.Sprint(2 + i%2)
	cluster := &differential.Cluster{Rand: rand.New(rand.NewPCG(i, 1))}
	for _, m := range nodes {
		cluster.Nodes = append(cluster.Nodes, &differential.Server{
			Addr: m.addr, Hello: [][]string{{"HELLO", protocol}, {"CONF", "CONSISTENCY", "LINEARIZABLE"}},
		})
	}
	return &differential.Stream{
		Confman: cluster,
		Redis:   &differential.Server{Addr: redis, Hello: [][]string{{"HELLO", protocol}}},
		Space:   differential.NewSpace(fmt.Sprintf("%d:", i), true),
		Tally:   differential.NewTally(),
	}
}
