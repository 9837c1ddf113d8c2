package resp

import (
	"bytes"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// served returns a client's end of a connection to a server, which ends with the test.
func served(t *testing.T, s *Server) (client net.Conn, ended chan struct{}) {
	t.Helper()
	client, server := net.Pipe()
	c := newConn(s, server, 1)
	ended = make(chan struct{})
	go func() {
		defer close(ended)
		c.serve(t.Context())
	}()
	t.Cleanup(func() {
		_ = client.Close()
		<-ended
	})
	return client, ended
}

// Who takes no replies is hung up on when one piece has had its time; a stranger when his time to show
// the password is over.
func TestClientsMustTakeTheirReplies(t *testing.T) {
	for _, c := range []struct {
		password string
		after    time.Duration
	}{{"", 30 * time.Second}, {"secret", 10 * time.Second}} {
		synctest.Test(t, func(t *testing.T) {
			s := &Server{Password: c.password}
			s.init()
			client, ended := served(t, s)
			began := time.Now()
			if _, err := io.WriteString(client, "PING\r\n"); err != nil {
				t.Fatal(err)
			}
			<-ended
			if took := time.Since(began); took != c.after {
				t.Errorf("with the password %q: hung up on after %v, want %v", c.password, took, c.after)
			}
		})
	}
}

// Whatever a reply is made of, it is sent as it would be encoded at once, and no more than two pieces of
// it are in memory.
func TestRepliesAreSentInPieces(t *testing.T) {
	long := strings.Repeat("x", 10*flushAt+1)
	reply := []Reply{long, Map{"a", int64(1), long, Set{nil, true}}, Push{Text(long[:100])}, NullArray{}, Status("OK"), 1.5, errSyntax}
	for range 1000 {
		reply = append(reply, long[:1000])
	}
	for _, protocol := range []int{2, 3} {
		synctest.Test(t, func(t *testing.T) {
			client, server := net.Pipe()
			s := &Server{}
			s.init()
			c := newConn(s, server, 1)
			go func() {
				c.reply(reply, protocol)
				_ = c.flush()
				_ = server.Close()
			}()
			want := appendReply(nil, reply, protocol)
			var got []byte
			for piece := make([]byte, 5000); ; {
				n, err := client.Read(piece)
				got = append(got, piece[:n]...)
				if synctest.Wait(); cap(c.out) > 2*flushAt+1<<13 {
					t.Fatalf("there are %d bytes of memory for replies", cap(c.out))
				}
				if err != nil {
					break
				}
			}
			if !bytes.Equal(got, want) {
				t.Errorf("RESP%d: %d bytes, want %d", protocol, len(got), len(want))
			}
			if cap(c.out) > keptOutput || s.replies.left != s.Replies {
				t.Errorf("%d bytes of memory are kept, and %d of the budget are not given back", cap(c.out), s.Replies-s.replies.left)
			}
		})
	}
}

// A reader has been sent a large reply that takes all the room there is.
type reader struct {
	net.Conn
	of    *conn
	ended chan struct{}
}

// large has a server send somebody a large reply, or what is said instead.
func large(t *testing.T, s *Server) reader {
	t.Helper()
	client, server := net.Pipe()
	c := newConn(s, server, 1)
	s.mu.Lock()
	s.conns[c] = struct{}{}
	s.mu.Unlock()
	r := reader{client, c, make(chan struct{})}
	go func() {
		defer close(r.ended)
		defer server.Close()
		c.reply(c.afford(strings.Repeat("x", 2<<20)), 2)
		_ = c.flush()
	}()
	return r
}

// Where there is no room for large replies, who takes nothing of his makes room. Who takes his slowly is
// not hung up on: others are told to try again.
func TestLargeRepliesWaitForRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &Server{Replies: 1 << 20}
		s.init()
		lazy := large(t, s)
		synctest.Wait()
		eager := large(t, s)
		began := time.Now()
		if all, err := io.ReadAll(eager); err != nil || len(all) != 2<<20+len("$2097152\r\n\r\n") {
			t.Errorf("who waits gets %d bytes, %v", len(all), err)
		}
		if took := time.Since(began); took > 2*s.Hold {
			t.Errorf("who waits has waited for %v", took)
		}
		<-lazy.ended
		if err := lazy.of.flush(); err == nil || s.counts.overruns.Load() != 1 {
			t.Errorf("who takes nothing: %v; %d are counted", err, s.counts.overruns.Load())
		}

		slow := large(t, s)
		go func() {
			piece := make([]byte, flushAt)
			for _, err := io.ReadFull(slow, piece); err == nil; _, err = io.ReadFull(slow, piece) {
				time.Sleep(s.Hold * 2 / 3) // it is the bubble's time
			}
		}()
		synctest.Wait()
		if got, err := io.ReadAll(large(t, s)); err != nil || string(got) != "-"+string(errManyReplies)+"\r\n" {
			t.Errorf("beside who takes his reply slowly: %.100q, %v", got, err)
		}
		if <-slow.ended; s.counts.overruns.Load() != 1 || s.replies.left != 1<<20 {
			t.Errorf("who takes his reply slowly: %d are counted, %d is left", s.counts.overruns.Load(), s.replies.left)
		}
	})
}
