package packages

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"

	"confman/integration/ground"
)

// Whoever has the public key can tell that a release, and each package in it, is what was published.
func TestReleaseIsSigned(t *testing.T) {
	needMachines(t) // whose Debian has rpm
	dir := t.TempDir()
	sh(t, dir, `mkdir -m 700 keys && export GNUPGHOME=keys
		gpg --batch --quiet --pinentry-mode loopback --passphrase secret --quick-gen-key 'Releases <releases@localhost>' rsa3072 sign never
		gpg --batch --pinentry-mode loopback --passphrase secret --armor --export-secret-keys >key.asc
		gpgconf --kill all`)
	t.Setenv("NFPM_PASSPHRASE", "secret")
	sh(t, ground.Root(t), fmt.Sprintf("make --no-print-directory release OUT=%s/dist SIGNING_KEY=%s/key.asc VERSION=v1.0.0 ARCHITECTURES=%s", dir, dir, runtime.GOARCH))

	sh(t, filepath.Join(dir, "dist"), `sha256sum --check --strict SHA256SUMS && test "$(wc -l <SHA256SUMS)" = 3
		mkdir -m 700 ../fresh && export GNUPGHOME=$PWD/../fresh
		gpg --batch --import confman.asc && gpg --batch --verify SHA256SUMS.asc SHA256SUMS
		ar p *.deb _gpgorigin >signature && for part in $(ar t *.deb | grep -v _gpgorigin); do ar p *.deb "$part"; done >signed
		gpg --batch --verify signature signed
		gpgconf --kill all`)
	m := newMachine(t, "keys")
	m.copyIn(filepath.Join(dir, "dist", "confman.asc"), "root/confman.asc")
	m.copyIn(only(t, filepath.Join(dir, "dist"), "*.rpm"), "root/signed.rpm")
	m.run("rpmkeys --import /root/confman.asc && rpmkeys --checksig -v /root/signed.rpm | grep 'Header V4 RSA/SHA256 Signature.*OK'")
}

func sh(t *testing.T, dir, script string) {
	t.Helper()
	cmd := exec.Command("sh", "-ec", script)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}
