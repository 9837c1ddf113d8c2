package integration

import (
	"context"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// Two of three nodes hang. The third goes on reading what it has, says how old that may be, and
// refuses whoever asks for more; when the others go on, it answers again.
func TestReadsWhileTheOthersHang(t *testing.T) {
	nodes := three(t)
	n := nodes[leader(t, nodes)]
	ctx := context.Background()
	local, current, bounded := n.client().Conn(), n.client().Conn(), n.client().Conn()
	defer local.Close()
	defer current.Close()
	defer bounded.Close()
	if err := local.Set(ctx, "x", "1", 0).Err(); err != nil {
		t.Fatal(err)
	}
	if reached, err := local.Wait(ctx, 2, 20*time.Second).Result(); err != nil || reached != 2 {
		t.Errorf("WAIT: %d, %v", reached, err)
	}
	for _, setting := range []error{
		current.Process(ctx, redis.NewStatusCmd(ctx, "CONF", "CONSISTENCY", "LINEARIZABLE")),
		bounded.Process(ctx, redis.NewStatusCmd(ctx, "CONF", "CONSISTENCY", "BOUNDED", "3000")),
		current.Get(ctx, "x").Err(), bounded.Get(ctx, "x").Err(),
	} {
		if setting != nil {
			t.Fatal(setting)
		}
	}
	signal := func(s syscall.Signal) {
		for _, other := range nodes {
			if other != n {
				_ = other.cmd.Process.Signal(s) // a failure shows below
			}
		}
	}
	signal(syscall.SIGSTOP)
	defer signal(syscall.SIGCONT)
	n.eventually("its data may be old", func() bool {
		stale, err := strconv.Atoi(n.info()["staleness_ms"])
		return err == nil && stale > 3000
	})
	if got, err := local.Get(ctx, "x").Result(); got != "1" || err != nil {
		t.Errorf("a local read: %q, %v", got, err)
	}
	if err := bounded.Get(ctx, "x").Err(); err == nil || !strings.HasPrefix(err.Error(), "MASTERDOWN ") {
		t.Errorf("a read of at most 3 s: %v", err)
	}
	if err := current.Get(ctx, "x").Err(); err == nil || !strings.HasPrefix(err.Error(), "CLUSTERDOWN ") {
		t.Errorf("a linearizable read: %v", err)
	}
	signal(syscall.SIGCONT)
	n.eventually("reads are answered again", func() bool {
		return current.Get(ctx, "x").Err() == nil && bounded.Get(ctx, "x").Err() == nil
	})
}
