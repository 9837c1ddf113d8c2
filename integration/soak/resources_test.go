package soak

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"confman/integration/ground"
)

// watched is a node whose process lives from the beginning to the end, and what it took of its machine.
type watched struct {
	t     *testing.T
	h     *ground.Host
	pid   int
	since time.Time // it has this process
	took  []sample
}

// A sample is what a node took at one time, while all was calm.
type sample struct {
	memory      int64 // resident, in bytes
	descriptors int64
	goroutines  int64
	disk        int64 // of its data directory, in bytes
}

// quantities are what a sample is of: its name, and how much more of it may be chance.
var quantities = []struct {
	name  string
	unit  int64
	units string
	slack int64
	of    func(sample) int64
}{
	{"memory", 1 << 20, "MiB", 16 << 20, func(s sample) int64 { return s.memory }},
	{"file descriptors", 1, "", 24, func(s sample) int64 { return s.descriptors }},
	{"goroutines", 1, "", 32, func(s sample) int64 { return s.goroutines }},
	{"disk", 1 << 20, "MiB", 16 << 20, func(s sample) int64 { return s.disk }},
}

func watch(t *testing.T, h *ground.Host) *watched {
	return &watched{t: t, h: h, pid: h.Pid(), since: time.Now()}
}

// look takes a sample.
func (w *watched) look() {
	w.t.Helper()
	if pid := w.h.Pid(); pid != w.pid {
		w.t.Logf("%s has another process: what it takes counts anew", w.h.Name)
		w.pid, w.since, w.took = pid, time.Now(), nil
	}
	var s sample
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", w.pid))
	for line := range strings.Lines(string(status)) {
		if kib, found := strings.CutPrefix(line, "VmRSS:"); found {
			n, perr := strconv.ParseInt(strings.Fields(kib)[0], 10, 64)
			s.memory, err = n<<10, errors.Join(err, perr)
		}
	}
	open, oerr := os.ReadDir(fmt.Sprintf("/proc/%d/fd", w.pid))
	s.descriptors = int64(len(open))
	s.goroutines, _ = strconv.ParseInt(w.h.Info()["goroutines"], 10, 64)
	werr := filepath.WalkDir(w.h.Dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil {
			if errors.Is(err, fs.ErrNotExist) {
				return nil // it went while it was looked at
			}
			return err
		}
		if info, err := d.Info(); err == nil && info.Mode().IsRegular() {
			s.disk += info.Size()
		}
		return nil
	})
	if err := errors.Join(err, oerr, werr); err != nil {
		w.t.Errorf("what %s takes: %v", w.h.Name, err)
		return
	}
	w.took = append(w.took, s)
}

// parts are how many parts the samples are cut into: the first is for warming up, and the last must not
// have more than the second.
const parts = 4

// of returns the median of one quantity in one of the parts.
func (w *watched) of(quantity func(sample) int64, part int) int64 {
	var all []int64
	for _, s := range w.took[len(w.took)*part/parts : len(w.took)*(part+1)/parts] {
		all = append(all, quantity(s))
	}
	slices.Sort(all)
	return all[len(all)/2]
}

// longRun is how long a node must have worked before what it takes has come to its bounds: until then it keeps ever more of the
// past, as it is meant to.
const longRun = 40 * time.Minute

// check fails the test if the node took more and more in the long run.
func (w *watched) check() {
	w.t.Helper()
	if age := time.Since(w.since); age < longRun || len(w.took) < 5*parts {
		w.t.Logf("%d samples in %v are too few to say what %s takes in the long run", len(w.took), age.Round(time.Second), w.h.Name)
		return
	}
	for _, q := range quantities {
		early, late := w.of(q.of, 1), w.of(q.of, parts-1)
		if late > early+early/4+q.slack {
			w.t.Errorf("%s took more and more: %s was %d%s, and is %d%s", w.h.Name, q.name, early/q.unit, q.units, late/q.unit, q.units)
		}
	}
}

// String is what the node took, in Markdown.
func (w *watched) String() string {
	if len(w.took) < parts {
		return ""
	}
	var b strings.Builder
	fmt.Fprintf(&b, "| of the node that was never killed, %d samples | in the second quarter | in the last quarter |\n|---|---|---|\n", len(w.took))
	for _, q := range quantities {
		fmt.Fprintf(&b, "| %s | %d %s | %d %s |\n", q.name, w.of(q.of, 1)/q.unit, q.units, w.of(q.of, parts-1)/q.unit, q.units)
	}
	return b.String()
}

// version names the commit that is tested.
func version(t *testing.T) string {
	t.Helper()
	cmd := exec.Command("git", "describe", "--always", "--dirty")
	cmd.Dir = ground.Root(t)
	out, err := cmd.Output()
	if err != nil {
		return "unknown"
	}
	return strings.TrimSpace(string(out))
}
