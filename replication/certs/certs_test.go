package certs

import (
	"crypto/tls"
	"errors"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var (
	now   = time.Now()
	one   = Identity{"00c1", "host-1"}
	two   = Identity{"00c1", "host-2"}
	quiet = slog.New(slog.DiscardHandler)
)

// authority makes an authority in a folder of its own.
func authority(t *testing.T) (Authority, Folder) {
	t.Helper()
	a, err := NewAuthority(now)
	if err != nil {
		t.Fatal(err)
	}
	f := Folder(t.TempDir())
	if err := f.WriteAuthority(a); err != nil {
		t.Fatal(err)
	}
	return a, f
}

// keyring makes a node's folder, certified by an authority.
func keyring(t *testing.T, a Authority, id Identity) (*Keyring, Folder) {
	t.Helper()
	f := Folder(filepath.Join(t.TempDir(), "tls"))
	if err := f.Certify(a, id, now); err != nil {
		t.Fatal(err)
	}
	k, err := Open(f, id, time.Now, quiet)
	if err != nil {
		t.Fatal(err)
	}
	return k, f
}

// handshake connects two sides and returns whom the server has recognised.
func handshake(t *testing.T, server, client *tls.Config) (peer Identity, found bool, err error) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	b, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	a, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	s := tls.Server(a, server)
	served := make(chan error, 1)
	go func() { served <- s.Handshake() }()
	err = tls.Client(b, client).Handshake()
	if err != nil {
		_ = b.Close()
	}
	if err := errors.Join(err, <-served); err != nil {
		return Identity{}, false, err
	}
	return PeerOf(s.ConnectionState())
}

func TestNodesOfOneAuthorityKnowEachOther(t *testing.T) {
	a, _ := authority(t)
	first, _ := keyring(t, a, one)
	second, _ := keyring(t, a, two)
	peer, found, err := handshake(t, first.Server(), second.Client(one.Host))
	if err != nil || !found || peer != two {
		t.Errorf("the server sees %v, %v, %v", peer, found, err)
	}
	if _, _, err := handshake(t, first.Server(), second.Client("host-3")); err == nil {
		t.Error("one host passed for another")
	}
	elsewhere, _ := keyring(t, a, Identity{"00c2", "host-1"})
	if _, _, err := handshake(t, elsewhere.Server(), second.Client(one.Host)); err == nil {
		t.Error("a host of another cluster passed for one of this")
	}
	if _, _, err := handshake(t, elsewhere.Server(), second.Anybody()); err != nil {
		t.Errorf("an authority's nodes can ask each other: %v", err)
	}
}

// Whether a certificate holds is for the clock to say that a node was given.
func TestACertificateHoldsByTheNodesClock(t *testing.T) {
	a, _ := authority(t)
	_, f := keyring(t, a, one)
	second, _ := keyring(t, a, two)
	ahead := time.Duration(0)
	first, err := Open(f, one, func() time.Time { return time.Now().Add(ahead) }, quiet)
	if err != nil {
		t.Fatal(err)
	}
	ways := map[string]func() [2]*tls.Config{
		"as a server":    func() [2]*tls.Config { return [2]*tls.Config{first.Server(), second.Client(one.Host)} },
		"as a client":    func() [2]*tls.Config { return [2]*tls.Config{second.Server(), first.Client(two.Host)} },
		"asking anybody": func() [2]*tls.Config { return [2]*tls.Config{second.Server(), first.Anybody()} },
	}
	for name, way := range ways {
		ahead = 0
		if _, _, err := handshake(t, way()[0], way()[1]); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		ahead = time.Until(second.Expires().Add(time.Hour))
		if _, _, err := handshake(t, way()[0], way()[1]); err == nil || !strings.Contains(err.Error(), "expired") {
			t.Errorf("%s: a certificate that has expired by its clock: %v", name, err)
		}
	}
	if _, err := Open(f, one, func() time.Time { return time.Now().Add(ahead) }, quiet); err == nil {
		t.Error("a certificate of its own that has expired was taken")
	}
}

func TestAStrangersCertificateIsRefused(t *testing.T) {
	a, _ := authority(t)
	other, _ := authority(t)
	first, _ := keyring(t, a, one)
	stranger, _ := keyring(t, other, two)
	for name, pair := range map[string][2]*tls.Config{
		"as a client":    {first.Server(), stranger.Client(one.Host)},
		"as a server":    {stranger.Server(), first.Client(two.Host)},
		"asking anybody": {stranger.Server(), first.Anybody()},
	} {
		if _, _, err := handshake(t, pair[0], pair[1]); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	old := first.Client(one.Host)
	old.MinVersion, old.MaxVersion = tls.VersionTLS12, tls.VersionTLS12
	if _, _, err := handshake(t, first.Server(), old); err == nil {
		t.Error("TLS 1.2 was spoken")
	}
}

func TestWhoJoinsKnowsTheClusterByItsFingerprint(t *testing.T) {
	a, _ := authority(t)
	other, _ := authority(t)
	first, _ := keyring(t, a, one)
	if got := first.Root(); !got.Equal(a.Cert) {
		t.Errorf("vouched for by %v", got.Subject)
	}
	_, found, err := handshake(t, first.Server(), Joining(one.Cluster, Fingerprint(a.Cert), time.Now))
	if err != nil || found {
		t.Errorf("joining: known %v, %v", found, err)
	}
	if _, _, err := handshake(t, first.Server(), Joining(one.Cluster, Fingerprint(other.Cert), time.Now)); err == nil || !strings.Contains(err.Error(), "its authority is another one") {
		t.Errorf("another authority: %v", err)
	}
	if _, _, err := handshake(t, first.Server(), Joining("00c2", Fingerprint(a.Cert), time.Now)); err == nil || !strings.Contains(err.Error(), "it is of cluster 00c1") {
		t.Errorf("another cluster: %v", err)
	}
	// Whoever shows an authority without being certified by it is nobody.
	fake, _ := keyring(t, other, one)
	fake.held.root = a.Cert
	if _, _, err := handshake(t, fake.Server(), Joining(one.Cluster, Fingerprint(a.Cert), time.Now)); err == nil {
		t.Error("a forged chain was believed")
	}
}

// An authority is exchanged while the node runs: both are believed for a while, then the old one is not.
func TestCertificatesAreReadAgainWhenTheyChange(t *testing.T) {
	old, _ := authority(t)
	next, _ := authority(t)
	first, f1 := keyring(t, old, one)
	second, f2 := keyring(t, old, two)
	works := func(want bool, when string) {
		t.Helper()
		if _, _, err := handshake(t, first.Server(), second.Client(one.Host)); (err == nil) != want {
			t.Errorf("%s: %v", when, err)
		}
	}
	for _, f := range []Folder{f1, f2} { // both believe in both
		if err := f.Write(AuthorityFile, EncodeCerts(old.Cert, next.Cert)); err != nil {
			t.Fatal(err)
		}
	}
	works(true, "both are believed")
	if err := f1.Certify(next, one, now); err != nil {
		t.Fatal(err)
	}
	works(true, "one is certified by the new one")
	if !first.Root().Equal(next.Cert) {
		t.Error("the new certificate is not used")
	}
	if err := f1.Write(AuthorityFile, EncodeCerts(next.Cert)); err != nil {
		t.Fatal(err)
	}
	works(false, "two is certified by the old one alone")
	if err := f2.Certify(next, two, now); err != nil {
		t.Fatal(err)
	}
	works(true, "both are certified by the new one")
	if err := f1.Write(NodeFile, []byte("nothing")); err != nil {
		t.Fatal(err)
	}
	works(true, "what cannot be used is left alone")
	if err := f1.Write(NodeFile, EncodeCerts(next.Cert)); err != nil { // not the key's
		t.Fatal(err)
	}
	works(true, "what does not go together is left alone")
}

func TestWhatDoesNotFitIsRefusedWithAReason(t *testing.T) {
	a, _ := authority(t)
	_, f := keyring(t, a, one)
	if _, err := Open(f, two, time.Now, quiet); err == nil || !strings.Contains(err.Error(), "this is host host-2") {
		t.Errorf("of another host: %v", err)
	}
	if _, err := Open(Folder(t.TempDir()), one, time.Now, quiet); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("nothing there: %v", err)
	}
	later, err := a.Issue(one, a.Key.Public(), now.Add(2*life))
	if err != nil || !later.NotAfter.Equal(a.Cert.NotAfter) {
		t.Errorf("outlives its authority until %v, %v", later.NotAfter, err)
	}
	if _, err := IdentityOf(a.Cert); err == nil {
		t.Error("an authority is a host")
	}
	other, _ := authority(t)
	key, err := encodeKey(other.Key)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.TakeAuthorityKey(key); !errors.Is(err, errNoAuthority) || f.Has(AuthorityKeyFile) {
		t.Errorf("the key of another authority: %v", err)
	}
	if key, err = encodeKey(a.Key); err != nil {
		t.Fatal(err)
	}
	if err := f.TakeAuthorityKey(key); err != nil {
		t.Error(err)
	}
	if back, err := f.Authority(); err != nil || !back.Cert.Equal(a.Cert) {
		t.Errorf("taken: %v", err)
	}
}

// An authority certifies who it is told, whatever the request says.
func TestARequestIsGranted(t *testing.T) {
	a, _ := authority(t)
	key, err := NewKey()
	if err != nil {
		t.Fatal(err)
	}
	request, err := Request(two, key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := a.Grant(one, request, now)
	if err != nil {
		t.Fatal(err)
	}
	if id, err := IdentityOf(cert); err != nil || id != one {
		t.Errorf("granted to %v, %v", id, err)
	}
	for _, bad := range []string{"", "nonsense", strings.Replace(string(request), "A", "B", 9)} {
		if _, err := a.Grant(one, []byte(bad), now); err == nil {
			t.Errorf("%.20q was granted", bad)
		}
	}
}

func TestFilesAreTheirOwnersAlone(t *testing.T) {
	a, _ := authority(t)
	_, f := keyring(t, a, one)
	info, err := os.Stat(string(f))
	if err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("folder: %v, %v", info.Mode(), err)
	}
	for _, name := range []string{NodeFile, NodeKeyFile, AuthorityFile} {
		if info, err := os.Stat(f.path(name)); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", name, info.Mode(), err)
		}
	}
}

func TestNames(t *testing.T) {
	for name, want := range map[string]bool{
		one.Name(): true, "host.confman.internal": false, "a.b.c.confman.internal": false, "a.b.example.com": false,
		".b.confman.internal": false, JoinName: false, "": false,
	} {
		if id, ok := ParseName(name); ok != want || ok && id != one {
			t.Errorf("%s: %v, %v", name, id, ok)
		}
	}
}
