//go:build linux

package resp

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// resting starts a server with one client, whose connection rests after it has read.
func resting(t *testing.T) (s *Server, c *laneClient, one *conn, stop func()) {
	t.Helper()
	s = &Server{}
	addr, stop := laneServer(t, s)
	c = laneDial(t, addr)
	c.ask(t, "SET", "a/b", "1")
	one = s.only(t)
	c.untilRests(t, one)
	return s, c, one, stop
}

// untilRests has a client read until its connection rests.
func (c *laneClient) untilRests(t *testing.T, one *conn) {
	t.Helper()
	for range 2 * calm {
		if got := c.ask(t, "GET", "a/b"); got != "1" {
			t.Fatal(got)
		}
	}
	laneHolds(t, "the connection rests", one.resting.Load)
}

// Who says nothing for a while rests, whatever it has said before, and is answered when it speaks again; who listens, or has
// begun a transaction, stays awake for what comes.
func TestWhoIsSilentRests(t *testing.T) {
	for _, c := range []struct {
		first []string // what the client sends before it falls silent
		rests bool
	}{
		{[]string{"PING"}, true},
		{[]string{"SET", "a/b", "1"}, true},
		{[]string{"CLIENT", "SETNAME", "x"}, true},
		{[]string{"HELLO", "3"}, true},
		{[]string{"MULTI"}, false},
		{[]string{"SUBSCRIBE", "x"}, false},
	} {
		t.Run(fmt.Sprint(c.first), func(t *testing.T) {
			s := &Server{doze: 20 * time.Millisecond}
			addr, _ := laneServer(t, s)
			client := laneDial(t, addr)
			client.ask(t, c.first...)
			one := s.only(t)
			if !c.rests {
				laneHolds(t, "it has tried", one.awake.Load)
				if one.resting.Load() {
					t.Error("it rests")
				}
				return
			}
			for range 3 {
				laneHolds(t, "it rests", one.resting.Load)
				if got := client.ask(t, "PING"); got != Status("PONG") {
					t.Errorf("PING answers %v", got)
				}
			}
			laneHolds(t, "it rests", one.resting.Load)
			time.AfterFunc(2*s.doze, func() { _ = client.Close() }) // when it has been silent for longer than it takes to doze off
			s.keeps(t, 0)
		})
	}
}

// ends checks that the client is hung up on, and that nothing is left of its connection.
func (c *laneClient) ends(t *testing.T, s *Server) {
	t.Helper()
	if n, err := c.r.ReadByte(); !errors.Is(err, io.EOF) && !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("%q, %v instead of the end", n, err)
	}
	s.keeps(t, 0)
}

// keeps waits until so many connections are left, and checks that the loops know that.
func (s *Server) keeps(t *testing.T, n int) {
	t.Helper()
	s.leaves(t, n)
	for _, l := range s.loops {
		laneHolds(t, "no loop has them", func() bool {
			l.mu.Lock()
			defer l.mu.Unlock()
			return len(l.resting) <= n
		})
	}
}

func TestWhoReadsRests(t *testing.T) {
	s, c, one, _ := resting(t)
	for range 3 {
		c.ask(t, "SET", "a/c", "2") // not the lane's
		c.untilRests(t, one)
	}
	c.send(t, "*2\r\n$3\r\nGE") // half a command
	laneHolds(t, "the connection has a goroutine again", func() bool { return !one.resting.Load() })
	c.send(t, "T\r\n$3\r\na/b\r\n*2\r\n$3\r\nGET\r\n$3\r\na/c\r\n")
	if got := []Reply{c.hear(t), c.hear(t)}; got[0] != "1" || got[1] != "2" {
		t.Errorf("a command in two pieces, and one behind it: %q", got)
	}
	c.untilRests(t, one)
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	s.keeps(t, 0)
}

func TestWhoRestsEnds(t *testing.T) {
	for what, end := range map[string]func(t *testing.T, s *Server, c *laneClient, one *conn, stop func()){
		"CLIENT KILL": func(t *testing.T, s *Server, _ *laneClient, one *conn, _ func()) {
			other := laneDial(t, s.addr)
			if got := other.ask(t, "CLIENT", "KILL", "ID", fmt.Sprint(one.session.id)); got != int64(1) {
				t.Error(got)
			}
			s.keeps(t, 1)
			_ = other.Close()
		},
		"a timeout": func(t *testing.T, s *Server, _ *laneClient, one *conn, _ func()) {
			s.live.timeout.Store(1)
			s.reconsider()
			laneHolds(t, "the connection has a goroutine again", func() bool { return !one.resting.Load() })
		},
		"a timeout that it has rested for already": func(_ *testing.T, s *Server, _ *laneClient, one *conn, _ func()) {
			one.turn.Lock()
			one.guard.rested = time.Now().Add(-time.Hour)
			one.turn.Unlock()
			s.live.timeout.Store(60)
			s.reconsider()
		},
		"the server's end":  func(_ *testing.T, _ *Server, _ *laneClient, _ *conn, stop func()) { stop() },
		"the client's end":  func(_ *testing.T, _ *Server, c *laneClient, _ *conn, _ func()) { _ = c.CloseWrite() },
		"a broken protocol": func(t *testing.T, _ *Server, c *laneClient, _ *conn, _ func()) { c.send(t, "QUIT\r\n"); c.hear(t) },
		"half a command": func(t *testing.T, _ *Server, c *laneClient, _ *conn, _ func()) {
			c.send(t, "*2\r\n$3\r\nG")
			_ = c.CloseWrite()
		},
		"mail, not taken":   func(_ *testing.T, _ *Server, _ *laneClient, one *conn, _ func()) { one.cut() },
		"hanging up on all": func(_ *testing.T, s *Server, _ *laneClient, _ *conn, _ func()) { s.hangUp() },
		"its client's reset": func(t *testing.T, s *Server, c *laneClient, _ *conn, _ func()) {
			_ = c.SetLinger(0)
			_ = c.Close()
			s.keeps(t, 0)
		},
	} {
		t.Run(what, func(t *testing.T) {
			s, c, one, stop := resting(t)
			end(t, s, c, one, stop)
			if what != "its client's reset" {
				c.ends(t, s)
			}
		})
	}
}

// heldBack is a listener whose clients are not accepted before the test says so.
type heldBack struct {
	net.Listener
	free chan struct{}
}

func (h heldBack) Accept() (net.Conn, error) {
	<-h.free
	return h.Listener.Accept()
}

// A client's last commands and its end may come together: then the end is all that is left to notice, and nothing more comes.
func TestTheEndRightBehindACommandIsNoticed(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{Node: newLaneNode(false), AuditTime: time.Hour}
	ctx, cancel := context.WithCancel(context.Background())
	held, ended := heldBack{ln, make(chan struct{})}, make(chan error, 1)
	go func() { ended <- s.Serve(ctx, held) }()
	defer func() { close(held.free); cancel(); <-ended }()
	first := laneDial(t, ln.Addr().String())
	held.free <- struct{}{}
	first.ask(t, "SET", "a/b", "1")
	for range 50 {
		c := laneDial(t, ln.Addr().String())
		c.send(t, laneEncode("GET", "a/b"))
		if err := c.CloseWrite(); err != nil {
			t.Fatal(err)
		}
		held.free <- struct{}{}
		if all, err := io.ReadAll(c.r); err != nil || string(all) != "$1\r\n1\r\n" {
			t.Fatalf("%q, %v", all, err)
		}
	}
	s.keeps(t, 1)
}

// A client that does not read is answered as it takes it, by a goroutine of its own: the loop does not wait.
func TestALoopDoesNotWaitForWhoDoesNotRead(t *testing.T) {
	_, c, one, _ := resting(t)
	value := strings.Repeat("v", flushAt/2)
	c.ask(t, "SET", "a/large", value)
	c.untilRests(t, one)
	const n = 1000
	sent := make(chan error, 1)
	go func() {
		for range n {
			if _, err := io.WriteString(c, laneEncode("GET", "a/large")); err != nil {
				sent <- err
				return
			}
		}
		sent <- nil
	}()
	laneHolds(t, "the client is waited for", func() bool { return one.sending.Load() > 0 })
	if one.resting.Load() {
		t.Error("it rests while it is being sent something")
	}
	for i := range n {
		if got := c.hear(t); got != value {
			t.Fatalf("reply %d has %d bytes", i, len(got.(string)))
		}
	}
	if err := <-sent; err != nil {
		t.Fatal(err)
	}
	c.untilRests(t, one)
}

// Whoever is sent what others read rests too, and nothing of the messages and the replies is lost or mixed up.
func TestMessagesComeToWhoRests(t *testing.T) {
	s, c, one, _ := resting(t)
	c.ask(t, "HELLO", "3")
	c.untilRests(t, one)
	other := laneDial(t, s.addr)
	if got := other.ask(t, "CLIENT", "TRACKING", "ON", "BCAST", "REDIRECT", fmt.Sprint(one.session.id)); got != Status("OK") {
		t.Fatal(got)
	}
	const n = 500
	var reading sync.WaitGroup
	reading.Go(func() {
		for i := range n {
			other.ask(t, "SET", fmt.Sprint("t/", i), "1")
		}
	})
	told := map[string]bool{}
	for replies := 0; replies < n; {
		c.send(t, laneEncode("GET", "a/b"))
		for heard := false; !heard; {
			switch r := c.hear(t).(type) {
			case Push:
				for _, name := range r[1].([]Reply) {
					told[name.(string)] = true
				}
			default:
				if heard = true; r != "1" {
					t.Fatalf("%q", r)
				}
				replies++
			}
		}
	}
	reading.Wait()
	for len(told) < n {
		for _, name := range c.hear(t).(Push)[1].([]Reply) {
			told[name.(string)] = true
		}
	}
}

// Whoever is hung up on while it rests is forgotten, with all that was done for it.
func TestWhoEndsAtRestIsForgotten(t *testing.T) {
	s, c, one, _ := resting(t)
	c.ask(t, "HELLO", "3")
	c.ask(t, "CLIENT", "TRACKING", "ON")
	c.ask(t, "GET", "a/b")
	c.ask(t, "SUBSCRIBE", "news")
	if one.resting.Load() {
		t.Error("it rests while it listens")
	}
	one.kill()
	s.keeps(t, 0)
	if names, _, _ := s.tracker.sizes(); names != 0 {
		t.Errorf("%d names are tracked", names)
	}
	if got := s.hub.publish("news", "x"); got != int64(0) {
		t.Errorf("%v subscribers", got)
	}
}

// However often who rests is stirred, it is served by one at a time, and its loop knows where it is.
func TestStirredAgainAndAgain(t *testing.T) {
	s, c, one, _ := resting(t)
	for range 2000 {
		var stirring sync.WaitGroup
		for range 3 {
			stirring.Go(one.stir)
		}
		if got := c.ask(t, "GET", "a/b"); got != "1" {
			t.Fatal(got)
		}
		stirring.Wait()
	}
	c.untilRests(t, one)
	_ = c.Close()
	s.keeps(t, 0)
}

// Many come, read, and go, or are hung up on, all at once: in the end none is left, and no goroutine.
func TestManyComeAndGo(t *testing.T) {
	s := &Server{}
	addr, stop := laneServer(t, s)
	admin := laneDial(t, addr)
	admin.ask(t, "SET", "a/b", "1")
	const crowd, each = 20, 50
	var coming sync.WaitGroup
	for i := range crowd {
		coming.Go(func() {
			for j := range each {
				comeAndGo(t, addr, i+j)
			}
		})
	}
	gone := make(chan struct{})
	go func() { coming.Wait(); close(gone) }()
	for more := true; more; {
		select {
		case <-gone:
			more = false
		default:
			s.mu.Lock()
			ids := make([]int64, 0, len(s.conns))
			for c := range s.conns {
				ids = append(ids, c.session.id)
			}
			s.mu.Unlock()
			for _, id := range ids {
				if id%7 == 0 {
					admin.ask(t, "CLIENT", "KILL", "ID", fmt.Sprint(id))
				}
			}
			runtime.Gosched()
		}
	}
	s.keeps(t, 1)
	stop()
	s.keeps(t, 0)
	laneHolds(t, "no goroutine is left", func() bool {
		stacks := make([]byte, 1<<20)
		left := string(stacks[:runtime.Stack(stacks, true)])
		return !strings.Contains(left, "resp.(*loop)") && !strings.Contains(left, "resp.(*Server)") && !strings.Contains(left, "resp.(*conn)")
	})
}

// comeAndGo connects, reads some, and goes in one way or another. It may be hung up on any time.
func comeAndGo(t *testing.T, addr string, way int) {
	nc, err := net.Dial("tcp", addr)
	if err != nil {
		t.Error(err)
		return
	}
	defer nc.Close()
	if err := nc.SetDeadline(time.Now().Add(30 * time.Second)); err != nil {
		t.Error(err)
		return
	}
	get, want := laneEncode("GET", "a/b"), "$1\r\n1\r\n"
	for range way % 12 {
		got := make([]byte, len(want))
		if _, err := io.WriteString(nc, get); err != nil {
			return // it was killed
		}
		if _, err := io.ReadFull(nc, got); err != nil {
			if errors.Is(err, os.ErrDeadlineExceeded) {
				t.Error("no answer, and no end")
			}
			return
		}
		if string(got) != want {
			t.Errorf("%q", got)
		}
	}
	switch way % 4 {
	case 1:
		_, _ = io.WriteString(nc, get) // it was killed, or it was not
		_ = nc.(*net.TCPConn).CloseWrite()
		if _, err := io.ReadAll(nc); errors.Is(err, os.ErrDeadlineExceeded) {
			t.Error("no end")
		}
	case 2:
		_ = nc.(*net.TCPConn).SetLinger(0)
	case 3:
		_, _ = io.WriteString(nc, get[:way%len(get)])
	}
}

// All end with the server, resting or not.
func TestTheServerEndsWithManyThatRest(t *testing.T) {
	s := &Server{}
	addr, stop := laneServer(t, s)
	var all []*laneClient
	for range 100 {
		c := laneDial(t, addr)
		c.send(t, laneEncode("GET", "a/b"))
		all = append(all, c)
	}
	stop()
	for _, c := range all {
		_, _ = io.ReadAll(c.r) // answered or not: it ends
	}
	s.keeps(t, 0)
}

// Who is roused before its loop knows of it stays out of the loop.
func TestALoopTakesNobodyWhoIsServed(t *testing.T) {
	_, c, one, _ := resting(t)
	c.ask(t, "SET", "a/c", "2") // not the lane's: it has a goroutine now
	if one.loop.add(one) || one.loop.resting[one.fd] == one {
		t.Error("it rests, and is served")
	}
}
