package resp

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"net"
	"os"
	"runtime"
	"runtime/metrics"
	"strconv"
	"time"
)

// newRunID draws the id by which INFO tells one life of the process from another.
func newRunID() string {
	var b [20]byte
	_, _ = rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}

func count(n int64) string { return strconv.FormatInt(n, 10) }

func serverFacts(s *session, _ contents) []Fact {
	now := s.server.Now()
	uptime := int64(now.Sub(s.server.started).Seconds())
	_, port, _ := net.SplitHostPort(s.conn.guard.LocalAddr().String()) // "" where there are no ports
	executable, _ := os.Executable()                                   // "" where nobody knows
	return []Fact{
		{"redis_version", redisVersion},
		{"redis_mode", "standalone"},
		{"os", runtime.GOOS + " " + runtime.GOARCH},
		{"arch_bits", strconv.Itoa(strconv.IntSize)},
		{"process_id", strconv.Itoa(os.Getpid())},
		{"run_id", s.server.runID},
		{"tcp_port", port},
		{"server_time_usec", count(now.UnixMicro())},
		{"uptime_in_seconds", count(uptime)},
		{"uptime_in_days", count(uptime / (24 * 60 * 60))},
		{"executable", executable},
	}
}

func clientFacts(s *session, _ contents) []Fact {
	return []Fact{
		{"connected_clients", strconv.Itoa(s.server.clients())},
		{"cluster_connections", "0"},
		{"maxclients", count(s.server.live.maxClients.Load())},
		{"blocked_clients", count(s.server.counts.blocked.Load())},
		{"tracking_clients", count(s.server.tracker.some.Load())},
	}
}

func memoryFacts(s *session, _ contents) []Fact {
	samples := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}, {Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
	metrics.Read(samples)
	used, held := samples[0].Value.Uint64(), samples[1].Value.Uint64()-samples[2].Value.Uint64()
	peak := s.server.peak.Load()
	for peak < used && !s.server.peak.CompareAndSwap(peak, used) {
		peak = s.server.peak.Load()
	}
	peak = max(peak, used)
	return []Fact{
		{"used_memory", strconv.FormatUint(used, 10)},
		{"used_memory_human", human(used)},
		{"used_memory_rss", strconv.FormatUint(held, 10)},
		{"used_memory_rss_human", human(held)},
		{"used_memory_peak", strconv.FormatUint(peak, 10)}, // that INFO has seen
		{"used_memory_peak_human", human(peak)},
		{"maxmemory", "0"},
		{"maxmemory_human", "0B"},
		{"maxmemory_policy", "noeviction"},
		{"mem_fragmentation_ratio", fmt.Sprintf("%.2f", float64(held)/float64(max(used, 1)))},
		{"mem_allocator", runtime.Version()},
		{"goroutines", strconv.Itoa(runtime.NumGoroutine())}, // Redis has none
	}
}

// human is a number of bytes as Redis writes it for people.
func human(n uint64) string {
	if n < 1<<10 {
		return fmt.Sprintf("%dB", n)
	}
	for _, unit := range []struct {
		letter string
		size   float64
	}{{"K", 1 << 10}, {"M", 1 << 20}, {"G", 1 << 30}} {
		if v := float64(n) / unit.size; v < 1<<10 {
			return fmt.Sprintf("%.2f%s", v, unit.letter)
		}
	}
	return fmt.Sprintf("%.2fT", float64(n)/(1<<40))
}

// persistenceFacts say what clients ask for: whether the data is there, and that it is kept.
// What was answered is in the log, synced, so no change ever waits for a save.
func persistenceFacts(s *session, of contents) []Fact {
	loading := "0"
	if of.loading {
		loading = "1"
	}
	kept, anew := s.server.storage(), "0"
	if kept.Anew {
		anew = "1"
	}
	d := &s.server.disk
	d.mu.Lock()
	defer d.mu.Unlock()
	since := int64(-1)
	saving := "0"
	if !d.began.IsZero() {
		saving, since = "1", int64(s.server.Now().Sub(d.began).Seconds())
	}
	return []Fact{
		{"loading", loading},
		{"async_loading", "0"},
		{"rdb_changes_since_last_save", "0"},
		{"rdb_bgsave_in_progress", saving},
		{"rdb_last_save_time", count(kept.Saved.Unix())},
		{"rdb_last_bgsave_status", status(d.failed)},
		{"rdb_last_bgsave_time_sec", count(int64(d.took.Seconds()))},
		{"rdb_current_bgsave_time_sec", count(since)},
		{"rdb_saves", count(d.saves)},
		{"aof_enabled", "1"},
		{"aof_rewrite_in_progress", anew},
		{"aof_rewrite_scheduled", "0"},
		{"aof_last_bgrewrite_status", status(d.rewriteFailed)},
		{"aof_rewrites", count(d.rewrites)},
		{"aof_last_write_status", "ok"}, // after another the node has stopped
		{"aof_current_size", count(kept.Size)},
		{"aof_base_size", count(kept.Compact)},
	}
}

func status(failed bool) string {
	if failed {
		return "err"
	}
	return "ok"
}

func statFacts(s *session, _ contents) []Fact {
	c := &s.server.counts
	commands := s.server.table.calls()
	received, sent := c.received.Load(), c.sent.Load()
	second := s.server.rates.ask(s.server.Now(), [3]int64{commands, received, sent})
	_, failures := c.failures()
	names, items, prefixes := s.server.tracker.sizes()
	return []Fact{
		{"total_connections_received", count(c.accepted.Load() - c.forgotten.Load())},
		{"total_commands_processed", count(commands)},
		{"instantaneous_ops_per_sec", count(int64(second[0]))},
		{"total_net_input_bytes", count(received)},
		{"total_net_output_bytes", count(sent)},
		{"instantaneous_input_kbps", fmt.Sprintf("%.2f", second[1]/1024)},
		{"instantaneous_output_kbps", fmt.Sprintf("%.2f", second[2]/1024)},
		{"rejected_connections", count(c.rejected.Load())},
		{"sync_full", "0"},
		{"sync_partial_ok", "0"},
		{"sync_partial_err", "0"},
		{"expired_keys", count(s.server.storage().Expired - c.expired.Load())},
		{"evicted_keys", "0"},
		{"keyspace_hits", count(c.hits.Load())},
		{"keyspace_misses", count(c.misses.Load())},
		{"latest_fork_usec", "0"},
		{"total_forks", "0"},
		{"total_error_replies", count(failures)},
		{"pubsub_channels", count(s.server.hub.size(channels))},
		{"pubsub_patterns", count(s.server.hub.size(patterns))},
		{"pubsubshard_channels", count(s.server.hub.size(shards))},
		{"tracking_total_keys", strconv.Itoa(names)},
		{"tracking_total_items", strconv.Itoa(items)},
		{"tracking_total_prefixes", strconv.Itoa(prefixes)},
		{"client_output_buffer_limit_disconnections", count(c.overruns.Load())},
	}
}

// replicationFacts are what clients look at to find out where to write: here.
func replicationFacts(s *session, _ contents) []Fact {
	return []Fact{
		{"role", "master"},
		{"connected_slaves", "0"},
		{"master_failover_state", "no-failover"},
		{"master_replid", s.server.runID},
		{"master_replid2", "0000000000000000000000000000000000000000"},
		{"master_repl_offset", "0"},
		{"second_repl_offset", "-1"},
		{"repl_backlog_active", "0"},
	}
}

func cpuFacts(*session, contents) []Fact {
	system, user := cpuTime()
	seconds := func(d time.Duration) string { return fmt.Sprintf("%.6f", d.Seconds()) }
	return []Fact{
		{"used_cpu_sys", seconds(system)},
		{"used_cpu_user", seconds(user)},
		{"used_cpu_sys_children", seconds(0)},
		{"used_cpu_user_children", seconds(0)},
	}
}

func keyspaceFacts(_ *session, of contents) []Fact {
	if of.configs == 0 {
		return nil
	}
	return []Fact{{"db0", fmt.Sprintf("keys=%d,expires=%d,avg_ttl=%d", of.configs, of.expiring, of.left)}}
}
