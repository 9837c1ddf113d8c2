package certs

import (
	"crypto/x509"
	"fmt"
	"strings"
)

// domain is what all names end in; .internal is reserved for private use.
const domain = ".confman.internal"

// JoinName is the name that a node asks for that does not know yet whom it will reach.
const JoinName = "join" + domain

// An Identity is who a node is: a host of a cluster. Both parts are labels of a DNS name.
type Identity struct{ Cluster, Host string }

// Name is the DNS name that stands in the certificate of a host.
func (id Identity) Name() string { return id.Host + "." + id.Cluster + domain }

// ParseName reads what Name has made.
func ParseName(name string) (Identity, bool) {
	labels, ours := strings.CutSuffix(name, domain)
	host, cluster, two := strings.Cut(labels, ".")
	if !ours || !two || host == "" || cluster == "" || strings.Contains(cluster, ".") {
		return Identity{}, false
	}
	return Identity{Cluster: cluster, Host: host}, true
}

// IdentityOf returns who the holder of a certificate is. It must name exactly one host.
func IdentityOf(c *x509.Certificate) (id Identity, err error) {
	found := 0
	for _, name := range c.DNSNames {
		if named, ours := ParseName(name); ours {
			id, found = named, found+1
		}
	}
	if found != 1 {
		return Identity{}, fmt.Errorf("the certificate of %q names %d hosts of a cluster, and must name one, such as HOST.CLUSTER%s", c.Subject.CommonName, found, domain)
	}
	return id, nil
}
