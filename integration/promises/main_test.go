package promises

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"confman/integration/ground"
	"confman/integration/load"
	"confman/integration/story"
)

func TestMain(m *testing.M) { os.Exit(ground.Main(m)) }

// newGround returns a ground whose nodes hold writes for 1.5 s, which is how long they do unless they are told.
func newGround(t *testing.T) *ground.Ground {
	t.Helper()
	g := ground.New(t)
	g.Hold = "1500ms"
	return g
}

// tell tells a story of testdata on a ground. Whatever its loads find fails the test.
func tell(t *testing.T, g *ground.Ground, name string, loads map[string]func() load.Load) {
	t.Helper()
	f, err := os.Open(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	steps, err := story.Read(f)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	(&story.Teller{T: t, Ground: g, Name: name, Seed: 1, Loads: loads}).Tell(steps)
}

// only has stories know loads by their names.
func only(all ...load.Load) map[string]func() load.Load {
	loads := map[string]func() load.Load{}
	for _, l := range all {
		loads[l.Name()] = func() load.Load { return l }
	}
	return loads
}

// holds fails the test for each violation.
func holds(t *testing.T, violations []string) {
	t.Helper()
	for _, v := range violations {
		t.Error(v)
	}
}

// noticed is a negative control: what is wrong has to be found, by the check that found nothing before.
func noticed(t *testing.T, what string, violations []string) {
	t.Helper()
	t.Run("would be noticed: "+what, func(t *testing.T) {
		if len(violations) == 0 {
			t.Fatal("and was not")
		}
		t.Logf("%.200s", violations[0])
	})
}

// works has a load work on some nodes for as long as it takes until it has done enough, or found something, and returns what
// it has found.
func works(t *testing.T, l load.Load, addrs []string, enough func() bool) []string {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		l.Run(ctx, addrs, 1)
	}()
	await(t, "it has done enough", func() bool { return enough() || len(l.Report().Violations) > 0 })
	stop()
	<-ended
	l.Finish(t.Context(), addrs)
	return l.Report().Violations
}

// await waits for a condition, for at most half a minute.
func await(t *testing.T, what string, holds func() bool) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.After(30 * time.Second); !holds(); {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("never: %s", what)
		}
	}
}

// copyData copies the data directory of a host that does not run to another place.
func copyData(t *testing.T, from, to string) {
	t.Helper()
	if out, err := exec.Command("cp", "-a", from, to).CombinedOutput(); err != nil {
		t.Fatalf("copy %s to %s: %v\n%s", from, to, err, strings.TrimSpace(string(out)))
	}
}

// put has a directory be in the place of a host's data.
func put(t *testing.T, dir string, h *ground.Host) {
	t.Helper()
	h.Wipe()
	copyData(t, dir, h.Dir)
}

// done returns what reports whether a load has done so many operations.
func done(l load.Load, n int64) func() bool { return func() bool { return l.Report().Operations >= n } }
