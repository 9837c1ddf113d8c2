package certs

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"
)

// A Keyring is the certificates by which a node introduces itself and recognises others. It reads
// its files again when they have changed, at the next handshake, and keeps what it has if they
// cannot be used.
type Keyring struct {
	folder Folder
	want   Identity
	clock  func() time.Time
	log    *slog.Logger

	mu    sync.Mutex
	held  *held
	stamp string // of the files that were read last
}

// held is what a keyring has read.
type held struct {
	cert  tls.Certificate
	all   []*x509.Certificate // the authorities
	roots *x509.CertPool
	root  *x509.Certificate // the authority that vouches for the node itself
}

// Open reads the certificates of a node, which must say that it is the one that is wanted. A clock says which hold:
// these and those of others. The error is an fs.ErrNotExist if the node has none.
func Open(folder Folder, want Identity, clock func() time.Time, log *slog.Logger) (*Keyring, error) {
	k := &Keyring{folder: folder, want: want, clock: clock, log: log, stamp: folder.stamp()}
	var err error
	if k.held, err = folder.load(want, clock()); err != nil {
		return nil, fmt.Errorf("certificates in %s: %w", folder, err)
	}
	return k, nil
}

// stamp changes when a file of the folder does.
func (f Folder) stamp() (s string) {
	for _, name := range []string{AuthorityFile, NodeFile, NodeKeyFile} {
		if info, err := os.Stat(f.path(name)); err == nil {
			s += fmt.Sprint(name, info.ModTime().UnixNano(), info.Size())
		}
	}
	return s
}

// load reads the files and checks that they go together.
func (f Folder) load(want Identity, at time.Time) (*held, error) {
	chain, err := f.Certs(NodeFile)
	if err != nil {
		return nil, err
	}
	h := &held{roots: x509.NewCertPool()}
	if h.cert, err = tls.LoadX509KeyPair(f.path(NodeFile), f.path(NodeKeyFile)); err != nil {
		return nil, err
	}
	if h.all, err = f.Certs(AuthorityFile); err != nil {
		return nil, err
	}
	for _, c := range h.all {
		h.roots.AddCert(c)
	}
	id, err := IdentityOf(chain[0])
	if err != nil {
		return nil, err
	}
	if id != want {
		return nil, fmt.Errorf("%s is of host %s of cluster %s, and this is host %s of cluster %s: confman cert node makes the right one", NodeFile, id.Host, id.Cluster, want.Host, want.Cluster)
	}
	h.root, err = vouching(chain, h.roots, at)
	return h, err
}

// vouching returns the authority that a chain of certificates leads to, all of which have to hold at that time.
func vouching(chain []*x509.Certificate, roots *x509.CertPool, at time.Time) (*x509.Certificate, error) {
	between := x509.NewCertPool()
	for _, c := range chain[1:] {
		between.AddCert(c)
	}
	found, err := chain[0].Verify(x509.VerifyOptions{Roots: roots, Intermediates: between, CurrentTime: at, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}})
	if err != nil {
		return nil, err
	}
	return found[0][len(found[0])-1], nil
}

// now returns what is held, after a look at the files.
func (k *Keyring) now() *held {
	k.mu.Lock()
	defer k.mu.Unlock()
	stamp := k.folder.stamp()
	if stamp == k.stamp {
		return k.held
	}
	k.stamp = stamp
	next, err := k.folder.load(k.want, k.clock())
	if err != nil {
		k.log.Error("the certificates have changed and cannot be used; the old ones stay", "folder", string(k.folder), "error", err)
		return k.held
	}
	k.log.Info("the certificates have changed", "expires", next.cert.Leaf.NotAfter.UTC().Format(time.RFC3339))
	k.held = next
	return next
}

// Root is the authority that vouches for this node.
func (k *Keyring) Root() *x509.Certificate { return k.now().root }

// Authorities are all that are believed, in PEM.
func (k *Keyring) Authorities() []byte { return EncodeCerts(k.now().all...) }

// Expires is when the node's certificate ends.
func (k *Keyring) Expires() time.Time { return k.now().cert.Leaf.NotAfter }

// protocol is what both sides must want to speak.
const protocol = "confman-raft"

// Server is how to take connections. Who connects without a certificate is not known to be
// anybody, and to be treated so.
func (k *Keyring) Server() *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS13, NextProtos: []string{protocol},
		GetConfigForClient: func(h *tls.ClientHelloInfo) (*tls.Config, error) {
			now := k.now()
			cert := now.cert
			if h.ServerName == JoinName {
				cert.Certificate = append(cert.Certificate[:len(cert.Certificate):len(cert.Certificate)], now.root.Raw)
			}
			return &tls.Config{
				MinVersion: tls.VersionTLS13, NextProtos: []string{protocol}, SessionTicketsDisabled: true, Time: k.clock,
				Certificates: []tls.Certificate{cert}, ClientAuth: tls.VerifyClientCertIfGiven, ClientCAs: now.roots,
			}, nil
		},
	}
}

// Client is how to connect to a host of this node's cluster, and to nobody else.
func (k *Keyring) Client(host string) *tls.Config {
	now := k.now()
	return &tls.Config{
		MinVersion: tls.VersionTLS13, NextProtos: []string{protocol}, ServerName: Identity{k.want.Cluster, host}.Name(), Time: k.clock,
		Certificates: []tls.Certificate{now.cert}, RootCAs: now.roots,
	}
}

// Anybody is how to connect to any node that an authority of this node's cluster vouches for. It may
// be of a cluster that was founded from what is left of this one.
func (k *Keyring) Anybody() *tls.Config {
	now := k.now()
	c := anybody(func(chain []*x509.Certificate) error {
		_, err := vouching(chain, now.roots, k.clock())
		return err
	})
	c.Certificates = []tls.Certificate{now.cert}
	return c
}

// Joining is how somebody without a certificate connects to any node of a cluster whose authority
// has a fingerprint, by a clock.
func Joining(cluster, fingerprint string, clock func() time.Time) *tls.Config {
	return anybody(func(chain []*x509.Certificate) error { return checkJoined(chain, cluster, fingerprint, clock()) })
}

// anybody is how to connect to whoever shows certificates that are right.
func anybody(right func(chain []*x509.Certificate) error) *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS13, NextProtos: []string{protocol}, ServerName: JoinName,
		InsecureSkipVerify: true, // which host it is cannot be known; VerifyConnection does the rest
		VerifyConnection:   func(s tls.ConnectionState) error { return right(s.PeerCertificates) },
	}
}

// checkJoined checks that certificates lead to the authority with a fingerprint, which comes with them.
func checkJoined(chain []*x509.Certificate, cluster, fingerprint string, at time.Time) error {
	for _, c := range chain {
		if Fingerprint(c) != fingerprint {
			continue
		}
		roots := x509.NewCertPool()
		roots.AddCert(c)
		if _, err := vouching(chain, roots, at); err != nil {
			return err
		}
		id, err := IdentityOf(chain[0])
		if err == nil && id.Cluster != cluster {
			err = fmt.Errorf("it is of cluster %s, not of %s", id.Cluster, cluster)
		}
		return err
	}
	return errors.New("it does not belong to the cluster of the token: its authority is another one")
}

// PeerOf returns who the other side has proved to be; found is false for one that has shown no
// certificate.
func PeerOf(s tls.ConnectionState) (id Identity, found bool, err error) {
	if len(s.PeerCertificates) == 0 {
		return Identity{}, false, nil
	}
	id, err = IdentityOf(s.PeerCertificates[0])
	return id, err == nil, err
}
