package promises

import (
	"context"
	"fmt"
	"maps"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"confman/integration/ground"
	"confman/integration/load"
)

// states is what nodes have said of themselves: a revision has one state, whoever has come to it; no node goes back; a
// term has one leader.
type states struct {
	mu      sync.Mutex
	hashes  map[string]string // by revision
	leaders map[string]string // by term, who
	last    map[string]int64  // by node, its revision
	seen    int
	wrong   []string
}

// see takes in what a node says.
func (s *states) see(info map[string]string) {
	node, revision, hash := info["node_id"], info["applied_revision"], info["state_hash"]
	if hash == "" || revision == "" || info["loading"] != "0" {
		return // it does not answer, or has no state of its own yet
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.hashes == nil {
		s.hashes, s.leaders, s.last = map[string]string{}, map[string]string{}, map[string]int64{}
	}
	s.seen++
	if before := s.hashes[revision]; before != "" && before != hash {
		s.wrong = append(s.wrong, fmt.Sprintf("at revision %s node %s has the state %s, and %s was seen", revision, node, hash, before))
	}
	s.hashes[revision] = hash
	var now int64
	_, _ = fmt.Sscan(revision, &now)
	if now < s.last[node] {
		s.wrong = append(s.wrong, fmt.Sprintf("node %s is at revision %d, and was at %d", node, now, s.last[node]))
	}
	s.last[node] = now
	if term := info["raft_term"]; info["raft_role"] == "leader" {
		if before := s.leaders[term]; before != "" && before != node {
			s.wrong = append(s.wrong, fmt.Sprintf("node %s leads in term %s, and so did node %s", node, term, before))
		}
		s.leaders[term] = node
	}
}

// infoOf is what the node at an address says of itself, or nothing.
func infoOf(ctx context.Context, client *redis.Client) map[string]string {
	fields := map[string]string{}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	text, _ := client.Info(ctx, "confman").Result()
	for line := range strings.Lines(text) {
		if name, value, found := strings.Cut(strings.TrimSpace(line), ":"); found {
			fields[name] = value
		}
	}
	return fields
}

// watches looks at the nodes at some addresses until the function is called that it returns.
func (s *states) watches(t *testing.T, addrs ...string) (end func()) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	var work sync.WaitGroup
	for _, addr := range addrs {
		work.Go(func() {
			client := load.Client(addr, nil)
			defer client.Close()
			tick := time.NewTicker(25 * time.Millisecond)
			defer tick.Stop()
			for ; ctx.Err() == nil; <-tick.C {
				s.see(infoOf(ctx, client))
			}
		})
	}
	return func() {
		stop()
		work.Wait()
	}
}

// tellWatched tells a story, and looks at those nodes all the while that are there from its beginning to its end.
func tellWatched(t *testing.T, g *ground.Ground, name string, names ...string) {
	t.Helper()
	var addrs []string
	for _, name := range names {
		addrs = append(addrs, g.Host(name).Addr)
	}
	s := &states{}
	end := s.watches(t, addrs...)
	tell(t, g, name, only(counter(nil), &load.Linear{Pictures: t.TempDir()}))
	end()
	if s.seen < 30 {
		t.Errorf("nodes were looked at only %d times", s.seen)
	}
	holds(t, s.wrong)
}

// Class 10: two sides of a cluster go on at once.
func TestThereIsOneCluster(t *testing.T) {
	t.Parallel()
	tellWatched(t, newGround(t), "10_split.txt", "n1", "n2", "n3", "n4")

	t.Run("control", func(t *testing.T) {
		g := newGround(t)
		s := &states{}
		for _, name := range []string{"n1", "n2"} {
			g.Host(name).Start() // each a cluster of its own
			g.Host(name).Eventually("it leads", g.Host(name).TakesPart)
			info := g.Host(name).Info()
			info["node_id"], info["applied_revision"] = name, name[1:]
			s.see(info)
		}
		noticed(t, "two lead at once", s.wrong)
		l := counter(nil)
		noticed(t, "each side takes what its clients write", works(t, l, g.Addrs(), done(l, 1000)))
	})
}

// Class 13: a node's revision goes down, or two nodes have different states at one.
func TestARevisionHasOneState(t *testing.T) {
	t.Parallel()
	g := newGround(t)
	tellWatched(t, g, "13_states.txt", "n1", "n2", "n3")

	s, info := &states{}, g.Host("n1").Info()
	s.see(info)
	tampered := maps.Clone(info)
	tampered["node_id"], tampered["state_hash"] = "99", "0123456789abcdef"
	s.see(tampered)
	noticed(t, "a node has another state", s.wrong)

	lone := g.Host("n9")
	lone.Start() // a cluster of its own
	lone.Stop()
	copyData(t, lone.Dir, lone.Dir+".old")
	lone.Start()
	s = &states{}
	end := s.watches(t, lone.Addr)
	defer end()
	seen := func() int {
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.seen
	}
	for range 3 {
		if _, err := asks(lone, []any{"INCR", "states"}); err != nil {
			t.Fatal(err)
		}
	}
	before := seen()
	await(t, "it was looked at", func() bool { return seen() > before+2 })
	lone.Kill()
	put(t, lone.Dir+".old", lone)
	lone.Start()
	before = seen()
	await(t, "it was looked at", func() bool { return seen() > before+2 })
	noticed(t, "an old disk is put back", s.wrong)
}
