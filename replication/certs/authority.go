package certs

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"errors"
	"fmt"
	"time"
)

const (
	// life is how long certificates hold. A node that must not take part any more is refused by
	// its members, who know it; a machine that was off for a year must find its way back.
	life = 10 * 365 * 24 * time.Hour
	// early is how long before it was made a certificate holds: clocks differ.
	early = 24 * time.Hour
)

// An Authority issues the certificates of a cluster's nodes.
type Authority struct {
	Cert *x509.Certificate
	Key  crypto.Signer
}

// NewAuthority makes an authority that certifies itself.
func NewAuthority(now time.Time) (Authority, error) {
	key, err := NewKey()
	if err != nil {
		return Authority{}, err
	}
	template := &x509.Certificate{
		SerialNumber: newSerial(), Subject: pkix.Name{CommonName: "confman cluster authority"},
		NotBefore: now.Add(-early), NotAfter: now.Add(life),
		IsCA: true, BasicConstraintsValid: true, MaxPathLenZero: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
	}
	cert, err := sign(template, template, key.Public(), key)
	return Authority{cert, key}, err
}

// Issue certifies that the holder of a key is a host of a cluster. The certificate holds for ten
// years, or until the authority's own ends.
func (a Authority) Issue(id Identity, key crypto.PublicKey, now time.Time) (*x509.Certificate, error) {
	until := now.Add(life)
	if a.Cert.NotAfter.Before(until) {
		until = a.Cert.NotAfter
	}
	return sign(&x509.Certificate{
		SerialNumber: newSerial(), Subject: pkix.Name{CommonName: id.Host}, DNSNames: []string{id.Name()},
		NotBefore: now.Add(-early), NotAfter: until,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}, a.Cert, key, a.Key)
}

// Grant issues the certificate that a request asks for, if it asks to be that host.
func (a Authority) Grant(id Identity, request []byte, now time.Time) (*x509.Certificate, error) {
	der, err := decodePEM(request, "CERTIFICATE REQUEST")
	if err != nil {
		return nil, err
	}
	r, err := x509.ParseCertificateRequest(der)
	if err == nil {
		err = r.CheckSignature()
	}
	if err != nil {
		return nil, fmt.Errorf("certificate request: %w", err)
	}
	return a.Issue(id, r.PublicKey, now)
}

// Request asks an authority to certify that the holder of a key is a host of a cluster, in PEM.
func Request(id Identity, key crypto.Signer) ([]byte, error) {
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{
		Subject: pkix.Name{CommonName: id.Host}, DNSNames: []string{id.Name()},
	}, key)
	return encodePEM("CERTIFICATE REQUEST", der), err
}

// Fingerprint is the SHA-256 of a certificate, in hexadecimal.
func Fingerprint(c *x509.Certificate) string {
	sum := sha256.Sum256(c.Raw)
	return hex.EncodeToString(sum[:])
}

// NewKey makes a private key.
func NewKey() (crypto.Signer, error) { return ecdsa.GenerateKey(elliptic.P256(), rand.Reader) }

func sign(template, parent *x509.Certificate, key crypto.PublicKey, by crypto.Signer) (*x509.Certificate, error) {
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key, by)
	if err != nil {
		return nil, fmt.Errorf("issue a certificate: %w", err)
	}
	return x509.ParseCertificate(der)
}

var errNoAuthority = errors.New("not the key of this authority")

// matches checks that the key is the certificate's.
func (a Authority) matches() error {
	public, comparable := a.Cert.PublicKey.(interface{ Equal(crypto.PublicKey) bool })
	if !comparable || !public.Equal(a.Key.Public()) {
		return errNoAuthority
	}
	return nil
}
