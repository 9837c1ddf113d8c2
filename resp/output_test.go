package resp

import (
	"io"
	"net"
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
