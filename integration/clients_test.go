package integration

import (
	"context"
	"errors"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// go-redis as an application uses it, in both protocols, against nodes at random.
func TestGoRedis(t *testing.T) {
	nodes := three(t)
	ctx := context.Background()
	for _, protocol := range []int{2, 3} {
		writer := redis.NewClient(&redis.Options{Addr: nodes[1].resp, Protocol: protocol, ClientName: "test"})
		defer writer.Close()
		must := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatalf("RESP%d: %v", protocol, err)
			}
		}
		must(writer.Set(ctx, "prod/api/timeout", "30s", 0).Err())
		must(writer.HSet(ctx, "prod/api", "retries", "3", "url", "http://x").Err())
		got, err := writer.HGetAll(ctx, "prod/api").Result()
		must(err)
		if len(got) != 3 || got["timeout"] != "30s" {
			t.Errorf("RESP%d: HGETALL: %v", protocol, got)
		}
		if _, err := writer.Get(ctx, "nothing").Result(); !errors.Is(err, redis.Nil) {
			t.Errorf("RESP%d: GET of nothing: %v", protocol, err)
		}
		must(writer.Set(ctx, "soon", "gone", time.Hour).Err())
		if ttl, err := writer.TTL(ctx, "soon").Result(); err != nil || ttl < 59*time.Minute {
			t.Errorf("RESP%d: TTL %v, %v", protocol, ttl, err)
		}
		err = writer.Watch(ctx, func(tx *redis.Tx) error {
			_, err := tx.TxPipelined(ctx, func(p redis.Pipeliner) error {
				p.Incr(ctx, "counter")
				p.Get(ctx, "counter")
				return nil
			})
			return err
		}, "counter")
		must(err)
		other := nodes[2].client()
		defer other.Close()
		err = writer.Watch(ctx, func(tx *redis.Tx) error {
			must(other.Incr(ctx, "counter").Err())
			nodes[1].eventually("the other's write is here", func() bool {
				return writer.Get(ctx, "counter").Val() == other.Get(ctx, "counter").Val()
			})
			_, err := tx.TxPipelined(ctx, func(p redis.Pipeliner) error { return p.Incr(ctx, "counter").Err() })
			return err
		}, "counter")
		if !errors.Is(err, redis.TxFailedErr) {
			t.Errorf("RESP%d: a watched config has changed, but: %v", protocol, err)
		}
		must(writer.Del(ctx, "counter", "prod/api", "soon").Err())
	}
}

// withRedis returns a Python that has redis-py: Debian's, or the first in the path.
func withRedis(t *testing.T) (python string) {
	t.Helper()
	for _, python := range []string{"/usr/bin/python3", "python3"} {
		if exec.Command(python, "-c", "import redis").Run() == nil {
			return python
		}
	}
	missing(t, "python3-redis", "CONFMAN_REQUIRE_REDIS")
	return ""
}

// redis-py as an application uses it.
func TestRedisPy(t *testing.T) {
	python := withRedis(t)
	n := newNode(t)
	n.start()
	const program = `
import redis, sys
r = redis.Redis(port=int(sys.argv[1]), decode_responses=True)
assert r.set("prod/api/timeout", "30s")
assert r.hset("prod/api", mapping={"retries": 3, "url": "http://x"}) == 2
assert r.hgetall("prod/api") == {"timeout": "30s", "retries": "3", "url": "http://x"}, r.hgetall("prod/api")
assert r.get("nothing") is None
assert r.incr("counter") == 1 and r.incrby("counter", 41) == 42
assert r.set("counter", 1, nx=True) is None
assert sorted(r.scan_iter("prod/*")) == ["prod/api/retries", "prod/api/timeout", "prod/api/url"]
assert r.type("prod/api") == "hash" and r.type("counter") == "string"
with r.pipeline() as p:
    p.watch("counter")
    p.multi()
    p.incr("counter"); p.hlen("prod/api"); p.expire("counter", 100)
    assert p.execute() == [43, 3, True]
assert 0 < r.ttl("counter") <= 100
try:
    r.set("counter/below", 1)
    raise SystemExit("a config became a namespace")
except redis.ResponseError as e:
    assert "counter" in str(e), e
assert r.info("confman")["raft_role"] == "leader"
assert r.info()["redis_version"] >= "7.4"
print("fine")
`
	_, port, _ := strings.Cut(n.resp, ":")
	out, err := exec.Command(python, "-c", program, port).CombinedOutput()
	if err != nil || strings.TrimSpace(string(out)) != "fine" {
		t.Errorf("%v\n%s", err, out)
	}
}

// redis-cli as a person uses it: what it prints on a terminal and what it hints at.
func TestRedisCLI(t *testing.T) {
	need(t, "redis-cli", "CONFMAN_REQUIRE_REDIS")
	n := newNode(t)
	n.start()
	_, port, _ := strings.Cut(n.resp, ":")
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"SET", "prod/api/timeout", "30s"}, "OK"},
		{[]string{"HGETALL", "prod/api"}, "1) \"timeout\"\n2) \"30s\""},
		{[]string{"-3", "HGETALL", "prod/api"}, "1# \"timeout\" => \"30s\""},
		{[]string{"GET", "nothing"}, "(nil)"},
		{[]string{"GET"}, "(error) ERR wrong number of arguments for 'get' command"},
		{[]string{"LPUSH", "a", "b"}, "(error) ERR unknown command 'LPUSH', with args beginning with: 'a' 'b' "},
		{[]string{"SET", "a//b", "1"}, "(error) ERR name \"a//b\" has an empty segment: write one slash, not two"},
	} {
		out, err := exec.Command("redis-cli", append([]string{"--no-raw", "-p", port}, c.args...)...).CombinedOutput()
		if got := strings.TrimRight(string(out), "\n"); err != nil || got != c.want {
			t.Errorf("%q: %v\n%s\nwant\n%s", c.args, err, got, c.want)
		}
	}
}
