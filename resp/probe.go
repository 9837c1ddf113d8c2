//go:build unix

package resp

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"syscall"
	"time"
)

// Answers returns nil if a client that connects now gets an answer, whatever it is: it is let in, has its turn in
// a loop or on a goroutine of its own, and is told PONG, unless CLIENT PAUSE holds everybody. It asks as a client of this machine that has shown the password, but
// comes in behind the ports. The server must be serving.
func (s *Server) Answers(ctx context.Context) error {
	client, served, err := pair()
	if err != nil {
		return nil // there are no file descriptors left, which says nothing of the server
	}
	defer client.Close()
	served = addressed(served)
	c := newConn(s, served, s.counts.accepted.Add(1))
	c.session.authenticated = true
	c.guard.trust(true, 0)
	s.welcome(ctx, c, served)
	if deadline, limited := ctx.Deadline(); limited {
		_ = client.SetDeadline(deadline) // else it waits
	}
	defer context.AfterFunc(ctx, func() { _ = client.SetDeadline(time.Unix(1, 0)) })()
	if _, err := client.Write([]byte("*1\r\n$4\r\nPING\r\n")); err != nil && !errors.Is(err, syscall.EPIPE) {
		return fmt.Errorf("the server takes no commands: %w", err)
	}
	var answer [1]byte
	if _, err := client.Read(answer[:]); errors.Is(err, os.ErrDeadlineExceeded) && !s.pause.some.Load() {
		return errors.New("the server does not answer PING: its clients wait in vain")
	}
	return nil // it has answered, or hung up because it ends
}

// pair returns the two ends of a connection within this process.
func pair() (one, other net.Conn, err error) {
	fds, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
	if err != nil {
		return nil, nil, err
	}
	var ends [2]net.Conn
	for i, fd := range fds {
		syscall.CloseOnExec(fd)
		f := os.NewFile(uintptr(fd), "probe")
		end, failed := net.FileConn(f)
		ends[i], err = end, errors.Join(err, failed, f.Close())
	}
	if err != nil {
		for _, end := range ends {
			if end != nil {
				_ = end.Close() // the error that came first counts
			}
		}
		return nil, nil, err
	}
	return ends[0], ends[1], nil
}
