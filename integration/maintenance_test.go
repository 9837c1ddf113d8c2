package integration

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// crowd are clients that write and read without a pause, as an application's do.
type crowd struct {
	clients []*redis.Client
	done    []atomic.Int64 // by client: how often it has written and read
	end     context.CancelFunc
	all     sync.WaitGroup
}

// gather starts clients of a node, with go-redis's defaults. An error that one of them sees fails the test.
func gather(t *testing.T, n *node, clients int) *crowd {
	t.Helper()
	ctx, end := context.WithCancel(context.Background())
	c := &crowd{done: make([]atomic.Int64, clients), end: end}
	t.Cleanup(c.leave)
	for i := range clients {
		client := redis.NewClient(&redis.Options{Addr: n.resp})
		c.clients = append(c.clients, client)
		c.all.Go(func() {
			for j := 0; ctx.Err() == nil; j++ {
				key := fmt.Sprintf("crowd/%d", i)
				if err := client.Set(context.Background(), key, j, 0).Err(); err != nil {
					t.Errorf("client %d: SET %d: %v", i, j, err)
					return
				}
				if _, err := client.Get(context.Background(), key).Result(); err != nil {
					t.Errorf("client %d: GET %d: %v", i, j, err)
					return
				}
				c.done[i].Add(1)
			}
		})
	}
	return c
}

// leave ends the clients.
func (c *crowd) leave() {
	c.end()
	c.all.Wait()
	for _, client := range c.clients {
		_ = client.Close()
	}
}

// goOn waits until each client has done more.
func (c *crowd) goOn(t *testing.T, n *node, times int64) {
	t.Helper()
	before := make([]int64, len(c.done))
	for i := range c.done {
		before[i] = c.done[i].Load()
	}
	n.eventually("the clients go on", func() bool {
		if t.Failed() {
			t.FailNow()
		}
		for i := range c.done {
			if c.done[i].Load() < before[i]+times {
				return false
			}
		}
		return true
	})
}

// Clients of go-redis, as it is by default, notice nothing when the node that they talk to is stopped, whether
// it leads or not: they are told where to go, and are there before it is gone.
func TestClientsMoveBeforeTheirNodeStops(t *testing.T) {
	nodes := three(t)
	at := leader(t, nodes)
	here := nodes[(at+1)%3] // a follower, whose clients are sent to the leader
	c := gather(t, here, 32)
	for _, here := range []*node{here, nodes[at]} {
		c.goOn(t, here, 20)
		if err := here.cmd.Process.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		if code := here.awaitEnd(); code != 0 {
			t.Fatalf("it ended with %d", code)
		}
		c.goOn(t, nodes[(at+2)%3], 20)
		for i, client := range c.clients {
			if now := client.Do(t.Context(), "CLIENT", "INFO").String(); strings.Contains(now, "laddr="+here.resp) {
				t.Errorf("client %d is still there: %s", i, now)
			}
		}
		here.start()
		here.eventually("it takes part again", here.takesPart)
	}
}

// A client that asked is told when the leader has died, and when there is another one.
func TestAClientIsToldOfAnElection(t *testing.T) {
	nodes := three(t)
	at := leader(t, nodes)
	conn, err := net.Dial("tcp", nodes[(at+1)%3].resp)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(conn, "HELLO 3\r\nCLIENT MAINT_NOTIFICATIONS ON moving-endpoint-type none\r\n"); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(conn)
	next := func() string {
		if !lines.Scan() {
			t.Fatalf("nothing more is said: %v", lines.Err())
		}
		return lines.Text()
	}
	number := func() (n int) {
		n, err := strconv.Atoi(strings.TrimPrefix(next(), ":"))
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	await := func(line string) {
		for next() != line {
		}
	}
	await("+OK")
	nodes[at].end(os.Kill)
	await("FAILING_OVER")
	lost, seconds := number(), number()
	await("FAILED_OVER")
	if found := number(); found <= lost || seconds != 60 {
		t.Errorf("lost: number %d, for up to %d seconds; found: number %d", lost, seconds, found)
	}
}
