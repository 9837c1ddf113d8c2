package integration

import (
	"context"
	"fmt"
	"net"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"
)

// A mode is something that redis-cli or redis-benchmark does beside the matrix.
type mode struct {
	tool, args string
	in         string // what it reads
	watched    bool   // it goes on until somebody has seen enough, on a terminal
	prints     string // a regular expression
	tells      string // what the page says of it
}

const shown = "matrix/modes"

// modes are run in this order. SHOWN stands for the name of a few configs.
var modes = []mode{
	{tool: "redis-cli", args: "--pipe", in: "HSET SHOWN a 1 b 22 c 333\r\nSET SHOWN/d 4\r\n", prints: `errors: 0, replies: 2`, tells: "all of a file of commands is carried out"},
	{tool: "redis-cli", args: "-3 --no-raw HGETALL SHOWN", prints: `1# "a" => "1"\n2# "b" => "22"`, tells: "maps are maps"},
	{tool: "redis-cli", args: "--json HGETALL SHOWN", prints: `{"a":"1","b":"22","c":"333","d":"4"}`, tells: "maps are objects"},
	{tool: "redis-cli", args: "--csv HGETALL SHOWN", prints: `"a","1","b","22"`, tells: "a line of fields and values"},
	{tool: "redis-cli", args: "--scan --pattern SHOWN/*", prints: `SHOWN/a\nSHOWN/b\nSHOWN/c\nSHOWN/d`, tells: "configs by their full names"},
	{tool: "redis-cli", args: "--bigkeys", prints: `Biggest string found .* has \d+ bytes`, tells: "the largest config"},
	{tool: "redis-cli", args: "--memkeys", prints: `Biggest string found .* has \d+ bytes`, tells: "the config that takes most memory"},
	{tool: "redis-cli", args: "--hotkeys", prints: `ERR An LFU maxmemory policy is not selected`, tells: "refused: how often a config is read is not counted"},
	{tool: "redis-cli", args: "--stat -i 0.05", watched: true, prints: `keys +mem +clients blocked requests +connections +\s+\d+ +\d`, tells: "configs, memory, clients, requests and connections, again and again"},
	{tool: "redis-cli", args: "--latency --raw -i 0.1", prints: `\d+ \d+ [\d.]+ \d+`, tells: "milliseconds that PING takes"},
	{tool: "redis-cli", args: "--latency-history -i 0.1", watched: true, prints: `min: \d+, max: \d+, avg: .*seconds range`, tells: "the same, for one period after the other"},
	{tool: "redis-cli", args: "--latency-dist -i 0.1", watched: true, prints: `From 0 to 100%`, tells: "the same, as a spectrum"},
	{tool: "redis-cli", args: "--lru-test 100", watched: true, prints: `Gets/sec \| Hits: \d+`, tells: "nothing is evicted: every read is a hit after a while"},
	{tool: "redis-cli", args: "", in: "help set\nhelp member list\n", prints: `(?s)SET.*key value.*MEMBER LIST.*group:.*server`, tells: "hints and help are of this node's commands, as `COMMAND DOCS` tells them"},
	{tool: "redis-cli", args: "-3 --show-pushes yes", in: "CLIENT TRACKING ON\nGET SHOWN/a\nSET SHOWN/a 2\nPING\n", prints: `(?s)invalidate\nSHOWN/a.*PONG`, tells: "shows what it is told to forget"},
	{tool: "redis-cli", args: "-c GET SHOWN/d", prints: `^4$`, tells: "no node sends it elsewhere"},
	{tool: "redis-cli", args: "-n 1 GET SHOWN/d", prints: `SELECT 1 failed: ERR DB index is out of range`, tells: "refused: there is one database"},
	{tool: "redis-cli", args: "--rdb /dev/null", prints: `ERR unknown command 'SYNC'`, tells: "refused: `confman backup` makes backups"},
	{tool: "redis-cli", args: "--replica", prints: `ERR unknown command 'SYNC'`, tells: "refused: `confman/changes` tells what has changed"},
	{tool: "redis-cli", args: "--functions-rdb /dev/null", prints: `Failed requesting functions only RDB`, tells: "refused: there are no functions"},
	{tool: "redis-cli", args: "--eval /dev/null", prints: `ERR unknown command 'EVAL'`, tells: "refused: there are no scripts"},
	{tool: "redis-cli", args: "--cluster check ADDRESS", prints: `is not configured as a cluster node`, tells: "refused: it is for Redis Cluster; here it is `confman member`"},
	{tool: "redis-benchmark", args: "-t ping,set,get,incr,hset,mset -n 2000 -P 16 -q", prints: `(?s)PING_MBULK: .*SET: .*GET: .*INCR: .*HSET: .*MSET \(10 keys\): [\d.]+ requests per second`, tells: "pipelines of writes and reads"},
	{tool: "redis-benchmark", args: "-t set,get -n 2000 -r 1000 --threads 2 -3 --csv", prints: `"SET","[\d.]+",.*\n"GET","[\d.]+"`, tells: "several threads, RESP3"},
	{tool: "redis-benchmark", args: "-t lpush -n 1", prints: `Error from server: ERR unknown command 'LPUSH'`, tells: "refused: there are strings and hashes"},
}

// runMode has a node answer a mode. What is refused has to be refused in words.
func runMode(t *testing.T, n *node, m mode) {
	need(t, m.tool, "CONFMAN_REQUIRE_CLIENTS")
	fill := strings.NewReplacer("SHOWN", shown, "ADDRESS", n.resp).Replace
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	host, port, _ := net.SplitHostPort(n.resp)
	words := append([]string{m.tool, "-h", host, "-p", port}, strings.Fields(fill(m.args))...)
	wanted := regexp.MustCompile(fill(m.prints))
	if m.watched {
		need(t, "script", "CONFMAN_REQUIRE_CLIENTS")
		words = []string{"script", "-qefc", strings.Join(words, " "), "/dev/null"}
	}
	cmd := exec.CommandContext(ctx, words[0], words[1:]...)
	cmd.Stdin = strings.NewReader(fill(m.in))
	out := &output{}
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if m.watched {
		n.eventually("enough is seen of "+m.args, func() bool { return ctx.Err() != nil || wanted.MatchString(out.String()) })
		_ = cmd.Process.Kill() // and the terminal is gone
	}
	_ = cmd.Wait() // what is refused ends in errors, and so does what was interrupted
	if ctx.Err() != nil || !wanted.MatchString(strings.TrimSpace(out.String())) {
		t.Errorf("%v: %q\nwant %s", ctx.Err(), out, m.prints)
	}
}

// A benchmark that counts loses and doubles nothing when the leader is killed meanwhile.
func benchmarkOutlives(t *testing.T, nodes []*node) {
	need(t, "redis-benchmark", "CONFMAN_REQUIRE_CLIENTS")
	const counter, increments = "counter:__rand_int__", 40_000
	at := leader(t, nodes)
	near := nodes[(at+1)%3]
	c := near.client()
	defer c.Close()
	counted := func() int64 { n, _ := c.Get(t.Context(), counter).Int64(); return n }
	before := counted()
	host, port, _ := net.SplitHostPort(near.resp)
	cmd := exec.CommandContext(t.Context(), "redis-benchmark", "-h", host, "-p", port, "-t", "incr", "-n", fmt.Sprint(increments), "-c", "10", "-P", "16", "-q")
	out := &output{}
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	near.eventually("it counts", func() bool { return counted() > before })
	nodes[at].kill()
	nodes[at].start()
	if err := cmd.Wait(); err != nil || counted() != before+increments {
		t.Errorf("counted from %d to %d, %v: %s", before, counted(), err, out)
	}
	nodes[at].eventually("it takes part", nodes[at].takesPart)
}
