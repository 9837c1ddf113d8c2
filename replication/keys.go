package replication

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"path/filepath"
	"time"

	"confman/replication/certs"
)

// keysFolder is where a node keeps its certificates, in the data directory.
const keysFolder = "tls"

// certs is the folder of the node's certificates.
func (n *Node) certs() certs.Folder { return Certificates(n.Dir) }

// Certificates is where the node of a data directory keeps its certificates.
func Certificates(dir string) certs.Folder { return certs.Folder(filepath.Join(dir, keysFolder)) }

// IdentityOf returns as whom the node of a data directory introduces itself to others.
func IdentityOf(dir string) (certs.Identity, error) {
	id, found, err := loadIdentity(dir)
	if err == nil && !found {
		err = fmt.Errorf("%s has no %s: start the node once, or have it join, and then come back", dir, identityFile)
	}
	return id.certified(), err
}

// certified is what the node's certificate must say.
func (id identity) certified() certs.Identity {
	return certs.Identity{Cluster: id.Cluster.String(), Host: id.Host}
}

// keep writes what a node was granted, unless it has its certificate from elsewhere.
func (n *Node) keep(g certs.Grant) error {
	if len(g.Cert) == 0 {
		return nil
	}
	return n.certs().Keep(g)
}

// certifyFirst makes the certificate of the first node of a new cluster, and an authority if there is
// none. A cluster that goes on from where another one ended keeps its authority: so nodes of the old one
// can be told that it was given up.
func (n *Node) certifyFirst(id identity) error {
	a, err := n.certs().Authority()
	if errors.Is(err, fs.ErrNotExist) {
		if a, err = certs.NewAuthority(n.now()); err == nil {
			err = n.certs().WriteAuthority(a)
		}
	}
	if err != nil {
		return err
	}
	return n.certs().Certify(a, id.certified(), n.now())
}

// openKeys returns the node's certificates, or nil if its cluster has none: then the raft port
// speaks plain text. The first node of a cluster that has not run yet makes some, unless it is told not to.
func (n *Node) openKeys(id identity) (*certs.Keyring, error) {
	keys, err := certs.Open(n.certs(), id.certified(), n.now, n.log())
	if err != nil && !id.Joined && !id.Started && !n.Plain {
		if err := n.certifyFirst(id); err != nil {
			return nil, err
		}
		keys, err = certs.Open(n.certs(), id.certified(), n.now, n.log())
	}
	if errors.Is(err, fs.ErrNotExist) && !n.certs().Has(certs.NodeFile) {
		n.log().Warn("the raft port speaks plain text and takes loopback addresses only; confman cert makes certificates")
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if left := keys.Expires().Sub(n.now()); left < expiresSoon {
		n.log().Warn("the certificate of this node expires soon: confman cert node makes a new one", "expires", keys.Expires())
	}
	return keys, nil
}

// expiresSoon is how long before its end a certificate is worth a warning.
const expiresSoon = 30 * 24 * time.Hour

// takeAuthority asks the other members for the key of the cluster's authority, if this node votes and does
// not have it: then it can take up new nodes when those that have it now are gone.
func (n *Node) takeAuthority(ctx context.Context) {
	if n.transport.keys == nil || n.certs().Has(certs.AuthorityKeyFile) || !n.votes() || n.now().Before(n.keyWanted) {
		return
	}
	n.keyPause = max(roleEvery, min(2*n.keyPause, time.Minute)) // it may be that nobody has it
	n.keyWanted = n.now().Add(n.keyPause)
	for _, m := range n.members() {
		if m.Host == n.identity.Host {
			continue
		}
		key, err := n.transport.askKey(ctx, m.Host)
		if err == nil {
			err = n.certs().TakeAuthorityKey(key)
		}
		if err == nil {
			return
		}
		n.log().Debug("no key of the cluster's authority", "node", m.ID, "error", err)
	}
}

// aKey is the line that answers who asks for the authority's key.
type aKey struct {
	Key []byte `json:"key"` // in PEM
}

func (t *transport) serveKey(conn net.Conn, host string) error {
	if t.keys == nil || t.authority == nil {
		return nil
	}
	key, err := t.authority(host)
	if err != nil {
		refuse(conn, err)
		return nil
	}
	return t.reply(conn, aKey{key})
}

func (t *transport) askKey(ctx context.Context, host string) ([]byte, error) {
	var answer aKey
	err := t.inquire(ctx, kindKey, host, t.dialTime, &answer)
	return answer.Key, err
}

// IdentityToBe returns as whom a data directory without a node will introduce itself, once it has joined by
// a token. Its host is drawn now, and noted.
func IdentityToBe(dir, join string) (certs.Identity, error) {
	t, err := parseToken(join)
	if err != nil {
		return certs.Identity{}, err
	}
	d, err := openDataDir(dir)
	if err != nil {
		return certs.Identity{}, err
	}
	host, err := pendingHost(dir)
	return certs.Identity{Cluster: t.Cluster.String(), Host: host}, errors.Join(err, d.Close())
}
