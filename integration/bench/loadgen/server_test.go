package loadgen

import (
	"net"
	"testing"
)

// server answers the n-th command that comes, counted from 1 over all connections in the order of their arrival, with says(n).
// It writes piece bytes at a time if that is not 0.
func server(t testing.TB, piece int, says func(n int64) string) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	turn := make(chan int64, 1)
	turn <- 0
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go serve(conn, piece, func() string {
				n := <-turn + 1
				turn <- n
				return says(n)
			})
		}
	}()
	return listener.Addr().String()
}

// serve reads commands, which are arrays of strings as replies may be, until the client hangs up.
func serve(conn net.Conn, piece int, says func() string) {
	defer conn.Close()
	var r reader
	in := make([]byte, 64<<10)
	var out []byte // used again: what the load allocates is counted in this process
	got := 0
	for {
		n, err := conn.Read(in[got:])
		if err != nil {
			return
		}
		got += n
		at := 0
		for done := true; done; {
			if n, done, err = r.next(in[at:got]); err != nil {
				return
			}
			at += n
			if !done {
				break
			}
			if out = append(out[:0], says()...); !write(conn, piece, out) {
				return
			}
		}
		got = copy(in, in[at:got])
	}
}

func write(conn net.Conn, piece int, reply []byte) bool {
	if piece == 0 {
		piece = len(reply)
	}
	for len(reply) > 0 {
		n, err := conn.Write(reply[:min(piece, len(reply))])
		if err != nil {
			return false
		}
		reply = reply[n:]
	}
	return true
}
