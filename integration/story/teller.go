package story

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"confman/integration/ground"
	"confman/integration/load"
)

// A Teller has a story happen on a ground. It belongs to one goroutine.
type Teller struct {
	T      testing.TB
	Ground *ground.Ground
	Name   string // of the story, for what it reports
	Seed   uint64 // of the loads
	// Loads makes the loads that stories name.
	Loads map[string]func() load.Load
	// Counts is how often each word happened, for each host that it named.
	Counts map[string]int
	// Quiet has it not log each step.
	Quiet bool

	names  map[string]*ground.Host
	trying bool                    // what may be refused, and need not be waited for
	ids    map[*ground.Host]string // numbers of nodes that were asked for them
	loads  []load.Load
	addrs  []string // of the nodes that they work on: those that were there when they began
	ends   context.CancelFunc
	work   sync.WaitGroup
}

// Tell has all steps happen, and then checks: all faults end, all nodes are at one state, and the loads
// were told nothing that is not so. It skips the test where a fault cannot happen.
func (t *Teller) Tell(steps []Step) {
	t.T.Helper()
	for _, s := range steps {
		if w, _, err := word(s.Text); s.Want == nil && err == nil && w.Fault != "" {
			if err := t.Ground.Can(w.Fault); err != nil {
				t.T.Skipf("%s:%d: %s: %v", t.Name, s.Line, s.Text, err)
			}
		}
	}
	for _, s := range steps {
		t.Do(s)
	}
	for name, r := range t.End() {
		t.note("%s: %s", name, r)
		for _, v := range r.Violations {
			t.T.Errorf("%s: %s: %s", t.Name, name, v)
		}
	}
}

// Do has one step happen.
func (t *Teller) Do(s Step) {
	t.T.Helper()
	if t.names == nil {
		t.names, t.ids, t.Counts = map[string]*ground.Host{}, map[*ground.Host]string{}, map[string]int{}
	}
	began := time.Now()
	defer func() {
		if took := time.Since(began); !t.Quiet || t.T.Failed() || took > 5*time.Second {
			t.note("%d: %s (%v)", s.Line, s.Text, time.Since(began).Round(time.Millisecond))
		}
	}()
	if s.Want != nil {
		t.types(s)
		return
	}
	w, args, err := word(s.Text)
	if err == nil {
		err = w.do(t, args)
	}
	if err != nil {
		t.T.Fatalf("%s:%d: %s: %v", t.Name, s.Line, s.Text, err)
	}
	t.Counts[w.Name] += max(1, len(args)-strings.Count(w.Args, " "))
}

// types types a line into redis-cli, and compares what it shows.
func (t *Teller) types(s Step) {
	t.T.Helper()
	parts := prompt.FindStringSubmatch(s.Text)
	hosts, err := t.hosts(parts[2:3])
	if err != nil {
		t.T.Fatalf("%s:%d: %s: %v", t.Name, s.Line, s.Text, err)
	}
	h, shown := hosts[0], ""
	ask := func() bool {
		shown = redisCLI(h.Addr, parts[3])
		return s.answers(shown)
	}
	if parts[1] == "soon" {
		defer func() {
			if t.T.Failed() {
				t.T.Logf("%s:%d: %s: shows at last\n%s", t.Name, s.Line, s.Text, shown)
			}
		}()
		h.Eventually(fmt.Sprintf("%s:%d: %s", t.Name, s.Line, s.Text), ask)
	} else if !ask() {
		t.T.Errorf("%s:%d: %s\nshows\n%s\nand not\n%s", t.Name, s.Line, s.Text, shown, strings.Join(s.Want, "\n"))
	}
}

// redisCLI returns what redis-cli shows of a line that is typed into it.
func redisCLI(addr, line string) string {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	host, port, _ := strings.Cut(addr, ":")
	cmd := exec.CommandContext(ctx, "redis-cli", "--no-raw", "-h", host, "-p", port)
	cmd.Stdin = strings.NewReader(line + "\n")
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr, cmd.WaitDelay = &out, &out, time.Second
	_ = cmd.Run() // what went wrong is shown
	return took.ReplaceAllString(out.String(), "")
}

// took is how redis-cli tells that an answer took more than half a second.
var took = regexp.MustCompile(`(?m)^\(\d+\.\d\ds\)\n`)

// hosts are those that a line names.
func (t *Teller) hosts(words []string) (all []*ground.Host, err error) {
	t.T.Helper()
	for _, name := range words {
		known := t.names[name]
		switch {
		case known != nil:
			all = append(all, known)
		case name == "all":
			all = append(all, t.members()...)
		case name == "leader":
			all = append(all, t.Ground.Leader())
		case name == "follower":
			leads := t.Ground.Leader()
			at := slices.IndexFunc(t.Ground.Hosts(), func(h *ground.Host) bool { return h != leads && h.Running() })
			if at < 0 {
				return nil, errors.New("nobody follows")
			}
			all = append(all, t.Ground.Hosts()[at])
		case strings.HasPrefix(name, "n") && len(name) == 2:
			all = append(all, t.Ground.Host(name))
		default:
			return nil, fmt.Errorf("%q is no host: n1, n2 ..., leader, follower, all, or a name that was given", name)
		}
	}
	return all, nil
}

// members are the hosts that have data: what was removed is none.
func (t *Teller) members() []*ground.Host {
	return slices.DeleteFunc(t.Ground.Hosts(), func(h *ground.Host) bool {
		_, err := os.Stat(h.Dir)
		return err != nil
	})
}

// other returns a host whose node runs, but not the one.
func (t *Teller) other(than *ground.Host) *ground.Host {
	for _, h := range t.Ground.Hosts() {
		if h != than && h.Info()["node_id"] != "" {
			return h
		}
	}
	return nil
}

func (t *Teller) note(format string, args ...any) {
	t.T.Helper()
	t.T.Logf(t.Name+": "+format, args...)
}

// startLoads has loads work until the story's end.
func startLoads(t *Teller, args []string) error {
	if t.ends == nil {
		var ctx context.Context
		ctx, t.ends = context.WithCancel(context.Background())
		t.T.Cleanup(func() { t.ends(); t.work.Wait() })
		return t.startLoads(ctx, args)
	}
	return errors.New("loads work already: name all of them in one line")
}

func (t *Teller) startLoads(ctx context.Context, names []string) error {
	t.addrs = t.Ground.Addrs()
	for i, name := range names {
		make := t.Loads[name]
		if make == nil {
			return fmt.Errorf("%q is no load", name)
		}
		l := make()
		t.loads = append(t.loads, l)
		t.work.Go(func() { l.Run(ctx, t.addrs, t.Seed+uint64(i)) })
	}
	return nil
}

func progress(t *Teller, args []string) error {
	hosts, err := t.hosts(args)
	for _, h := range hosts {
		t.writes(h)
	}
	return err
}

func settled(t *Teller, _ []string) error {
	t.Ground.Settled()
	return nil
}

func calm(t *Teller, _ []string) error {
	hosts := t.members()
	t.Ground.Heal()
	for _, h := range hosts {
		h.Resume()
		h.FreeDisk()
		h.FastDisk()
		if t.Ground.Clocks {
			h.SetClock(0)
		}
	}
	if err := start(t, []string{"all"}); err != nil {
		return err
	}
	for _, h := range hosts {
		h.Eventually("it takes part", func() bool {
			if !h.Running() { // it ended just now, of what there was before
				h.Launch()
			}
			return h.TakesPart() || h.Info()["raft_role"] == "non-voter"
		})
		t.writes(h)
	}
	return nil
}

// End ends the story: see Tell. It returns what the loads have found.
func (t *Teller) End() map[string]load.Report {
	t.T.Helper()
	if err := calm(t, nil); err != nil {
		t.T.Fatalf("%s: at the end: %v", t.Name, err)
	}
	if t.ends != nil {
		t.ends()
		t.work.Wait()
	}
	t.Ground.Settled()
	for _, l := range t.loads {
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
		l.Finish(ctx, t.addrs)
		cancel()
	}
	return t.Reports()
}

// Reports are what the loads have found so far, by their names.
func (t *Teller) Reports() map[string]load.Report {
	reports := map[string]load.Report{}
	for _, l := range t.loads {
		reports[l.Name()] = l.Report()
	}
	return reports
}
