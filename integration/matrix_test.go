package integration

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// abilities are the columns of the matrix, in the order in which a client shows them. Each client works
// below a name that it is given, with its own calls for what the commands here stand for:
//
//	connect       PING, and a name for the connection
//	strings       SET and GET of any bytes, MGET, a GET of nothing; and INCR until somebody sets "struck" to
//	              tell that the leader was killed meanwhile: each reply is one more than the one before
//	hashes        a namespace's configs as a hash's fields, and a field by its full name
//	pipelines     a hundred commands at once, of which one fails and the others do not
//	transactions  MULTI and EXEC; and an EXEC that does nothing, because a watched config has changed
//	scan          the client's own iterators over 250 names and over a hash's 250 fields meet each once
//	pubsub        a channel and a pattern hear what another connection publishes
//	expiry        a config that is gone after a while, and one that is to stay after all
//	caching       a read that is answered from the client's memory until somebody writes
//	reconnect     INCR of "again", at another node when the first one is killed, and twenty times there
var abilities = []string{"connect", "strings", "hashes", "pipelines", "transactions", "scan", "pubsub", "expiry", "caching", "reconnect"}

// A contestant is a client, and a row of the matrix.
type contestant struct {
	name    string
	version func() (string, error) // which one is on this machine; an error if there is none
	run     func(ctx context.Context, tr trial)
	lacks   map[string]string // abilities that it does not have, and why
}

// A trial is what a client is given: the name below which it works, and addresses of nodes. It
// starts with the first, and says of each ability how it went.
type trial struct {
	below     string
	addresses []string
	say       func(verdict)
}

// A verdict is "ok" and what there is to say about it, or why the ability is none.
type verdict struct{ ability, text string }

func (v verdict) ok() bool { return v.text == "ok" || strings.HasPrefix(v.text, "ok ") }

var noCache = map[string]string{"caching": "it has no cache"}

// contestants returns all rows. What has to be built is built in a directory.
func contestants(dir string) []contestant {
	return []contestant{
		goRedis,
		viaRueidis,
		redigo,
		program("redis-py", "/usr/bin/python3", "testdata/clients/client.py"),
		program("node-redis", "env", "NODE_PATH=/usr/share/nodejs", "node", "testdata/clients/client.js"),
		hiredis(filepath.Join(dir, "client")),
		program("phpredis", "php", "testdata/clients/client.php"),
		program("redis-rb", "ruby", "testdata/clients/client.rb"),
		redisCLI,
	}
}

// Every client does all that it can while leaders are killed, and docs/clients.md says so.
func TestMatrix(t *testing.T) {
	nodes := three(t)
	page := &clientsPage{}
	for _, c := range contestants(t.TempDir()) {
		t.Run(c.name, func(t *testing.T) {
			version, err := c.version()
			if err != nil {
				missing(t, fmt.Sprintf("%s (%v)", c.name, err), "CONFMAN_REQUIRE_CLIENTS")
			}
			contest(t, nodes, c)
			page.addClient(c, version)
		})
	}
	t.Run("redis-benchmark while the leader is killed", func(t *testing.T) { benchmarkOutlives(t, nodes) })
	for _, m := range modes {
		t.Run(m.tool+" "+m.args, func(t *testing.T) {
			runMode(t, nodes[0], m)
			page.addMode(m)
		})
	}
	for _, b := range bursts {
		t.Run(b.client, func(t *testing.T) { page.addBurst(b.client, answerBurst(t, nodes[0], b.file)) })
	}
	t.Run("clients of clusters", func(t *testing.T) { refuseClusters(t, nodes) })
	if !t.Failed() {
		page.compare(t)
	}
}

// A bout is one client's run, and what happens to the nodes meanwhile.
type bout struct {
	t                  *testing.T
	leading, near, far *node // the client is connected to near
	below              string
	verdicts           chan verdict
	ended              chan struct{}
	said               map[string]string
}

// contest has a client show its abilities, which all have to be there. The leader is killed at first, and then the
// node that the client is connected to, which leads now, as a rule.
func contest(t *testing.T, nodes []*node, c contestant) {
	at := leader(t, nodes)
	b := &bout{
		t: t, leading: nodes[at], near: nodes[(at+1)%3], far: nodes[(at+2)%3],
		below:    "matrix/" + strings.ReplaceAll(c.name, " ", "-"),
		verdicts: make(chan verdict, 2*len(abilities)), ended: make(chan struct{}), said: map[string]string{},
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	go func() {
		defer close(b.ended)
		defer close(b.verdicts)
		c.run(ctx, trial{b.below, []string{b.near.resp, b.far.resp, b.leading.resp}, func(v verdict) { b.verdicts <- v }})
	}()
	b.judge(<-b.verdicts)
	b.leading.kill()
	b.tellStruck()
	b.leading.start()
	b.leading.eventually("it takes part", b.leading.takesPart)
	b.far.eventually("the client counts for the last time", func() bool { return b.hasEnded() || b.counted() >= 20 })
	b.near.kill()
	for v := range b.verdicts {
		b.judge(v)
	}
	b.near.start()
	b.near.eventually("it takes part", b.near.takesPart)
	b.compare(c)
}

func (b *bout) judge(v verdict) {
	b.said[v.ability] = v.text
	if !v.ok() {
		b.t.Errorf("%s: %s", v.ability, v.text)
	}
}

// tellStruck tells the client that the leader was killed. The node holds this until there is another one.
func (b *bout) tellStruck() {
	c := b.near.client()
	defer c.Close()
	if err := c.Set(b.t.Context(), b.below+"/struck", "yes", 0).Err(); err != nil {
		b.t.Error(err)
	}
}

func (b *bout) hasEnded() bool {
	select {
	case <-b.ended:
		return true
	default:
		return false
	}
}

// counted returns how far the client has counted for the last time.
func (b *bout) counted() int64 {
	c := b.far.client()
	defer c.Close()
	n, err := c.Get(b.t.Context(), b.below+"/again").Int64()
	if err != nil && !errors.Is(err, redis.Nil) {
		b.t.Error(err)
	}
	return n
}

// compare compares what the client has said with what it has and with what is there.
func (b *bout) compare(c contestant) {
	for _, a := range abilities {
		if _, lacks := c.lacks[a]; lacks == (b.said[a] != "") {
			b.t.Errorf("%s: it lacks it: %v, and says %q", a, lacks, b.said[a])
		}
	}
	var acknowledged, doubtful int64
	if _, err := fmt.Sscanf(b.said["reconnect"], "ok %d acknowledged, %d in doubt", &acknowledged, &doubtful); err != nil {
		return // it has said why
	}
	if total := b.counted(); total < acknowledged || total > acknowledged+doubtful {
		b.t.Errorf("counted to %d: %s", total, b.said["reconnect"])
	}
}
