package promises

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"confman/integration/ground"
	"confman/integration/load"
)

// importSize is how many configs an import has.
const importSize = 300

// pure reads a namespace at each node until ctx ends, and returns what is neither one import nor another as a whole.
func pure(ctx context.Context, addrs []string, reads *atomic.Int64) (wrong []string) {
	var work sync.WaitGroup
	var mu sync.Mutex
	for _, addr := range addrs {
		work.Go(func() {
			client := load.Client(addr, nil)
			defer client.Close()
			for ; ctx.Err() == nil; rest() {
				all, err := client.HGetAll(context.Background(), "import/all").Result()
				if err != nil || len(all) == 0 {
					continue // before the first one
				}
				kinds := map[string]int{}
				for _, value := range all {
					kinds[value]++
				}
				reads.Add(1)
				if len(kinds) > 1 || len(all) != importSize {
					mu.Lock()
					if len(wrong) < 5 {
						wrong = append(wrong, fmt.Sprintf("%s has %d configs of %v", addr, len(all), kinds))
					}
					mu.Unlock()
				}
			}
		})
	}
	work.Wait()
	return wrong
}

// imports has one namespace be imported in the place of another, through each node by turns, until ctx ends.
func imports(ctx context.Context, t *testing.T, hosts []*ground.Host, restore func(ctx context.Context, c *redis.Client, payload string, i int) error) {
	t.Helper()
	var payloads []string
	client := hosts[0].Client()
	for _, kind := range []string{"old", "new"} {
		var all []any
		for i := range importSize {
			all = append(all, fmt.Sprint("k", i), kind)
		}
		payload, err := "", client.HSet(ctx, "import/"+kind, all...).Err()
		if err == nil {
			payload, err = client.Dump(ctx, "import/"+kind).Result()
		}
		if err != nil {
			t.Fatal(err)
		}
		payloads = append(payloads, payload)
	}
	_ = client.Close()
	for i := 0; ctx.Err() == nil; i++ {
		client := hosts[i%len(hosts)].Client()
		_ = restore(context.Background(), client, payloads[i%2], i) // its leader may be gone
		_ = client.Close()
		rest()
	}
}

// whole imports all of it.
func whole(ctx context.Context, c *redis.Client, payload string, i int) error {
	if i%5 == 4 { // what there was a moment ago is imported as well
		return c.Do(ctx, "CONF", "ROLLBACK", "import/all", "AT", time.Now().Add(-50*time.Millisecond).UnixMilli(), "RECURSIVE").Err()
	}
	return c.RestoreReplace(ctx, "import/all", 0, payload).Err()
}

// half imports all of it, and then one half of another one.
func half(ctx context.Context, c *redis.Client, payload string, i int) error {
	if i == 0 {
		return c.RestoreReplace(ctx, "import/all", 0, payload).Err()
	}
	var all []any
	for n := range importSize / 2 {
		all = append(all, fmt.Sprint("k", n), "half")
	}
	return c.HSet(ctx, "import/all", all...).Err()
}

// restored has confman restore found a cluster from a backup, kills it behind some time, and starts what it has left. It returns
// what takes part and has not everything.
func restored(t *testing.T, h *ground.Host, file string, kill time.Duration) (finished bool, wrong []string) {
	t.Helper()
	h.Kill()
	h.Wipe()
	restore := exec.Command(h.Binary, "restore", "--data-dir", h.Dir, "--resp-addr", h.Addr, "--raft-addr", h.Raft, "--profile", "lan", file)
	if err := restore.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- restore.Wait() }()
	select {
	case err := <-ended:
		finished = err == nil
	case <-time.After(kill):
		_ = restore.Process.Kill() // it may have ended
		<-ended
	}
	entries, err := os.ReadDir(h.Dir)
	if begun := slices.ContainsFunc(entries, func(e os.DirEntry) bool { return e.Name() != "lock" }); !finished && (err != nil || !begun) {
		return false, nil // it has not begun: a start would found another cluster, as of nothing
	}
	logged := len(h.Log())
	h.Launch()
	h.Eventually("it ends, or answers", func() bool { return !h.Running() || h.TakesPart() })
	if !h.Running() {
		if code := h.AwaitEnd(); code != 7 || !strings.Contains(h.Log()[logged:], "a restore or a recovery was interrupted here") {
			wrong = append(wrong, fmt.Sprintf("killed after %v, it ends with %d:\n%s", kill, code, h.Log()[logged:]))
		}
		return finished, wrong
	}
	if n, err := asks(h, []any{"HLEN", "import/old"}); n != int64(importSize) {
		wrong = append(wrong, fmt.Sprintf("killed after %v, it has %v configs (%v)", kill, n, err))
	}
	return finished, wrong
}

// Class 18: one half of an import, or of a restored backup, is seen, or stays.
func TestImportsAreWhole(t *testing.T) {
	t.Parallel()
	g := newGround(t)
	hosts := g.Found(3)
	reading := func(restore func(ctx context.Context, c *redis.Client, payload string, i int) error, meanwhile func()) []string {
		ctx, stop := context.WithCancel(t.Context())
		var reads atomic.Int64
		got := make(chan []string)
		go func() { got <- pure(ctx, g.Addrs(), &reads) }()
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			imports(ctx, t, hosts, restore)
		}()
		await(t, "it is read", func() bool { return reads.Load() > 20 })
		meanwhile()
		await(t, "it is read on", func() bool { return reads.Load() > 100 })
		stop()
		<-ended
		return <-got
	}
	holds(t, reading(whole, func() {
		for range 2 {
			leads := g.Leader()
			leads.Kill()
			g.Leader()
			leads.Start()
			leads.Eventually("it takes part", leads.TakesPart)
		}
	}))
	noticed(t, "it is cut in half", reading(half, func() {}))

	file := filepath.Join(t.TempDir(), "backup.db")
	hosts[0].Run("backup", "--addr", hosts[0].Addr, file)
	for _, h := range hosts {
		h.Kill()
	}
	finished := false
	for kill := time.Millisecond; !finished && kill < time.Minute; kill = kill * 3 / 2 {
		var wrong []string
		finished, wrong = restored(t, hosts[0], file, kill)
		holds(t, wrong)
	}
	if _, err := asks(hosts[0], []any{"HDEL", "import/old", "k0"}); err != nil {
		t.Fatal(err)
	}
	hosts[0].Run("backup", "--addr", hosts[0].Addr, file+".half")
	_, wrong := restored(t, hosts[0], file+".half", time.Minute)
	noticed(t, "the backup has not everything", wrong)
}
