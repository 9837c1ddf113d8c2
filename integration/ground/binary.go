package ground

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"github.com/redis/go-redis/v9"
)

var built struct {
	once   sync.Once
	dir    string // of what was built for this run; removed by Main
	binary string
	err    error
}

// Main runs a package's tests, and removes what was built for them. It returns the exit code.
func Main(m *testing.M) int {
	redis.SetLogger(silence{}) // that a node is down is what many tests are about
	code := m.Run()
	removeImages()
	if built.dir != "" {
		_ = os.RemoveAll(built.dir) // it is temporary
	}
	return code
}

type silence struct{}

func (silence) Printf(context.Context, string, ...any) {}

// Binary is the confman to test: CONFMAN_BIN, or one that is built once for this run.
func Binary(t testing.TB) string {
	t.Helper()
	binary, err := Built()
	if err != nil {
		t.Fatal(err)
	}
	return binary
}

// Built is Binary for whoever has no test yet.
func Built() (binary string, err error) {
	built.once.Do(func() {
		if built.binary = os.Getenv("CONFMAN_BIN"); built.binary != "" {
			return
		}
		var source string
		if source, built.err = root(); built.err != nil {
			return
		}
		if built.dir, built.err = os.MkdirTemp("", "confman-bin-"); built.err == nil {
			built.binary = filepath.Join(built.dir, "confman")
			built.err = Build(source, built.binary)
		}
	})
	return built.binary, built.err
}

// Root is the directory of the project: the one above the integration module.
func Root(t testing.TB) string {
	t.Helper()
	dir, err := root()
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

func root() (string, error) {
	dir, err := os.Getwd()
	for ; err == nil && dir != "/"; dir = filepath.Dir(dir) {
		if filepath.Base(dir) == "integration" {
			return filepath.Dir(dir), nil
		}
	}
	return "", fmt.Errorf("no directory named integration is above this one (%v)", err)
}

// Build builds confman from the source in a directory, as a static binary. Flags are go build's.
func Build(source, binary string, flags ...string) error {
	cmd := exec.Command("go", append(append([]string{"build", "-trimpath", "-buildvcs=false", "-o", binary}, flags...), "./cmd/confman")...)
	cmd.Dir, cmd.Env = source, append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build confman in %s: %w\n%s", source, err, out)
	}
	return nil
}
