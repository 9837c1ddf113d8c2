// Package upgrade upgrades nodes under load, one by one or all at once, from the confman of an earlier commit to this
// one and back: clients see no error but from a node that is being restarted, and nothing is lost or doubled.
package upgrade

import (
	"os"
	"slices"
	"strings"
	"testing"

	"confman/integration/ground"
)

func TestMain(m *testing.M) { os.Exit(ground.Main(m)) }

// A rolling is three nodes under load that are stopped and started again with another confman, one after the other.
type rolling struct {
	t         *testing.T
	g         *ground.Ground
	hosts     []*ground.Host
	customers *customers
}

// roll starts three nodes of a confman, and clients of each.
func roll(t *testing.T, binary string) *rolling {
	t.Helper()
	r := &rolling{t: t, g: ground.New(t)}
	for _, name := range []string{"n1", "n2", "n3"} {
		r.g.Host(name).Binary = binary
	}
	r.hosts = r.g.Found(3)
	r.customers = serveCustomers(r.hosts)
	t.Cleanup(r.customers.stop)
	for _, h := range r.hosts {
		r.customers.goesOn(h)
	}
	return r
}

// restart stops a node, as an administrator does, and starts it with a confman. It returns when the node takes part and all
// clients get on, and checks that all is well then.
func (r *rolling) restart(h *ground.Host, binary string) {
	r.t.Helper()
	away := &r.customers.of(h).away
	away.Store(true)
	h.Stop()
	h.Binary = binary
	h.Start()
	h.Eventually("it takes part", h.TakesPart)
	r.customers.goesOn(h) // its clients have connected again
	away.Store(false)
	r.allIsWell()
}

// allIsWell checks that clients of all nodes get on and that none was told what cannot be, and that all nodes hold the same.
func (r *rolling) allIsWell() {
	r.t.Helper()
	for _, h := range r.hosts {
		r.customers.goesOn(h)
	}
	r.customers.quiet(func() { r.g.Settled() })
	for _, v := range r.customers.violations() {
		r.t.Error(v)
	}
	if r.t.Failed() {
		r.t.FailNow()
	}
}

// leads restarts whoever leads, until one does that runs a confman.
func (r *rolling) leads(binary string) {
	r.t.Helper()
	for range 20 {
		leader := r.g.Leader()
		if leader.Binary == binary {
			r.allIsWell()
			return
		}
		r.restart(leader, leader.Binary)
	}
	r.t.Fatalf("none leads that runs %s", binary)
}

// stopAll stops all nodes, none of which has a write to hold meanwhile.
func (r *rolling) stopAll() {
	r.customers.quiet(func() {
		for _, one := range r.customers.at {
			one.away.Store(true)
			one.host.Stop()
		}
	})
}

// together stops all nodes before it starts any with another confman.
func (r *rolling) together(binary string) {
	r.t.Helper()
	r.stopAll()
	for _, h := range r.hosts {
		h.Binary = binary
		h.Launch()
	}
	for _, one := range r.customers.at {
		one.host.Eventually("it takes part", one.host.TakesPart)
		r.customers.goesOn(one.host)
		one.away.Store(false)
	}
	r.allIsWell()
}

// Nodes are upgraded one after the other, and back, under load. Whichever of them lead, none of the clients loses or doubles
// anything or sees an error but from a node that is being restarted, and nodes of both kinds hold equal state.
func TestRollingUpgrade(t *testing.T) {
	binary := ground.Binary(t)
	before := previous(t)
	t.Logf("from the confman of %s", before.commit)
	r := roll(t, before.binary)
	if before.together != "" {
		t.Logf("the changelog says that nodes of both kinds do not run side by side, so all are stopped before any is upgraded: %s", before.together)
		r.together(binary)
		return
	}
	defer func() {
		if t.Failed() {
			t.Log("If what was changed cannot run beside what was before, a line that is added to CHANGELOG.md has to say: Upgrade all nodes together.")
		}
	}()
	r.restart(r.hosts[0], binary)
	r.leads(binary)
	r.leads(before.binary)
	r.restart(r.hosts[1], binary)
	r.restart(r.hosts[2], binary)
	for _, h := range r.hosts {
		r.restart(h, before.binary)
	}
	asked, acked, reads := r.customers.totals()
	t.Logf("%d increments acknowledged, %d more in doubt, %d reads", acked, asked-acked, reads)
}

// An upgrade that all nodes take together goes from one confman to the next.
func TestUpgradeTogether(t *testing.T) {
	binary := ground.Binary(t)
	r := roll(t, binary)
	r.together(binary)
}

// A node that an upgrade has taken its data from does not take part again, so that nothing is lost with them.
func TestAnUpgradeThatForgetsANode(t *testing.T) {
	binary := ground.Binary(t)
	r := roll(t, binary)
	h := r.hosts[1]
	r.customers.of(h).away.Store(true)
	h.Stop()
	h.Wipe()
	h.Launch()
	if code := h.AwaitEnd(); code != 7 || !strings.Contains(h.Log(), "confman node replace") {
		t.Errorf("it ends with %d:\n%s", code, h.Log())
	}
	r.customers.goesOn(r.hosts[0])
	for _, v := range r.customers.violations() {
		t.Error(v)
	}
}

// An upgrade that takes the data of all nodes is noticed: what clients are told then cannot be.
func TestAnUpgradeThatForgetsIsNoticed(t *testing.T) {
	binary := ground.Binary(t)
	r := roll(t, binary)
	r.stopAll()
	for _, h := range r.hosts {
		h.Wipe()
	}
	r.hosts[0].Start()
	r.hosts[0].Eventually("its clients notice", func() bool {
		return slices.ContainsFunc(r.customers.violations(), func(v string) bool { return strings.HasPrefix(v, "counts through n1: upgrade/n1 is 1, ") })
	})
}
