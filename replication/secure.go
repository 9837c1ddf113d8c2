package replication

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"

	"confman/replication/certs"
)

// recordHandshake is the first byte of a TLS connection.
const recordHandshake = 0x16

var (
	errPlainText = errors.New("this cluster's nodes speak TLS, and whoever joins needs a token: confman token, on a member, prints one")
	errNoTLS     = errors.New("the other side does not speak TLS: it is no confman node, or one whose cluster has no certificates")
	errNobody    = errors.New("only a node of the cluster may say this, and this one has shown no certificate")
)

// secure takes a connection up into TLS, where this node has certificates, and returns who the
// other side has proved to be: nobody for one that wants to join. What comes first is read through r.
func (t *transport) secure(conn net.Conn) (_ net.Conn, peer certs.Identity, err error) {
	r := bufio.NewReaderSize(conn, maxHello)
	conn = readFirst{conn, r}
	if t.keys == nil {
		return conn, peer, nil
	}
	first, err := r.Peek(1)
	if err != nil {
		return nil, peer, err
	}
	if first[0] != recordHandshake {
		err := plainReason(r)
		refuse(conn, err)
		return nil, peer, err
	}
	ctx, cancel := context.WithTimeout(t.ctx, t.helloTime)
	defer cancel()
	secured := tls.Server(conn, t.keys.Server())
	if err := secured.HandshakeContext(ctx); err != nil {
		return nil, peer, fmt.Errorf("TLS: %w", err)
	}
	peer, _, err = certs.PeerOf(secured.ConnectionState())
	return tlsConn{secured}, peer, err
}

// plainReason tells a node that speaks plain text why it is not served, and anybody else that this
// is no port for them.
func plainReason(r *bufio.Reader) error {
	line, err := readLine(r, maxHello)
	if err != nil {
		return err
	}
	h, err := parseHello(line)
	switch {
	case err != nil:
		return err
	case h.Kind == kindJoin:
		return finally{errPlainText}
	}
	return errPlainText // the certificates of a cluster that had none are put in place node by node
}

// plainSpoken makes sense of what TLS says about a node that speaks plain text.
func plainSpoken(err error) error {
	var record tls.RecordHeaderError
	if errors.As(err, &record) {
		return errNoTLS
	}
	return err
}

// alerted reports whether the other side has ended TLS for a reason, such as a certificate that it does not
// believe.
func alerted(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "remote error"
}

// proved checks that a hello says what the certificate of its sender says.
func (t *transport) proved(h hello, peer certs.Identity) error {
	switch {
	case t.keys == nil:
		return loopback(h.Addr)
	case peer == (certs.Identity{}):
		return errNobody
	case peer.Host != h.Host || peer.Cluster != h.Cluster.String():
		return fmt.Errorf("it says that it is host %s of cluster %v, and its certificate is of host %s of cluster %s", h.Host, h.Cluster, peer.Host, peer.Cluster)
	}
	return nil
}

// tlsConn is a TLS connection whose Close waits for nobody: it is closed when the other side is of no use
// any more, and is not told.
type tlsConn struct{ *tls.Conn }

func (c tlsConn) Close() error { return c.NetConn().Close() }

// readFirst is a connection of which some has been read ahead.
type readFirst struct {
	net.Conn
	r *bufio.Reader
}

func (c readFirst) Read(b []byte) (int, error) { return c.r.Read(b) }

// sought returns which host of which cluster somebody looks for who begins a TLS connection.
func sought(conn net.Conn) (id certs.Identity, found bool) {
	_ = tls.Server(conn, &tls.Config{GetConfigForClient: func(h *tls.ClientHelloInfo) (*tls.Config, error) {
		id, found = certs.ParseName(h.ServerName)
		return nil, errors.New("nobody is here")
	}}).Handshake() // it cannot succeed
	return id, found
}
