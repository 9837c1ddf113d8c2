package replication

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"time"
)

// stallTime is how long what was sent may stay unacknowledged by the other machine. After
// that the connection counts as lost, and the next message makes a new one: waiting for
// the old one would add TCP's own growing pauses, minutes in the end, to a cut that is over.
const stallTime = 5 * time.Second

// alive finds dead connections on which nothing is sent within about 25 s.
var alive = net.KeepAliveConfig{Enable: true, Idle: 10 * time.Second, Interval: 5 * time.Second, Count: 3}

func dialTCP(ctx context.Context, addr string) (net.Conn, error) {
	d := net.Dialer{KeepAliveConfig: alive, Control: giveUpStalled}
	return d.DialContext(ctx, "tcp", addr)
}

// tune prepares an incoming connection.
func tune(conn net.Conn) {
	if c, ok := conn.(interface {
		SetKeepAliveConfig(net.KeepAliveConfig) error
	}); ok {
		_ = c.SetKeepAliveConfig(alive) // without it a dead connection is found later
	}
}

// open connects to a host and says hello.
func (t *transport) open(ctx context.Context, kind, host string, patience time.Duration) (net.Conn, error) {
	addr, found := t.book.address(host)
	if !found {
		return nil, fmt.Errorf("no address known of host %s", host)
	}
	line, err := t.hello(kind, host).line()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	conn, err := t.connect(ctx, kind, host, addr)
	if err == nil {
		if err = send(conn, line, t.writeTime); err != nil {
			_ = conn.Close()
		}
	}
	if err != nil {
		t.book.failed(host, addr)
		return nil, fmt.Errorf("connect to host %s at %s: %w", host, addr, err)
	}
	return conn, nil
}

// connect opens a connection to an address, and makes sure that it is the host's. Who only asks whether
// this node may return takes an answer of others too: those to whom its cluster has gone over.
func (t *transport) connect(ctx context.Context, kind, host, addr string) (net.Conn, error) {
	dial := t.dial
	if dial == nil {
		dial = dialTCP
	}
	conn, err := dial(ctx, addr)
	if err != nil {
		return nil, err
	}
	conn = meter(conn, t.peers.traffic(host))
	if t.keys == nil {
		return conn, nil
	}
	how := t.keys.Client(host)
	if kind == kindReturn {
		how = t.keys.Anybody()
	}
	secure := tls.Client(conn, how)
	if err := secure.HandshakeContext(ctx); err != nil {
		return nil, errors.Join(plainSpoken(err), conn.Close())
	}
	return tlsConn{secure}, nil
}

// hello introduces this node to a host.
func (t *transport) hello(kind, to string) hello {
	return hello{Kind: kind, Cluster: t.cluster, Host: t.host, Addr: t.addr, To: to, Boots: t.boots, Life: t.life}
}

// introduce says hello to a host, which learns from that where this node is, and returns its
// answer: an error that is errFinal if this node must not take part.
func (t *transport) introduce(ctx context.Context, host string, patience time.Duration) error {
	var w welcome
	if err := t.inquire(ctx, kindReturn, host, patience, &w); err != nil {
		return err
	}
	for other, addr := range w.Addresses {
		if other != t.host && other != host && isHostID(other) && validAddr(addr) == nil {
			t.book.learn(other, addr)
		}
	}
	return nil
}

// inquire makes a connection of a kind that is answered with one line of JSON.
func (t *transport) inquire(ctx context.Context, kind, host string, patience time.Duration, answer any) error {
	conn, err := t.open(ctx, kind, host, patience)
	if err != nil {
		return err
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	line, err := readLine(bufio.NewReaderSize(conn, maxHello), maxAnswer)
	if err == nil {
		err = refused(line)
	}
	if err != nil {
		return err
	}
	return json.Unmarshal(line, answer)
}
