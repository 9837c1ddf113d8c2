package resp

import (
	"bufio"
	"context"
	"net"
	"strings"
)

// A Client is a connection to a server, for the command line and for tests. It is for
// one goroutine at a time.
type Client struct {
	conn net.Conn
	r    *bufio.Reader
}

// Dial connects to a server at HOST:PORT, or to the UNIX socket of a path.
func Dial(ctx context.Context, addr string) (*Client, error) {
	var d net.Dialer
	network := "tcp"
	if strings.HasPrefix(addr, "/") {
		network = "unix"
	}
	conn, err := d.DialContext(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	return &Client{conn: conn, r: bufio.NewReaderSize(conn, 64<<10)}, nil
}

// Close ends the connection.
func (c *Client) Close() error { return c.conn.Close() }

// Do sends a command and returns its reply. An error of the server is a reply, of type
// [Error]; err is one of the connection, which is useless then.
func (c *Client) Do(ctx context.Context, words ...string) (Reply, error) {
	replies, err := c.Pipeline(ctx, words)
	if err != nil {
		return nil, err
	}
	return replies[0], nil
}

// Pipeline sends commands in one go and returns their replies.
func (c *Client) Pipeline(ctx context.Context, commands ...[]string) ([]Reply, error) {
	stop := context.AfterFunc(ctx, func() { _ = c.conn.Close() })
	defer stop()
	var b []byte
	for _, words := range commands {
		b = appendReply(b, bulks(words), 2)
	}
	sent := make(chan error, 1)
	go func() { // a server may stop reading until its replies are read
		_, err := c.conn.Write(b)
		sent <- err
	}()
	replies := make([]Reply, 0, len(commands))
	for len(replies) < len(commands) {
		r, err := readReply(c.r, 0)
		if err != nil {
			_ = c.conn.Close()
			<-sent
			return nil, cause(ctx, err)
		}
		if _, push := r.(Push); !push {
			replies = append(replies, r)
		}
	}
	return replies, cause(ctx, <-sent)
}

// cause prefers why the context ended over what that did to the connection.
func cause(ctx context.Context, err error) error {
	if err != nil && ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}
