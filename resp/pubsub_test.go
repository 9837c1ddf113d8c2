package resp_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"confman/resp"
)

// A talker sends lines and returns all that the server says by the time that it has answered them,
// and has sent what was to be sent behind that.
type talker struct {
	conn  net.Conn
	r     *bufio.Reader
	pings int
}

func talk(t *testing.T, addr string) *talker {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(30 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return &talker{conn: conn, r: bufio.NewReader(conn)}
}

// say returns what is said, one line for each, without the answers to its own PINGs.
func (c *talker) say(t *testing.T, line string) string {
	t.Helper()
	said := c.until(t, line)
	return said + c.until(t, "") // what comes behind the answer to a PING comes before that to the next
}

func (c *talker) until(t *testing.T, line string) string {
	t.Helper()
	c.pings++
	end := fmt.Sprintf("ping-%d", c.pings)
	if line != "" {
		line += "\r\n"
	}
	if _, err := io.WriteString(c.conn, line+"PING "+end+"\r\n"); err != nil {
		t.Fatal(err)
	}
	var said strings.Builder
	for {
		part, err := c.r.ReadString('\n')
		if err != nil {
			t.Fatalf("%v behind %q", err, said.String())
		}
		if part = strings.TrimSpace(part); part == end {
			break
		}
		said.WriteString(part + " ")
	}
	frame := fmt.Sprintf("$%d ", len(end))
	rest := strings.TrimSuffix(said.String(), frame)
	return strings.TrimSuffix(rest, "*2 $4 pong ")
}

// conversations are what clients say in turn, and what each step is followed by at others.
var conversations = map[string][]string{
	"messages reach channels, then patterns": {
		"a: SUBSCRIBE news", "a: PSUBSCRIBE n*", "b: SUBSCRIBE weather news", "c: PUBLISH news hello", "a:", "b:",
		"a: UNSUBSCRIBE news", "c: PUBLISH news again", "a:", "b:", "b: UNSUBSCRIBE news weather", "a: PUNSUBSCRIBE", "c: PUBLISH news nobody", "a:", "b:",
	},
	"shards are for themselves": {
		"a: SSUBSCRIBE s", "b: SUBSCRIBE s", "c: SPUBLISH s one", "a:", "b:", "c: PUBLISH s two", "a:", "b:", "a: SUNSUBSCRIBE", "c: SPUBLISH s three", "a:",
	},
	"subscribers of RESP2 can do little else": {
		"a: SUBSCRIBE news", "a: GET k", "a: CONFIG GET maxclients", "a: PUBLISH news x", "a: PUBSUB NUMPAT", "a: PING", "a: PSUBSCRIBE p",
		"a: PUNSUBSCRIBE", "a: NOTHING", "a: UNSUBSCRIBE", "a: GET k2",
	},
	"subscribers of RESP3 go on": {
		"a: HELLO 3", "a: SUBSCRIBE news", "a: GET k", "a: SET k v", "a: GET k", "a: PING", "a: PING text", "b: PUBLISH news hello", "a:", "a: UNSUBSCRIBE", "a: UNSUBSCRIBE",
	},
	"a transaction subscribes and publishes": {
		"b: SUBSCRIBE news", "a: MULTI | PUBLISH news one | SET k v | PUBLISH news two | EXEC", "b:",
		"a: MULTI | SSUBSCRIBE x | EXEC", "a: MULTI | SUBSCRIBE x y | EXEC", "c: PUBLISH y z", "a:",
	},
	"nothing said is binary-safe": {
		`a: SUBSCRIBE "a b"`, `b: PUBLISH "a b" ""`, "a:", `b: PUBLISH "a b" "x y\x00z"`, "a:",
	},
	"anybody may look": {
		"a: SUBSCRIBE news", "a: PSUBSCRIBE w*", "a: SSUBSCRIBE news", "b: PUBSUB CHANNELS", "b: PUBSUB CHANNELS n[aeiou]*", "b: PUBSUB CHANNELS x*", "b: PUBSUB NUMPAT",
		"b: PUBSUB NUMSUB news w*", "b: PUBSUB SHARDCHANNELS n*", "b: PUBSUB SHARDCHANNELS x", "b: PUBSUB SHARDNUMSUB news",
	},
	"who leaves is forgotten": {
		"a: SUBSCRIBE news", "b: PUBLISH news 1", "a:", "a: RESET", "b: PUBLISH news 2", "a:", "b: PUBSUB NUMSUB news",
	},
}

// What subscribers are sent, and when, is what Redis sends them, to the byte.
func TestSubscribersHearWhatRedisSays(t *testing.T) {
	addr := redis(t)
	for name, steps := range conversations {
		t.Run(name, func(t *testing.T) { converse(t, steps, serve(t, &resp.Server{}), addr) })
	}
}

// Each subscriber gets what each publisher says in its order, however many there are, and when all
// are gone nobody is subscribed any more.
func TestManyPublishers(t *testing.T) {
	const publishers, subscribers, messages = 4, 8, 500
	addr := serve(t, &resp.Server{})
	var all sync.WaitGroup
	ready := make(chan struct{}, subscribers)
	for i := range subscribers {
		c := talk(t, addr)
		line := "SUBSCRIBE news"
		if i%2 == 1 {
			line = "PSUBSCRIBE n*s"
		}
		c.until(t, line)
		ready <- struct{}{}
		all.Go(func() {
			defer c.conn.Close()
			var next [publishers]int
			for got := 0; got < publishers*messages; {
				part, err := c.r.ReadString('\n')
				if err != nil {
					t.Error(err)
					return
				}
				var from, n int
				if _, err := fmt.Sscanf(part, "%d:%d", &from, &n); err != nil {
					continue
				}
				if n != next[from] {
					t.Errorf("message %d of publisher %d, want %d", n, from, next[from])
					return
				}
				next[from]++
				got++
			}
		})
	}
	for from := range publishers {
		all.Go(func() {
			c := talk(t, addr)
			for n := range messages {
				c.until(t, fmt.Sprintf("PUBLISH news %d:%d", from, n))
			}
		})
	}
	all.Wait()
	look := dial(t, addr)
	eventually(t, func() bool {
		return do(t, look, "PUBSUB NUMSUB news") == "1) \"news\"\n2) (integer) 0" && do(t, look, "PUBSUB NUMPAT") == "(integer) 0"
	})
}

// A subscriber that does not read is cut off, and holds up neither publishers nor other subscribers.
func TestASubscriberThatDoesNotRead(t *testing.T) {
	addr := serve(t, &resp.Server{})
	deaf, reader, publisher := talk(t, addr), talk(t, addr), talk(t, addr)
	deaf.until(t, "SUBSCRIBE news")
	reader.until(t, "SUBSCRIBE news")
	go func() { _, _ = io.Copy(io.Discard, reader.r) }() // ends with the connection
	message := strings.Repeat("x", 60_000)
	for range 2000 { // 120 MB
		if publisher.until(t, "PUBLISH news "+message) == ":1 " {
			return // the other one alone gets it
		}
	}
	t.Error("it is still subscribed")
}

// What one client may have the node remember is bounded.
func TestSubscriptionsAreBounded(t *testing.T) {
	c := talk(t, serve(t, &resp.Server{}))
	c.until(t, "HELLO 3")
	many := func(command string, n int) string {
		var names strings.Builder
		for i := range n {
			fmt.Fprintf(&names, " %d", i)
		}
		return c.until(t, command+names.String())
	}
	if got := many("PSUBSCRIBE", 1024); strings.Count(got, "psubscribe") != 1024 {
		t.Errorf("%.80q", got)
	}
	if got := c.until(t, "PSUBSCRIBE x"); !strings.Contains(got, "too many subscriptions") {
		t.Errorf("%.80q", got)
	}
	if got := c.until(t, "SUBSCRIBE "+strings.Repeat("x", 2049)); !strings.Contains(got, "channel is over 2048 bytes") {
		t.Errorf("%.80q", got)
	}
	if got := c.until(t, "SUBSCRIBE "+strings.Repeat("x", 2048)); !strings.Contains(got, ">3 $9 subscribe") {
		t.Errorf("%.80q", got)
	}
}

// No message reaches a client of RESP2 that is not subscribed any more: it would be taken for a reply.
func TestNoMessageBehindTheEnd(t *testing.T) {
	for _, end := range []string{"UNSUBSCRIBE news", "RESET"} {
		addr := serve(t, &resp.Server{})
		c := talk(t, addr)
		var all sync.WaitGroup
		done := make(chan struct{})
		publisher, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		all.Go(func() { _, _ = io.Copy(io.Discard, publisher) })
		all.Go(func() {
			defer publisher.Close()
			for {
				select {
				case <-done:
					return
				default:
					_, _ = io.WriteString(publisher, "PUBLISH news hello\r\n")
				}
			}
		})
		for i := range 2000 {
			token := fmt.Sprintf("token-%d", i)
			if _, err := fmt.Fprintf(c.conn, "SUBSCRIBE news\r\n%s\r\nECHO %s\r\n", end, token); err != nil {
				t.Fatal(err)
			}
			var said []string
			for len(said) == 0 || said[len(said)-1] != token {
				line, err := c.r.ReadString('\n')
				if err != nil {
					t.Fatal(err)
				}
				said = append(said, strings.TrimSpace(line))
			}
			heard := strings.Join(said, " ")
			closing := "unsubscribe $4 news :0 "
			if end == "RESET" {
				closing = "+RESET "
			}
			if _, behind, _ := strings.Cut(heard, closing); !strings.HasPrefix(heard, "*3 $9 subscribe") || behind != fmt.Sprintf("$%d %s", len(token), token) {
				t.Errorf("%s: %s", end, heard)
				break
			}
		}
		close(done)
		all.Wait()
	}
}

// A subscriber that says nothing is there to listen, and not idle.
func TestASubscriberIsNotIdle(t *testing.T) {
	addr := serve(t, &resp.Server{IdleTime: time.Second})
	listener, idle := talk(t, addr), talk(t, addr)
	listener.until(t, "SUBSCRIBE news")
	idle.until(t, "")
	if _, err := idle.r.ReadByte(); err != io.EOF { // it was there as long
		t.Fatal(err)
	}
	idle = talk(t, addr)
	if _, err := idle.r.ReadByte(); err != io.EOF { // surely longer than the listener has been silent
		t.Fatal(err)
	}
	if got := listener.until(t, ""); got != "" {
		t.Errorf("%q", got)
	}
}
