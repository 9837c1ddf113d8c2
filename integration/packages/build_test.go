package packages

import (
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"confman/integration/ground"
)

// A release is the packages of a version, for this machine.
type release struct{ version, deb, rpm string }

var releases struct {
	once     sync.Once
	old, new release
	err      error
}

// bothReleases builds two versions once for all tests.
func bothReleases(t *testing.T) (old, new release) {
	t.Helper()
	releases.once.Do(func() {
		for version, to := range map[string]*release{"v1.0.0": &releases.old, "v1.1.0": &releases.new} {
			out := filepath.Join(scratch, version)
			if releases.err = build(t, ground.Root(t), out, version, runtime.GOARCH); releases.err != nil {
				return
			}
			to.version = version
			to.deb, to.rpm = only(t, out, "*.deb"), only(t, out, "*.rpm")
		}
	})
	if releases.err != nil {
		t.Fatal(releases.err)
	}
	return releases.old, releases.new
}

// build builds the packages of a version as make packages does.
func build(t *testing.T, source, out, version, architectures string) error {
	t.Helper()
	cmd := exec.Command("make", "--no-print-directory", "packages", "VERSION="+version, "OUT="+out, "ARCHITECTURES="+architectures,
		"SOURCE_DATE_EPOCH=1795884667", "COMMIT=0123456789ab", "DATE=2026-11-28", "COMPRESSION=zstd")
	cmd.Dir = source
	output, err := cmd.CombinedOutput()
	if err != nil {
		t.Logf("%s", output)
	}
	return err
}

func only(t *testing.T, dir, pattern string) string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(dir, pattern))
	if err != nil || len(found) != 1 {
		t.Fatalf("%s in %s: %v %v", pattern, dir, found, err)
	}
	return found[0]
}

// Nobody need trust who built a package: whoever builds the commit gets the same bytes, in another place, of files with
// other modes and times, and in another time zone.
func TestPackagesAreReproducible(t *testing.T) {
	source := ground.Root(t)
	elsewhere := filepath.Join(t.TempDir(), "a place of another name")
	copyTree(t, source, elsewhere)
	here, there := filepath.Join(t.TempDir(), "dist"), filepath.Join(t.TempDir(), "dist")
	if err := build(t, source, here, "v1.0.0", "amd64 arm64"); err != nil {
		t.Fatal(err)
	}
	t.Setenv("TZ", "Pacific/Auckland")
	if err := build(t, elsewhere, there, "v1.0.0", "amd64 arm64"); err != nil {
		t.Fatal(err)
	}
	sums := func(dir string) string {
		cmd := exec.Command("sh", "-c", "sha256sum *.deb *.rpm *.cdx.json")
		cmd.Dir = dir
		out, err := cmd.Output()
		if err != nil {
			t.Fatal(err)
		}
		return string(out)
	}
	first, second := sums(here), sums(there)
	if strings.Count(first, "\n") != 6 || first != second {
		t.Errorf("the first time:\n%s\nthe second time:\n%s", first, second)
	}
}

// copyTree copies what git knows of, as its files are now, with the time of now.
func copyTree(t *testing.T, from, to string) {
	t.Helper()
	script := `mkdir -p "$1/bin/tools" && umask 077 && git ls-files -z --cached --others --exclude-standard | xargs -0 cp --parents -t "$1" &&
		cp bin/tools/nfpm "$1/bin/tools/"`
	cmd := exec.Command("sh", "-c", script, "sh", to)
	cmd.Dir = from
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}
