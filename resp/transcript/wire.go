package transcript

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"strconv"
)

// A Wire is a connection that returns replies as the bytes that came. It is for one goroutine
// at a time.
type Wire struct {
	conn net.Conn
	r    *bufio.Reader
}

// DialWire connects to a server at HOST:PORT.
func DialWire(ctx context.Context, addr string) (*Wire, error) {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	return &Wire{conn: conn, r: bufio.NewReaderSize(conn, 64<<10)}, nil
}

// Close ends the connection.
func (w *Wire) Close() error { return w.conn.Close() }

// Do sends commands in one go and returns the bytes of their replies.
func (w *Wire) Do(ctx context.Context, commands ...[]string) (replies [][]byte, err error) {
	defer context.AfterFunc(ctx, func() { _ = w.conn.Close() })()
	var b []byte
	for _, words := range commands {
		b = appendWords(b, words)
	}
	sent := make(chan error, 1)
	go func() { // a server may stop reading until its replies are read
		_, err := w.conn.Write(b)
		sent <- err
	}()
	for range commands {
		reply, err := appendReply(nil, w.r)
		if err != nil {
			_ = w.conn.Close()
			return nil, errors.Join(err, <-sent)
		}
		replies = append(replies, reply)
	}
	return replies, <-sent
}

// appendWords encodes a command.
func appendWords(b []byte, words []string) []byte {
	b = append(strconv.AppendInt(append(b, '*'), int64(len(words)), 10), "\r\n"...)
	for _, w := range words {
		b = append(strconv.AppendInt(append(b, '$'), int64(len(w)), 10), "\r\n"...)
		b = append(append(b, w...), "\r\n"...)
	}
	return b
}

// appendReply reads one reply, with all that is nested in it.
func appendReply(b []byte, r *bufio.Reader) ([]byte, error) {
	line, err := r.ReadSlice('\n')
	if b = append(b, line...); err != nil {
		return b, err
	}
	if len(line) < 3 {
		return b, errors.New("a reply has an empty line")
	}
	n, _ := strconv.Atoi(string(line[1 : len(line)-2])) // what has no length has no use for it
	switch line[0] {
	case '$', '=', '!':
		if n < 0 {
			return b, nil
		}
		at := len(b)
		b = append(b, make([]byte, n+2)...)
		_, err := io.ReadFull(r, b[at:])
		return b, err
	case '%':
		n *= 2
	case '*', '~', '>':
	default:
		return b, nil
	}
	for range n {
		if b, err = appendReply(b, r); err != nil {
			return b, err
		}
	}
	return b, nil
}
