package ground

import (
	"bytes"
	"context"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// updated is when a node says that a config was written.
func updated(t *testing.T, client *redis.Client, key string) time.Time {
	t.Helper()
	reply, err := client.Do(context.Background(), "CONF", "META", key).Result()
	facts, _ := reply.(map[any]any)
	if at, told := facts["updated"].(int64); told {
		return time.UnixMilli(at)
	}
	t.Fatalf("CONF META %s: %v, %v", key, reply, err)
	return time.Time{}
}

// about reports whether a time is, give or take a minute, that much ahead of this machine's.
func about(at time.Time, ahead time.Duration) bool {
	return time.Until(at.Add(-ahead)).Abs() < time.Minute
}

// A node whose clock jumps while it runs tells the new time, stamps what is written with it, and takes for
// expired what expires before it; set back, it brings nothing back. What is counted from the node's start
// does not jump: nobody has sat there for an hour.
func TestAClockJumps(t *testing.T) {
	t.Setenv("CONFMAN_GROUND", "processes")
	g := New(t)
	g.Clocks = true
	h := g.Found(1)[0]
	client, ctx := h.Client(), context.Background()
	defer client.Close()
	do := func(words ...any) {
		t.Helper()
		if err := client.Do(ctx, words...).Err(); err != nil {
			t.Fatalf("%v: %v", words, err)
		}
	}
	jump := func(ahead time.Duration) {
		t.Helper()
		h.SetClock(ahead)
		h.Eventually("it tells the time that was set", func() bool {
			at, err := client.Time(ctx).Result()
			return err == nil && about(at, ahead)
		})
	}

	do("SET", "short", "1", "EX", "600")
	do("SET", "long", "1", "EX", "7200")
	if at := updated(t, client, "short"); !about(at, 0) {
		t.Errorf("before any jump, what is written is stamped %v", at)
	}

	jump(time.Hour)
	if n := client.Exists(ctx, "short").Val(); n != 0 {
		t.Error("what was to expire in ten minutes is there in an hour")
	}
	if left := client.TTL(ctx, "long").Val(); (left - time.Hour).Abs() > time.Minute {
		t.Errorf("of two hours, %v are left after one", left)
	}
	do("SET", "later", "1")
	if at := updated(t, client, "later"); !about(at, time.Hour) {
		t.Errorf("an hour ahead, what is written is stamped %v", at)
	}

	jump(-time.Hour)
	if n := client.Exists(ctx, "short").Val(); n != 0 {
		t.Error("what had expired is back")
	}
	do("SET", "again", "1")
	if at := updated(t, client, "again"); at.Before(updated(t, client, "later")) {
		t.Errorf("the store's time ran back to %v", at)
	}
	text := client.Info(ctx, "server").Val()
	_, after, _ := strings.Cut(text, "uptime_in_seconds:")
	uptime, err := strconv.Atoi(strings.Fields(after + " none")[0])
	if err != nil || uptime < 0 || uptime > 60 {
		t.Errorf("it says that it has run for %d s (%v)", uptime, err)
	}
}

// The confman that is not built for a test does not know how its clock could be set.
func TestTheProductHasNoSwitch(t *testing.T) {
	for _, c := range []struct {
		binary string
		want   bool
	}{{Binary(t), false}, {skewable(t), true}} {
		content, err := os.ReadFile(c.binary)
		if err != nil {
			t.Fatal(err)
		}
		if got := bytes.Contains(content, []byte("CONFMAN_TEST_CLOCK")); got != c.want {
			t.Errorf("%s has the switch: %v", c.binary, got)
		}
	}
}
