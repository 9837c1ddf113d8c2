// Package ground is where the nodes of a test run, and what can be done to them there.
//
// A ground has hosts, each with an address, a data directory and one node of confman, and faults that
// come over them: hosts are killed and paused, cut off from each other one way or both, their disks get full or
// slow, their clocks jump. There are three kinds of ground, and a test runs on the best of them that the machine
// has: containers, where a Docker engine answers; network namespaces, for root; processes on
// loopback, for everybody, where hosts cannot be cut off. All is undone at the test's end.
package ground

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// A Ground is some hosts and what connects them. Its fields are set before the first host is named.
type Ground struct {
	T testing.TB
	// Hold is how long a node holds a write that finds no leader, as a Go duration; 10s if empty.
	Hold string
	// Disk is the size of each host's disk in bytes, for FillDisk; 0 for as much as there is.
	Disk int64
	// Clocks has the hosts' clocks be settable, for SetClock.
	Clocks bool
	// Env is more settings of all nodes, each NAME=VALUE.
	Env []string

	kind  kind
	dir   string
	hosts map[string]*Host
	cuts  map[route]bool
}

// A kind is how hosts come about, and programs on them.
type kind interface {
	// String names it, for people.
	fmt.Stringer
	// settle gives a new host its addresses.
	settle(h *Host)
	// launch starts a node's program on a host.
	launch(h *Host, args, env []string) process
	// within is what runs a program in the network of a host that runs; nothing if it is this one's.
	within(h *Host) []string
}

// A process is a program that was started on a host.
type process interface {
	pid() int
	signal(s os.Signal)
	pause()
	resume()
	exited() <-chan struct{}
	code() int // behind exited
}

// Kinds of ground, for the environment variable CONFMAN_GROUND and for [Ground.Kind].
const (
	Containers = "containers"
	Namespaces = "network namespaces"
	Processes  = "processes"
)

// New returns a ground without hosts. CONFMAN_GROUND names its kind (containers, namespaces or processes); without it,
// it is the best that the machine has, which must be containers where CONFMAN_REQUIRE_DOCKER is 1.
func New(t testing.TB) *Ground {
	t.Helper()
	g := &Ground{T: t, Hold: "10s", hosts: map[string]*Host{}, cuts: map[route]bool{}}
	// Not t.TempDir: a container's root owns what is in it, and its name may be long.
	dir, err := os.MkdirTemp("", "confman-ground-")
	if err != nil {
		t.Fatal(err)
	}
	g.dir = dir
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	g.kind = pick(t)
	t.Logf("runs on %s", g.kind)
	return g
}

// pick chooses the kind of ground.
func pick(t testing.TB) kind {
	t.Helper()
	wanted := os.Getenv("CONFMAN_GROUND")
	refusals := ""
	for _, k := range []struct {
		name string
		make func(testing.TB) (kind, error)
	}{{"containers", newContainers}, {"namespaces", newNamespaces}, {"processes", newProcesses}} {
		if wanted != "" && wanted != k.name {
			continue
		}
		made, err := k.make(t)
		if err == nil {
			return made
		}
		refusals += fmt.Sprintf("\nno %s: %v", k.name, err)
		if k.name == "containers" && (wanted != "" || os.Getenv("CONFMAN_REQUIRE_DOCKER") == "1") {
			t.Fatalf("containers are required: %v", err)
		}
		t.Logf("no %s here: %v", k.name, err)
	}
	t.Fatalf("there is no ground to run on (CONFMAN_GROUND=%q):%s", wanted, refusals)
	return nil
}

// Kind is Containers, Namespaces or Processes.
func (g *Ground) Kind() string { return g.kind.String() }

// Host returns a host by its name, such as n1. One that is named for the first time is new, and nothing runs on it.
func (g *Ground) Host(name string) *Host {
	g.T.Helper()
	if h := g.hosts[name]; h != nil {
		return h
	}
	h := g.newHost(name)
	g.hosts[name] = h
	return h
}

// Hosts returns all hosts by their names.
func (g *Ground) Hosts() []*Host {
	var all []*Host
	for _, name := range slices.Sorted(maps.Keys(g.hosts)) {
		all = append(all, g.hosts[name])
	}
	return all
}

// Addrs are where the hosts' nodes answer Redis clients.
func (g *Ground) Addrs() (all []string) {
	for _, h := range g.Hosts() {
		all = append(all, h.Addr)
	}
	return all
}

// Found starts a cluster of n voters on the hosts n1, n2, and so on, and waits until each takes part.
func (g *Ground) Found(n int) []*Host {
	g.T.Helper()
	var all []*Host
	for i := range n {
		h := g.Host(fmt.Sprintf("n%d", i+1))
		if i == 0 {
			h.Start()
		} else {
			h.Start("--join", all[0].Token())
		}
		all = append(all, h)
	}
	for _, h := range all {
		h.Eventually(fmt.Sprintf("it is one of %d voters", n), func() bool {
			return h.TakesPart() && h.Info()["raft_voters"] == fmt.Sprint(n)
		})
	}
	return all
}

// running are the hosts whose nodes run and are not paused.
func (g *Ground) running() []*Host {
	return slices.DeleteFunc(g.Hosts(), func(h *Host) bool { return !h.Running() || h.paused })
}

// Leader waits until one of the nodes leads that run and reach a majority, and returns its host. (Who was cut off
// takes itself for the leader for a while.)
func (g *Ground) Leader() (leads *Host) {
	g.T.Helper()
	g.eventually("somebody leads", func() bool {
		for _, h := range g.running() {
			if g.reachesMost(h) && h.Info()["raft_role"] == "leader" {
				leads = h
				return true
			}
		}
		return false
	})
	return leads
}

// reachesMost reports whether a host and those with which it is connected both ways are a majority of all.
func (g *Ground) reachesMost(h *Host) bool {
	reached := 0
	for name := range g.hosts {
		if !g.cuts[route{h.Name, name}] && !g.cuts[route{name, h.Name}] {
			reached++
		}
	}
	return reached > len(g.hosts)/2
}

// Settled waits until all nodes that run are at one revision, and returns the hash of their state. Two that
// have different states at one revision end the test.
func (g *Ground) Settled() (hash string) {
	g.T.Helper()
	g.eventually("all nodes are at one revision", func() bool {
		states := map[string]string{} // by revision
		for _, h := range g.running() {
			info := h.Info()
			revision, state := info["applied_revision"], info["state_hash"]
			if before, known := states[revision]; known && before != state {
				g.T.Fatalf("at revision %s %s has the state %s, and another node %s", revision, h.Name, state, before)
			}
			states[revision], hash = state, state
		}
		_, unknown := states[""]
		return len(states) == 1 && !unknown
	})
	return hash
}

// eventually waits for a condition, for at most a minute.
func (g *Ground) eventually(what string, holds func() bool) {
	g.T.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(time.Minute)
	for !holds() {
		select {
		case <-tick.C:
		case <-deadline:
			g.T.Fatalf("never: %s\n%s", what, g.state())
		}
	}
}

// state is what the nodes say of themselves, for people.
func (g *Ground) state() string {
	var b strings.Builder
	for _, h := range g.Hosts() {
		info := h.Info()
		fmt.Fprintf(&b, "%s %s: runs %v, paused %v, role %q, leader %q, revision %q, voters %q, health %q\n", h.Name, h.Addr,
			h.Running(), h.paused, info["raft_role"], info["raft_leader"], info["applied_revision"], info["raft_voters"], info["health"])
	}
	for r := range g.cuts {
		fmt.Fprintf(&b, "cut: %s > %s\n", r.from, r.to)
	}
	return b.String()
}

// path is a directory of the ground's own.
func (g *Ground) path(parts ...string) string {
	return filepath.Join(append([]string{g.dir}, parts...)...)
}
