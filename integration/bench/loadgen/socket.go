package loadgen

import (
	"context"
	"fmt"
	"io"
	"net"

	"golang.org/x/sys/unix"
)

// A socket is a connection without Go's poller: a read or a write is one system call, and wakes nobody.
type socket struct {
	fd   int
	in   []byte // what has come: in[keep:got], of which in[at:got] is not parsed
	keep int
	at   int
	got  int
	reader
}

// dial connects to addr.
func dial(ctx context.Context, addr string) (*socket, error) {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	defer conn.Close() // its descriptor's copy stays, and Go's poller knows nothing of that one
	raw, err := conn.(*net.TCPConn).SyscallConn()
	if err != nil {
		return nil, err
	}
	fd := -1
	if failed := raw.Control(func(own uintptr) { fd, err = unix.FcntlInt(own, unix.F_DUPFD_CLOEXEC, 0) }); failed != nil {
		return nil, failed
	}
	if err != nil {
		return nil, fmt.Errorf("copy a descriptor: %w", err)
	}
	return &socket{fd: fd, in: make([]byte, 4<<10)}, nil
}

func (s *socket) close() {
	if s.fd >= 0 {
		_ = unix.Close(s.fd) // nothing is in it that has to arrive
		s.fd = -1
	}
}

// fill reads once. It returns io.EOF if the server has hung up.
func (s *socket) fill() error {
	if s.keep > 0 {
		copy(s.in, s.in[s.keep:s.got])
		s.at -= s.keep
		s.got -= s.keep
		s.keep = 0
	}
	if s.got == len(s.in) {
		s.in = append(s.in, make([]byte, len(s.in))...)
	}
	n, err := unix.Read(s.fd, s.in[s.got:])
	switch {
	case err == unix.EAGAIN || err == unix.EINTR:
		return nil
	case err != nil:
		return fmt.Errorf("read: %w", err)
	case n == 0:
		return io.EOF
	}
	s.got += n
	return nil
}

// reply returns the next reply that has come whole, or says that there is none. If whole is unset the reply may lack its
// beginning, and less has to be kept.
func (s *socket) reply(whole bool) (reply []byte, ok bool, err error) {
	n, ok, err := s.next(s.in[s.at:s.got])
	s.at += n
	if ok {
		reply = s.in[s.keep:s.at]
	}
	if ok || !whole {
		s.keep = s.at
	}
	return reply, ok, err
}

// write sends what it can of b without waiting.
func (s *socket) write(b []byte) (int, error) {
	n, err := unix.Write(s.fd, b)
	if err == unix.EAGAIN || err == unix.EINTR {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("write: %w", err)
	}
	return n, nil
}
