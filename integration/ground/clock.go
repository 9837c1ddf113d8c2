package ground

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
)

// settableClock is the source that takes the place of confman's clock.
//
//go:embed testdata/clock.go.txt
var settableClock []byte

// clockFile is the one file of confman that knows what time it is.
const clockFile = "cmd/confman/clock.go"

var skewed struct {
	once   sync.Once
	binary string
	err    error
}

// skewable is a confman whose clock can be set: it is ahead of the machine's by the duration that stands in the file that
// CONFMAN_TEST_CLOCK names, and follows it within moments. It is built once for this run. But for the
// clock, it is the source in this tree, and what is built of that has no such switch.
func skewable(t testing.TB) (binary string) {
	t.Helper()
	Binary(t) // which may have made the directory
	skewed.once.Do(func() {
		if built.dir == "" {
			if built.dir, skewed.err = os.MkdirTemp("", "confman-bin-"); skewed.err != nil {
				return
			}
		}
		skewed.binary = filepath.Join(built.dir, "confman-skewable")
		skewed.err = buildSkewable(Root(t), built.dir, skewed.binary)
	})
	if skewed.err != nil {
		t.Fatal(skewed.err)
	}
	return skewed.binary
}

// buildSkewable has go build read another file in the clock's place.
func buildSkewable(source, dir, binary string) error {
	replaced := filepath.Join(source, clockFile)
	if _, err := os.Stat(replaced); err != nil { // an overlay would add the file
		return fmt.Errorf("there is no clock to replace: %w", err)
	}
	clock, overlay := filepath.Join(dir, "clock.go"), filepath.Join(dir, "overlay.json")
	how, err := json.Marshal(map[string]map[string]string{"Replace": {replaced: clock}})
	if err != nil {
		return err
	}
	if err := os.WriteFile(clock, settableClock, 0o600); err != nil {
		return err
	}
	if err := os.WriteFile(overlay, how, 0o600); err != nil {
		return err
	}
	return Build(source, binary, "-overlay", overlay)
}
