package resp

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"os"
	"runtime"
	"runtime/metrics"
	"slices"
	"strconv"
	"strings"

	"confman/store"
)

// sections are INFO's, in their order. There is no transaction while the node is loading.
var sections = []struct {
	name  string
	facts func(*session, *store.Tx) []Fact
}{
	{"Server", serverFacts},
	{"Clients", clientFacts},
	{"Memory", memoryFacts},
	{"Persistence", persistenceFacts},
	{"Stats", statFacts},
	{"Replication", replicationFacts},
	{"Cluster", func(*session, *store.Tx) []Fact { return []Fact{{"cluster_enabled", "0"}} }},
	{"Keyspace", keyspaceFacts},
}

// info writes the sections asked for. The node is asked about itself outside of the View: it
// may look at its data for the answer.
func info(ctx context.Context, c *Call) Reply {
	s := c.session
	var wanted []string
	for _, w := range c.Args {
		wanted = append(wanted, strings.ToLower(w))
	}
	wants := func(section string) bool {
		return len(wanted) == 0 || slices.ContainsFunc(wanted, func(w string) bool {
			return w == strings.ToLower(section) || w == "default" || w == "all" || w == "everything"
		})
	}
	var texts []string
	describe := func(tx *store.Tx) error {
		texts = nil
		for _, section := range sections {
			if wants(section.name) {
				texts = append(texts, sectionText(section.name, section.facts(s, tx)))
			}
		}
		return nil
	}
	err := s.server.Node.View(ctx, describe)
	if errors.Is(err, store.ErrLoading) {
		err = describe(nil)
	}
	if err != nil {
		return fromNode(err, s.server.Log)
	}
	if wants("Confman") {
		facts := []Fact{{"confman_version", s.server.Version}}
		if s.server.Facts != nil {
			facts = append(facts, s.server.Facts()...)
		}
		texts = append(texts, sectionText("Confman", facts))
	}
	return Text(strings.Join(texts, "\r\n"))
}

func sectionText(name string, facts []Fact) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\r\n", name)
	for _, f := range facts {
		fmt.Fprintf(&b, "%s:%s\r\n", f.Name, f.Value)
	}
	return b.String()
}

// newRunID draws the id by which INFO tells one life of the process from another.
func newRunID() string {
	var b [20]byte
	_, _ = rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}

func serverFacts(s *session, _ *store.Tx) []Fact {
	now := s.server.Now()
	uptime := int(now.Sub(s.server.started).Seconds())
	_, port, _ := net.SplitHostPort(s.conn.guard.LocalAddr().String()) // "" where there are no ports
	return []Fact{
		{"redis_version", redisVersion},
		{"redis_mode", "standalone"},
		{"os", runtime.GOOS + " " + runtime.GOARCH},
		{"arch_bits", strconv.Itoa(strconv.IntSize)},
		{"process_id", strconv.Itoa(os.Getpid())},
		{"run_id", s.server.runID},
		{"tcp_port", port},
		{"server_time_usec", strconv.FormatInt(now.UnixMicro(), 10)},
		{"uptime_in_seconds", strconv.Itoa(uptime)},
		{"uptime_in_days", strconv.Itoa(uptime / (24 * 60 * 60))},
	}
}

func clientFacts(s *session, _ *store.Tx) []Fact {
	return []Fact{
		{"connected_clients", strconv.Itoa(s.server.clients())},
		{"maxclients", strconv.Itoa(s.server.MaxClients)},
		{"blocked_clients", strconv.FormatInt(s.server.counts.blocked.Load(), 10)},
	}
}

func memoryFacts(*session, *store.Tx) []Fact {
	samples := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}, {Name: "/memory/classes/total:bytes"}}
	metrics.Read(samples)
	used, total := samples[0].Value.Uint64(), samples[1].Value.Uint64()
	return []Fact{
		{"used_memory", strconv.FormatUint(used, 10)},
		{"used_memory_human", fmt.Sprintf("%.2fM", float64(used)/(1<<20))},
		{"used_memory_rss", strconv.FormatUint(total, 10)},
		{"maxmemory", "0"},
		{"maxmemory_policy", "noeviction"},
	}
}

// persistenceFacts say what clients ask for: whether the data is there, and that it is kept.
func persistenceFacts(_ *session, tx *store.Tx) []Fact {
	loading := "0"
	if tx == nil {
		loading = "1"
	}
	return []Fact{{"loading", loading}, {"aof_enabled", "1"}, {"aof_last_write_status", "ok"}}
}

func statFacts(s *session, _ *store.Tx) []Fact {
	counts := &s.server.counts
	return []Fact{
		{"total_connections_received", strconv.FormatInt(counts.accepted.Load(), 10)},
		{"total_commands_processed", strconv.FormatInt(counts.commands.Load(), 10)},
		{"rejected_connections", strconv.FormatInt(counts.rejected.Load(), 10)},
		{"total_error_replies", strconv.FormatInt(counts.errors.Load(), 10)},
	}
}

// replicationFacts are what clients look at to find out where to write: here.
func replicationFacts(s *session, _ *store.Tx) []Fact {
	return []Fact{
		{"role", "master"},
		{"connected_slaves", "0"},
		{"master_replid", s.server.runID},
		{"master_repl_offset", "0"},
	}
}

func keyspaceFacts(_ *session, tx *store.Tx) []Fact {
	if tx == nil {
		return nil
	}
	n := tx.Count()
	if n == 0 {
		return nil
	}
	expiring, left := tx.Expiring()
	return []Fact{{"db0", fmt.Sprintf("keys=%d,expires=%d,avg_ttl=%d", n, expiring, left)}}
}
