package certs

import (
	"crypto"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// The files of a folder with certificates. All are PEM.
const (
	AuthorityFile    = "ca.crt"   // the authorities that are believed, one at least
	AuthorityKeyFile = "ca.key"   // of the first of them; not everybody has it
	NodeFile         = "node.crt" // of this node, and those between it and an authority
	NodeKeyFile      = "node.key" // of node.crt
)

// A Folder holds the files of one node, or of an authority alone.
type Folder string

func (f Folder) path(name string) string { return filepath.Join(string(f), name) }

// Has reports whether a file is there.
func (f Folder) Has(name string) bool {
	_, err := os.Stat(f.path(name))
	return err == nil
}

// Write puts a file in place, durably, at once or not at all, readable by its owner alone.
func (f Folder) Write(name string, content []byte) error {
	if err := os.MkdirAll(string(f), 0o700); err != nil {
		return fmt.Errorf("certificates: %w", err)
	}
	next := f.path(name) + ".new"
	file, err := os.OpenFile(next, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return fmt.Errorf("certificates: %w", err)
	}
	_, err = file.Write(content)
	if err := errors.Join(err, file.Sync(), file.Close()); err != nil {
		return fmt.Errorf("certificates: %w", err)
	}
	if err := os.Rename(next, f.path(name)); err != nil {
		return fmt.Errorf("certificates: %w", err)
	}
	dir, err := os.Open(string(f))
	if err != nil {
		return fmt.Errorf("certificates: %w", err)
	}
	return errors.Join(dir.Sync(), dir.Close())
}

// WriteAuthority writes an authority with its key.
func (f Folder) WriteAuthority(a Authority) error {
	return errors.Join(f.writeKey(AuthorityKeyFile, a.Key), f.Write(AuthorityFile, EncodeCerts(a.Cert)))
}

// Authority reads the authority whose key is in the folder. The error is an fs.ErrNotExist if
// there is none.
func (f Folder) Authority() (Authority, error) {
	text, err := os.ReadFile(f.path(AuthorityKeyFile))
	if err != nil {
		return Authority{}, err
	}
	key, err := parseKey(text)
	if err != nil {
		return Authority{}, fmt.Errorf("%s: %w", f.path(AuthorityKeyFile), err)
	}
	all, err := f.Certs(AuthorityFile)
	if err != nil {
		return Authority{}, err
	}
	for _, c := range all {
		if a := (Authority{c, key}); a.matches() == nil {
			return a, nil
		}
	}
	return Authority{}, fmt.Errorf("%s: %w", f.path(AuthorityKeyFile), errNoAuthority)
}

// TakeAuthorityKey writes the key of an authority that the folder believes in.
func (f Folder) TakeAuthorityKey(text []byte) error {
	key, err := parseKey(text)
	if err != nil {
		return err
	}
	all, err := f.Certs(AuthorityFile)
	if err != nil {
		return err
	}
	for _, c := range all {
		if (Authority{c, key}).matches() == nil {
			return f.Write(AuthorityKeyFile, text)
		}
	}
	return errNoAuthority
}

// AuthorityKey reads the authority's key as it stands in the file.
func (f Folder) AuthorityKey() ([]byte, error) { return os.ReadFile(f.path(AuthorityKeyFile)) }

// Certs reads all certificates of a file.
func (f Folder) Certs(name string) ([]*x509.Certificate, error) {
	text, err := os.ReadFile(f.path(name))
	if err != nil {
		return nil, err
	}
	all, err := ParseCerts(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.path(name), err)
	}
	return all, nil
}

// NodeKey returns the node's private key, and makes one if there is none.
func (f Folder) NodeKey() (crypto.Signer, error) {
	text, err := os.ReadFile(f.path(NodeKeyFile))
	if errors.Is(err, fs.ErrNotExist) {
		key, err := NewKey()
		return key, errors.Join(err, f.writeKey(NodeKeyFile, key))
	}
	if err != nil {
		return nil, err
	}
	key, err := parseKey(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.path(NodeKeyFile), err)
	}
	return key, nil
}

// Certify has an authority issue the node's certificate, and believes in the authority from now
// on, besides those that are believed already.
func (f Folder) Certify(a Authority, id Identity, now time.Time) error {
	key, err := f.NodeKey()
	if err != nil {
		return err
	}
	cert, err := a.Issue(id, key.Public(), now)
	if err != nil {
		return err
	}
	return f.Keep(Grant{Cert: EncodeCerts(cert), Authorities: EncodeCerts(a.Cert)})
}

// A Grant is what an authority has given a node, in PEM, and the key that it is for.
type Grant struct {
	Key               crypto.Signer // nil for the one that is there
	Cert, Authorities []byte
}

// Keep writes what was granted, and adds the authorities to those that are believed.
func (f Folder) Keep(g Grant) error {
	more, err := ParseCerts(g.Authorities)
	if err != nil {
		return fmt.Errorf("authority: %w", err)
	}
	if _, err := ParseCerts(g.Cert); err != nil {
		return fmt.Errorf("certificate: %w", err)
	}
	all, err := f.Certs(AuthorityFile)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, c := range more {
		if !slices.ContainsFunc(all, c.Equal) {
			all = append(all, c)
		}
	}
	if g.Key != nil {
		if err := f.writeKey(NodeKeyFile, g.Key); err != nil {
			return err
		}
	}
	return errors.Join(f.Write(AuthorityFile, EncodeCerts(all...)), f.Write(NodeFile, g.Cert))
}

func (f Folder) writeKey(name string, key crypto.Signer) error {
	text, err := encodeKey(key)
	if err != nil {
		return err
	}
	return f.Write(name, text)
}
