package packages

import (
	"context"
	"fmt"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/redis/go-redis/v9"
)

// Three machines are upgraded one after the other, and no client of any of them sees an error.
func TestClusterUpgradedOneByOne(t *testing.T) {
	t.Parallel()
	var machines []*machine
	var addrs []string
	token := ""
	for i := range 3 {
		m := newMachine(t, fmt.Sprintf("cluster%d", i+1))
		m.shares = true // so that clients here reach it
		resp, raft, http := freeAddr(t), freeAddr(t), freeAddr(t)
		m.write("etc/confman/environment", fmt.Sprintf("CONFMAN_RESP_ADDR=%s\nCONFMAN_RAFT_ADDR=%s\nCONFMAN_HTTP_ADDR=%s\nCONFMAN_JOIN=%s\n", resp, raft, http, token))
		m.boot()
		m.run("dpkg -i /root/v1.0.0.deb")
		m.inCluster(resp, "v1.0.0", i+1)
		token = m.run("confman token --addr " + resp)
		machines, addrs = append(machines, m), append(addrs, resp)
	}
	c := gather(t, addrs)
	for i, m := range machines {
		c.goesOn(m)
		t.Log(m.run("dpkg -i /root/v1.1.0.deb"))
		m.inCluster(addrs[i], "v1.1.0", 3)
	}
	c.goesOn(machines[0])
	c.end()
}

// inCluster waits until a machine's node is of a version, and knows as many nodes, all of which are well.
func (m *machine) inCluster(resp, version string, nodes int) {
	m.t.Helper()
	m.until(fmt.Sprintf("%s runs among %d nodes", version, nodes), func() bool {
		facts, _ := m.try("confman version && confman status --addr " + resp)
		return strings.Contains(facts, "confman "+version) && strings.Count(facts, "  green  ") == nodes && strings.Contains(facts, " leader ") &&
			m.node(resp, "confman_version") == version
	})
}

// node returns what a node tells of itself.
func (m *machine) node(resp, fact string) string {
	client := redis.NewClient(&redis.Options{Addr: resp, Protocol: 2})
	defer client.Close()
	for line := range strings.Lines(client.Info(context.Background(), "confman").Val()) {
		if value, found := strings.CutPrefix(strings.TrimSpace(line), fact+":"); found {
			return value
		}
	}
	return ""
}

func freeAddr(t *testing.T) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	return ln.Addr().String()
}

// clientsOfANode is how many clients each node has.
const clientsOfANode = 4

// A crowd is clients of go-redis as it is by default, which write and read without a pause.
type crowd struct {
	t    *testing.T
	done []atomic.Int64 // by client: how often it has written and read
	end  func()
}

func gather(t *testing.T, addrs []string) *crowd {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	var all sync.WaitGroup
	c := &crowd{t: t, done: make([]atomic.Int64, clientsOfANode*len(addrs)), end: func() { cancel(); all.Wait() }}
	t.Cleanup(c.end)
	for i := range c.done {
		client := redis.NewClient(&redis.Options{Addr: addrs[i%len(addrs)]})
		all.Go(func() {
			defer client.Close()
			for n := 0; ctx.Err() == nil; n++ {
				name := fmt.Sprintf("crowd/%d", i)
				if err := client.Set(context.Background(), name, n, 0).Err(); err != nil {
					t.Errorf("client %d of %s: SET: %v", i, addrs[i%len(addrs)], err)
					return
				}
				if got, err := client.Get(context.Background(), name).Int(); err != nil || got > n {
					t.Errorf("client %d of %s: GET: %d %v", i, addrs[i%len(addrs)], got, err)
					return
				}
				c.done[i].Add(1)
			}
		})
	}
	return c
}

// goesOn waits until every client has done more.
func (c *crowd) goesOn(m *machine) {
	c.t.Helper()
	before := make([]int64, len(c.done))
	for i := range c.done {
		before[i] = c.done[i].Load()
	}
	m.until("all clients go on", func() bool {
		if c.t.Failed() {
			c.t.FailNow()
		}
		for i := range c.done {
			if c.done[i].Load() < before[i]+20 {
				return false
			}
		}
		return true
	})
}
