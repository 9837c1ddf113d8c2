package integration

import (
	"os/exec"
	"strings"
	"testing"
)

// redis-py reads the feed as any stream.
func TestTheFeedWithRedisPy(t *testing.T) {
	python := withRedis(t)
	n := newNode(t)
	n.start()
	const program = `
import redis, sys, threading
def connect(): return redis.Redis(port=int(sys.argv[1]), decode_responses=True)
r = connect()
r.set("prod/api/timeout", "30s")
r.mset({"prod/api/url": "http://x", "dev/x": 1})
(name, entries), = r.xread({"confman/changes": 0})
assert name == "confman/changes" and sorted(e[1]["name"] for e in entries) == ["dev/x", "prod/api/timeout", "prod/api/url"], entries
last = entries[-1][0]
got = []
t = threading.Thread(target=lambda: got.extend(connect().xread({"confman/values/prod": last}, block=30000)))
t.start()
while r.info("clients")["blocked_clients"] == 0: pass
r.set("dev/x", 2)
r.set("prod/api/timeout", "45s")
t.join()
(name, entries), = got
assert name == "confman/values/prod" and len(entries) == 1, got
assert entries[0][1]["value"] == "45s" and entries[0][1]["version"] == "2" and entries[0][1]["op"] == "set", entries
assert r.xlen("confman/changes") == 5 and len(r.xrange("confman/changes")) == 5 and len(r.xrevrange("confman/changes", count=1)) == 1
info = r.xinfo_stream("confman/changes")
assert info["length"] == 5 and info["last-entry"][0] == entries[0][0], info
assert r.xinfo_groups("confman/changes") == [] and r.type("confman/changes") == "stream"
assert r.xread({"confman/changes": "$"}, block=1) == []
try:
    r.xlen("confman/nodes")
    raise SystemExit("the system's configs are open")
except redis.ResponseError as e:
    assert "reserved" in str(e), e
print("fine")
`
	_, port, _ := strings.Cut(n.resp, ":")
	out, err := exec.Command(python, "-c", program, port).CombinedOutput()
	if err != nil || strings.TrimSpace(string(out)) != "fine" {
		t.Errorf("%v\n%s", err, out)
	}
}
