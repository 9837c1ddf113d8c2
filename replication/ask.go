package replication

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
)

const (
	maxJoin   = 64 << 10 // bounds a request to join, in bytes
	maxAnswer = 1 << 20  // bounds the answer to it, in bytes
)

// ask sends a request to join to the raft port at an address and returns the answer; both are
// one line of JSON. It speaks TLS if it is told how. The error wraps errRefused if a node answered
// and declined.
func ask(ctx context.Context, addr string, how *tls.Config, request []byte) ([]byte, error) {
	tcp, err := dialTCP(ctx, addr)
	if err != nil {
		return nil, err
	}
	defer tcp.Close()
	defer context.AfterFunc(ctx, func() { _ = tcp.Close() })()
	conn := tcp
	if how != nil {
		secured := tls.Client(tcp, how)
		if err := secured.HandshakeContext(ctx); err != nil {
			return nil, fmt.Errorf("ask %s: %w", addr, plainSpoken(err))
		}
		conn = secured
	}
	line, err := hello{Kind: kindJoin}.line()
	if err != nil {
		return nil, err
	}
	line = append(append(line, request...), '\n')
	answer, err := exchange(conn, line)
	if ctx.Err() != nil {
		err = ctx.Err()
	}
	if err == nil {
		err = refused(answer)
	}
	if err != nil {
		return nil, fmt.Errorf("ask %s: %w", addr, err)
	}
	return answer, nil
}

// exchange writes a line and reads one.
func exchange(conn net.Conn, line []byte) ([]byte, error) {
	_, wrote := conn.Write(line)
	answer, err := readLine(bufio.NewReader(conn), maxAnswer)
	switch {
	case err == nil:
		return answer, nil
	case wrote != nil:
		return nil, wrote
	case errors.Is(err, errForeign), errors.Is(err, io.EOF):
		return nil, errors.New("this is not the raft port of a confman node")
	}
	return nil, err
}
