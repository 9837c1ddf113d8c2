package replication

import (
	"bufio"
	"context"
	"encoding/json"
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
	dial := t.dial
	if dial == nil {
		dial = dialTCP
	}
	conn, err := dial(ctx, addr)
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

// hello introduces this node to a host.
func (t *transport) hello(kind, to string) hello {
	return hello{Kind: kind, Cluster: t.cluster, Host: t.host, Addr: t.addr, To: to, Boots: t.boots, Life: t.life}
}

// introduce says hello to a host, which learns from that where this node is, and returns its
// answer: an error that is errFinal if this node must not take part.
func (t *transport) introduce(ctx context.Context, host string, patience time.Duration) error {
	conn, err := t.open(ctx, kindReturn, host, patience)
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	line, err := readLine(bufio.NewReaderSize(conn, maxHello), maxHello)
	if err == nil {
		err = refused(line)
	}
	if err != nil {
		return err
	}
	var w welcome
	if err := json.Unmarshal(line, &w); err != nil {
		return err
	}
	for other, addr := range w.Addresses {
		if other != t.host && other != host && isHostID(other) && loopback(addr) == nil {
			t.book.learn(other, addr)
		}
	}
	return nil
}
