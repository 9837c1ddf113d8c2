package load

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

// States asks all nodes again and again for their revision and the hash of their state. Nodes that are at one
// revision have one state, and no node goes back behind a revision that it has told, also not by a restart.
type States struct {
	Lie  *Lie
	Pace time.Duration // between two questions to a node; 20 ms if 0

	ledger
	mu     sync.Mutex
	states map[uint64]string // by revision: the hash of the state of whoever told it first
	order  []uint64          // of what is in states, the oldest first
	told   map[string]uint64 // by the number of a node
}

// remembered is how many revisions are remembered: a node that is further behind is not compared.
const remembered = 1 << 16

// Name is states.
func (l *States) Name() string { return "states" }

// Run asks until ctx ends.
func (l *States) Run(ctx context.Context, addrs []string, _ uint64) {
	if l.Pace == 0 {
		l.Pace = 20 * time.Millisecond
	}
	l.states, l.told = map[uint64]string{}, map[string]uint64{}
	var all sync.WaitGroup
	for _, addr := range addrs {
		all.Go(func() {
			client := patient(addr, l.Lie, 5*time.Second)
			defer client.Close()
			for ; ctx.Err() == nil; pauseFor(ctx, l.Pace) {
				l.ask(client, addr)
			}
		})
	}
	all.Wait()
}

// Finish asks once more.
func (l *States) Finish(_ context.Context, addrs []string) {
	for _, addr := range addrs {
		client := patient(addr, l.Lie, 5*time.Second)
		l.ask(client, addr)
		_ = client.Close()
	}
}

func (l *States) ask(client *redis.Client, addr string) {
	text, err := client.Do(context.Background(), "INFO", "confman").Text()
	if err != nil {
		return // it is down
	}
	l.count(told)
	info := map[string]string{}
	for line := range strings.Lines(text) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ":")
		info[name] = value
	}
	revision, err := strconv.ParseUint(info["applied_revision"], 10, 64)
	if err != nil || info["loading"] == "1" {
		return // it copies the state of others
	}
	l.hear(addr, info["node_id"], revision, info["state_hash"])
}

// hear compares what a node has told with what any has told before.
func (l *States) hear(addr, id string, revision uint64, hash string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if before := l.told[id]; revision < before {
		l.violated("node %s at %s is at revision %d, and was at %d", id, addr, revision, before)
	}
	l.told[id] = max(l.told[id], revision)
	before, known := l.states[revision]
	if known {
		l.checked.Add(1)
		if before != hash {
			l.violated("at revision %d node %s at %s has the state %s, and another told %s", revision, id, addr, hash, before)
		}
		return
	}
	l.states[revision] = hash
	if l.order = append(l.order, revision); len(l.order) > remembered {
		delete(l.states, l.order[0])
		l.order = slices.Delete(l.order, 0, 1)
	}
}

// StatesLies are what [States] has to find.
var StatesLies = []Lie{
	{"a node has another state", saying(tellingOf("state_hash:", func(hash string) string { return "0" + hash }))},
	{"a node goes back", saying(tellingOf("applied_revision:", func(string) string { return "1" }))},
}

// tellingOf has every tenth INFO tell something else of a field.
func tellingOf(field string, instead func(string) string) func() answerer {
	return func() answerer {
		now := every(10)
		return func(c *redis.Cmd, send func() error) error {
			err := send()
			text, _ := c.Val().(string)
			if at := strings.Index(text, field); err == nil && at >= 0 && now() {
				value, rest, _ := strings.Cut(text[at+len(field):], "\r\n")
				c.SetVal(text[:at+len(field)] + instead(value) + "\r\n" + rest)
			}
			return err
		}
	}
}
