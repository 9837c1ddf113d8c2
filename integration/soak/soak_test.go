// Package soak has a nemesis come over a cluster for as long as it is told, while every load works on
// it: what the loads are told must be so, and what a node takes of its machine must not grow.
//
// By itself it goes on until what each run of the tests has to have seen was seen. CONFMAN_SOAK, a Go duration,
// has it go on for longer, and CONFMAN_SEED do once more what another run has done.
package soak

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"confman/integration/ground"
	"confman/integration/load"
	"confman/integration/story"
)

func TestMain(m *testing.M) { os.Exit(ground.Main(m)) }

// goals are what a run without a duration has to come to, by the words of stories and the names of loads.
var goals = map[string]int64{
	"kill": 12, "cut": 10, "pause": 3, "replace": 1, "join": 1, "remove": 1, // faults
	"linear": 50_000, "feed": 20_000, // what is checked
}

// patience is how long a run without a duration may take to come to its goals.
const patience = 8 * time.Minute

// TestSoak is the whole of it.
func TestSoak(t *testing.T) {
	s := newSoak(t)
	t.Logf("seed %d: CONFMAN_SEED=%d tells the same story again; it is in %s", s.seed, s.seed, s.text.Name())
	for steps := range s.nemesis.Rounds() {
		s.round(steps)
		if s.enough() || t.Failed() {
			break
		}
	}
	s.end()
}

// A soak is what is going on.
type soak struct {
	t       *testing.T
	seed    uint64
	length  time.Duration // 0 for until the goals are met
	began   time.Time
	text    *os.File // the story so far
	teller  *story.Teller
	nemesis story.Nemesis
	watched *watched
}

// spared is the host whose node is never killed.
const spared = "n1"

func newSoak(t *testing.T) *soak {
	t.Helper()
	s := &soak{t: t, seed: uint64(time.Now().Unix() % 1_000_000), began: time.Now()}
	if text := os.Getenv("CONFMAN_SEED"); text != "" {
		var err error
		if s.seed, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatalf("CONFMAN_SEED: %v", err)
		}
	}
	if text := os.Getenv("CONFMAN_SOAK"); text != "" {
		var err error
		if s.length, err = time.ParseDuration(text); err != nil {
			t.Fatalf("CONFMAN_SOAK: %v", err)
		}
	}
	g := ground.New(t)
	g.Hold = "1500ms"
	if g.Can(ground.Full) == nil {
		g.Disk = 384 << 20
	}
	g.Clocks = g.Can(ground.Clock) == nil
	path := filepath.Join(os.TempDir(), fmt.Sprintf("confman-soak-%d.txt", s.seed))
	text, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = text.Close()
		if !t.Failed() {
			_ = os.Remove(path) // it can be made again
		}
	})
	s.text = text
	s.teller = &story.Teller{T: t, Ground: g, Name: "soak", Seed: s.seed, Loads: load.All, Quiet: true}
	s.nemesis = story.Nemesis{Seed: s.seed, Can: g.Can, Nodes: 3, Spared: spared}
	s.round([]story.Step{{Text: "nodes 3"}})
	// What is kept of the past is soon as much as may be, so that what grows on shows.
	for _, bound := range []string{"history-bytes", "audit-bytes"} {
		client := g.Host(spared).Client()
		if err := client.ConfigSet(t.Context(), bound, strconv.Itoa(16<<20)).Err(); err != nil {
			t.Fatal(err)
		}
		_ = client.Close()
	}
	if len(load.All) > 0 {
		s.round([]story.Step{{Text: "load " + strings.Join(slices.Sorted(maps.Keys(load.All)), " ")}})
	}
	s.watched = watch(t, g.Host(spared))
	return s
}

// round has the steps of one round happen, and looks at what the loads and the nodes say.
func (s *soak) round(steps []story.Step) {
	s.t.Helper()
	for _, step := range steps {
		if _, err := fmt.Fprintln(s.text, step.Text); err != nil {
			s.t.Fatal(err)
		}
		s.teller.Do(step)
	}
	if s.watched != nil {
		s.watched.look()
	}
	for name, r := range s.teller.Reports() {
		if len(r.Violations) > 0 {
			s.t.Errorf("%s: %s", name, strings.Join(r.Violations, "\n"))
		}
	}
}

// enough reports whether it has gone on for long enough.
func (s *soak) enough() bool {
	s.t.Helper()
	if s.length > 0 {
		return time.Since(s.began) >= s.length
	}
	missing := s.missing()
	if len(missing) > 0 && time.Since(s.began) > patience {
		s.t.Errorf("after %v there is still too little: %s", patience, strings.Join(missing, ", "))
		return true
	}
	return len(missing) == 0
}

// missing are the goals that are not met.
func (s *soak) missing() (all []string) {
	reports := s.teller.Reports()
	for name, goal := range goals {
		done := int64(s.teller.Counts[name])
		if r, found := reports[name]; found {
			done = r.Checked
		}
		if _, isLoad := load.All[name]; !isLoad && s.cannot(name) {
			continue
		}
		if done < goal {
			all = append(all, fmt.Sprintf("%s %d of %d", name, done, goal))
		}
	}
	return all
}

// cannot reports whether a word never happens on this ground.
func (s *soak) cannot(name string) bool {
	w, found := story.Words[name]
	return !found || w.Fault != "" && s.teller.Ground.Can(w.Fault) != nil
}

// end checks what can be checked at the end only, and tells what there was.
func (s *soak) end() {
	s.t.Helper()
	reports := s.teller.End()
	for name, r := range reports {
		if len(r.Violations) > 0 {
			s.t.Errorf("%s: %s", name, strings.Join(r.Violations, "\n"))
		}
	}
	if r := reports["linear"]; 100*r.Ambiguous < 3*r.Operations {
		s.t.Errorf("of %d operations the outcome of %d is not known: too few to tell", r.Operations, r.Ambiguous)
	}
	s.watched.check()
	table := s.table(reports)
	s.t.Logf("after %v, on %s:\n%s\n%s", time.Since(s.began).Round(time.Second), s.teller.Ground.Kind(), table, s.watched)
	if os.Getenv("CONFMAN_WRITE_TABLES") == "1" {
		s.write(table)
	}
}
