package resp

import (
	"bufio"
	"io"
	"log/slog"
	"net"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// listening returns a client's end of a connection that is served without commands, and the
// server's.
func listening(t *testing.T) (client net.Conn, c *conn) {
	t.Helper()
	client, server := net.Pipe()
	return client, listeningOver(t, client, server)
}

// listeningTCP does so over TCP, where couriers come.
func listeningTCP(t testing.TB) (client net.Conn, c *conn) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	client, err = net.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	server, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	return client, listeningOver(t, client, server)
}

func listeningOver(t testing.TB, client, server net.Conn) *conn {
	s := &Server{Log: slog.New(slog.DiscardHandler), WriteTime: time.Minute}
	s.init()
	c := newConn(s, server, 1)
	c.session.protocol = 3
	c.listen()
	t.Cleanup(func() {
		_ = client.Close()
		_ = c.guard.Close()
		c.stopListening()
		s.couriers.workers.Wait()
	})
	return c
}

// A message that comes while commands are answered is sent behind their replies, and one that comes
// to an idle client at once.
func TestMessagesGoBehindReplies(t *testing.T) {
	t.Run("by its own goroutine", func(t *testing.T) { messagesGoBehindReplies(t, listening) })
	t.Run("by couriers", func(t *testing.T) {
		messagesGoBehindReplies(t, func(t *testing.T) (net.Conn, *conn) { return listeningTCP(t) })
	})
}

func messagesGoBehindReplies(t *testing.T, listening func(*testing.T) (net.Conn, *conn)) {
	client, c := listening(t)
	c.turn.Lock()
	c.post(Push{"invalidate"})
	c.server.couriers.workers.Wait() // it has come, and it was not its turn
	for len(c.mail.ready) > 0 {      // until whoever sends messages knows of it
		runtime.Gosched()
	}
	c.reply(Status("old"), 3)
	c.turn.Unlock()
	lines := bufio.NewReader(client)
	for i, want := range strings.Fields("+old >1 $10 invalidate >1 $5 later") {
		if got, err := lines.ReadString('\n'); err != nil || strings.TrimSpace(got) != want {
			t.Fatalf("%q, %v; want %q", got, err, want)
		}
		if i == 3 {
			c.post(Push{"later"})
		}
	}
}

// A client that does not take its messages loses its connection, at once when there are far too many
// and after a while when there are too many. Nobody waits for it.
func TestAClientThatDoesNotTakeItsMessages(t *testing.T) {
	for name, story := range map[string]func(c *conn, message Push){
		"far too many": func(c *conn, message Push) {
			for range hardMail>>20 + 2 {
				c.post(message)
			}
		},
		"too many for too long": func(c *conn, message Push) {
			for range softMail>>20 + 2 {
				c.post(message)
			}
			time.Sleep(softTime + time.Second) // it is the bubble's time
			c.post(message)
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				client, c := listening(t)
				c.server.WriteTime = time.Hour
				story(c, Push{strings.Repeat("x", 1<<20)})
				if n := c.server.counts.overruns.Load(); n != 1 {
					t.Errorf("cut off %d times", n)
				}
				if bytes, messages := c.mail.waiting(); bytes != 0 || messages != 0 {
					t.Errorf("%d bytes in %d messages still wait", bytes, messages)
				}
				if _, err := io.Copy(io.Discard, client); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

// A client that takes what it is sent keeps its connection, however much that is.
func TestAClientThatTakesItsMessages(t *testing.T) {
	client, c := listening(t)
	message := Push{strings.Repeat("x", 1<<20)}
	taken := make([]byte, len(appendReply(nil, message, 3)))
	for range 3 * hardMail >> 20 {
		c.post(message)
		if _, err := io.ReadFull(client, taken); err != nil {
			t.Fatal(err)
		}
	}
	if n := c.server.counts.overruns.Load(); n != 0 {
		t.Errorf("cut off %d times", n)
	}
}
