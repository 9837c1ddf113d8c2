package integration

import (
	"context"
	"fmt"
	"io"
	"math/rand"
	"net"
	"os"
	"slices"
	"sort"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// encoded is a command as a client encodes it.
func encoded(words ...string) string {
	var all strings.Builder
	fmt.Fprintf(&all, "*%d\r\n", len(words))
	for _, w := range words {
		fmt.Fprintf(&all, "$%d\r\n%s\r\n", len(w), w)
	}
	return all.String()
}

// A bomb is what a hostile client sends. It reads nothing of what it is answered, and stays connected.
type bomb struct {
	name    string
	clients int
	sends   []string      // one after the other, the last one again and again if there is a pace
	pace    time.Duration // between them
}

// bombs are meant to take a node's memory, its time or its connections.
func bombs() []bomb {
	garbage := make([]byte, 64<<10)
	rand.New(rand.NewSource(1)).Read(garbage)
	return []bomb{
		{name: "a million words, announced", clients: 20, sends: []string{"*1048576\r\n"}},
		{name: "a million words, sent", clients: 5, sends: []string{"*1048576\r\n" + strings.Repeat("$1\r\na\r\n", 1<<20)}},
		{name: "512 MiB, announced", clients: 20, sends: []string{"*2\r\n$4\r\nECHO\r\n$536870912\r\n"}},
		{name: "16 MiB, announced", clients: 20, sends: []string{"*2\r\n$4\r\nECHO\r\n$16777216\r\n"}},
		{name: "16 MiB, sent", clients: 10, sends: []string{encoded("ECHO", strings.Repeat("x", 16<<20))}},
		{name: "a byte at a time", clients: 200, sends: []string{"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1000\r\n", "x"}, pace: 100 * time.Millisecond},
		{name: "a line without end", clients: 20, sends: []string{strings.Repeat("x", 1<<20)}},
		{name: "many large values", clients: 20, sends: []string{strings.Repeat(encoded("GET", "bomb/0"), 100_000)}},
		{name: "many payloads", clients: 20, sends: []string{strings.Repeat(encoded("DUMP", "bomb/0"), 1_000)}},
		{name: "a large namespace", clients: 20, sends: []string{strings.Repeat(encoded("HGETALL", "bomb"), 10)}},
		{name: "a large answer of one command", clients: 20, sends: []string{encoded(append([]string{"MGET"}, slices.Repeat([]string{"bomb/1"}, 1000)...)...)}},
		{name: "a deep transaction", clients: 10, sends: []string{encoded("MULTI") + strings.Repeat(encoded("DUMP", "bomb/1"), 20_000) + encoded("EXEC")}},
		{name: "garbage", clients: 20, sends: []string{string(garbage)}},
		{name: "a browser", clients: 50, sends: []string{"POST /SET/a/1 HTTP/1.1\r\nHost: here\r\n\r\n" + encoded("SET", "stolen", "1")}},
		{name: "TLS", clients: 50, sends: []string{"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + string(garbage[:501])}},
		{name: "nothing at all", clients: 2500},
	}
}

// throw has all of a bomb's clients send it until the context ends. A client that is hung up on comes back.
func (b bomb) throw(ctx context.Context, addr string, all *sync.WaitGroup) {
	for range b.clients {
		all.Go(func() {
			for ctx.Err() == nil {
				b.send(ctx, addr)
				select {
				case <-ctx.Done():
				case <-time.After(50 * time.Millisecond): // or the test would be busier than the node
				}
			}
		})
	}
}

// send sends the bomb once, and stays until it is hung up on or the context ends.
func (b bomb) send(ctx context.Context, addr string) {
	c, err := (&net.Dialer{}).DialContext(ctx, "tcp", addr)
	if err != nil {
		return // there are too many: that is the point
	}
	defer c.Close()
	_ = c.(*net.TCPConn).SetReadBuffer(4 << 10) // a larger one only makes it slower
	defer context.AfterFunc(ctx, func() { _ = c.Close() })()
	for _, s := range b.sends {
		if _, err := io.WriteString(c, s); err != nil {
			return
		}
	}
	for b.pace > 0 {
		time.Sleep(b.pace) // it sends slowly: that is what it is for
		if _, err := io.WriteString(c, b.sends[len(b.sends)-1]); err != nil {
			return
		}
	}
	<-ctx.Done()
}

// residentMemory is how much memory a node's process has now, in MiB.
func (n *node) residentMemory() int {
	n.t.Helper()
	statm, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", n.cmd.Process.Pid))
	if err != nil {
		n.t.Fatal(err)
	}
	pages, err := strconv.Atoi(strings.Fields(string(statm))[1])
	if err != nil {
		n.t.Fatal(err)
	}
	return pages * os.Getpagesize() / mib
}

// reads reads a config again and again for a while, and returns how long each time took, the longest last.
func reads(t *testing.T, client *redis.Client, lasting time.Duration) (took []time.Duration) {
	t.Helper()
	for end := time.Now().Add(lasting); time.Now().Before(end); {
		began := time.Now()
		if got, err := client.Get(context.Background(), "calm").Result(); err != nil || got != "yes" {
			t.Fatalf("after %d reads: %q, %v", len(took), got, err)
		}
		took = append(took, time.Since(began))
	}
	slices.Sort(took)
	return took
}

// of returns the duration that so many of a thousand do not exceed.
func of(took []time.Duration, permille int) time.Duration { return took[(len(took)-1)*permille/1000] }

// Whatever hostile clients send, all of it at once: the node's memory stays bounded, other clients are
// served in time, and nothing of it is done.
func TestBombs(t *testing.T) {
	n := newNode(t)
	n.env = []string{"CONFMAN_MAX_CLIENTS=4000"}
	n.start()
	client := redis.NewClient(&redis.Options{Addr: n.resp, PoolSize: 1, MaxRetries: -1, ReadTimeout: 30 * time.Second})
	defer client.Close()
	for i := range 30 {
		if err := client.Set(t.Context(), fmt.Sprintf("bomb/%d", i), strings.Repeat("b", mib), 0).Err(); err != nil {
			t.Fatal(err)
		}
	}
	if err := client.Set(t.Context(), "calm", "yes", 0).Err(); err != nil {
		t.Fatal(err)
	}
	calm, before := reads(t, client, time.Second), n.residentMemory()
	ctx, stop := context.WithCancel(t.Context())
	var all sync.WaitGroup
	for _, b := range bombs() {
		b.throw(ctx, n.resp, &all)
	}
	storm := reads(t, client, 12*time.Second)
	peak := n.peakMemory()
	stop()
	all.Wait()
	slow := len(storm) - sort.Search(len(storm), func(i int) bool { return storm[i] > 100*time.Millisecond })
	t.Logf("calm: %d reads, of 1000 at most one over %v; storm: %d reads, %v, %d over 100 ms, longest %v; memory %d MiB, then %d at most",
		len(calm), of(calm, 999), len(storm), of(storm, 999), slow, of(storm, 1000), before, peak)
	if longest := of(storm, 1000); longest > 3*time.Second || slow > len(storm)/1000 || len(storm) < len(calm) {
		t.Errorf("of %d reads %d took over 100 ms, and one %v", len(storm), slow, longest)
	}
	if peak > 800 {
		t.Errorf("the node has had %d MiB", peak)
	}
	if got, err := client.Exists(t.Context(), "stolen", "k", "a").Result(); err != nil || got != 0 {
		t.Errorf("left behind: %d, %v", got, err)
	}
}

// A flood of strangers, more than there may be clients, keeps no friend out, and takes a quarter of the
// connections at most.
func TestStrangersKeepNobodyOut(t *testing.T) {
	n := newNode(t)
	n.env = []string{"CONFMAN_MAX_CLIENTS=400", "CONFMAN_PASSWORD=secret"}
	n.launch()
	friend := func() *redis.Client {
		return redis.NewClient(&redis.Options{Addr: n.resp, Password: "secret", PoolSize: 1, MaxRetries: -1})
	}
	first := friend()
	defer first.Close()
	n.eventually("it answers", func() bool { return first.Ping(t.Context()).Err() == nil })
	ctx, stop := context.WithCancel(t.Context())
	var all sync.WaitGroup
	bomb{clients: 500, sends: []string{"*2\r\n$4\r\nAUTH\r\n"}}.throw(ctx, n.resp, &all)
	n.eventually("there are more strangers than there may be", func() bool {
		stats, err := first.InfoMap(t.Context(), "stats").Result()
		return err == nil && stats["Stats"]["rejected_connections"] > "0"
	})
	for i := range 100 {
		c := friend()
		defer c.Close()
		if err := c.Ping(t.Context()).Err(); err != nil {
			t.Errorf("friend %d: %v", i, err)
		}
	}
	clients, err := first.InfoMap(t.Context(), "clients").Result()
	if connected, _ := strconv.Atoi(clients["Clients"]["connected_clients"]); err != nil || connected < 101 || connected > 101+100 {
		t.Errorf("%d are connected, of whom 101 are friends: %v", connected, err)
	}
	stop()
	all.Wait()
}
