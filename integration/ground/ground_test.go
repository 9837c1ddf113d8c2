package ground

import (
	"context"
	"os"
	"strings"
	"testing"
	"time"
)

func TestMain(m *testing.M) { os.Exit(Main(m)) }

// onEach runs a test on each kind of ground that the machine has.
func onEach(t *testing.T, test func(t *testing.T, g *Ground)) {
	for _, name := range []string{"containers", "namespaces", "processes"} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("CONFMAN_GROUND", name)
			if name == "containers" && os.Getenv("CONFMAN_REQUIRE_DOCKER") != "1" {
				if _, err := newContainers(t); err != nil {
					t.Skip(err)
				}
			}
			if name == "namespaces" && os.Geteuid() != 0 {
				t.Skip("network namespaces take root")
			}
			test(t, New(t))
		})
	}
}

// writes tries one write through a host.
func writes(h *Host) error {
	client := h.Client()
	defer client.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	return client.Set(ctx, "ground/x", h.Name, 0).Err()
}

// What is done to hosts happens to them, and only to them, on every kind of ground.
func TestFaults(t *testing.T) {
	onEach(t, func(t *testing.T, g *Ground) {
		g.Hold = "300ms"
		start := time.Now()
		n := g.Found(3)
		t.Logf("three nodes after %v", time.Since(start))
		for _, h := range n {
			if err := writes(h); err != nil {
				t.Errorf("a write through %s: %v", h.Name, err)
			}
		}
		g.Settled()

		t.Run("kill", func(t *testing.T) {
			leads := g.Leader()
			leads.Kill()
			if leads.Running() || len(leads.Info()) > 0 {
				t.Error("who was killed answers")
			}
			if g.Leader() == leads {
				t.Error("who was killed leads")
			}
			leads.Start()
			leads.Eventually("it takes part", leads.TakesPart)
			g.Settled()
		})
		t.Run("pause", func(t *testing.T) {
			leads := g.Leader()
			leads.Pause()
			next := g.Leader()
			next.Eventually("it takes writes", func() bool { return writes(next) == nil })
			leads.Resume()
			leads.Eventually("it follows", func() bool { return leads.Info()["raft_role"] == "follower" })
			g.Settled()
		})
		t.Run("stop", func(t *testing.T) {
			h := g.Leader()
			h.Stop()
			if !strings.Contains(h.Log(), "Ctrl-C") {
				t.Errorf("its log is not kept:\n%s", h.Log())
			}
			h.Start()
			h.Eventually("it takes part", h.TakesPart)
		})
		t.Run("cut", func(t *testing.T) {
			if err := g.Can(Cut); err != nil {
				t.Skip(err)
			}
			leads := g.Leader()
			g.Isolate(leads)
			var rest []*Host
			for _, h := range n {
				if h != leads {
					rest = append(rest, h)
				}
			}
			rest[0].Eventually("the others go on", func() bool { return writes(rest[0]) == nil })
			if err := writes(leads); err == nil {
				t.Error("who is cut off writes")
			}
			leads.Kill()
			leads.Start()
			if err := writes(leads); err == nil {
				t.Error("who is cut off writes when it was started anew")
			}
			g.Heal()
			leads.Eventually("it takes part", func() bool { return writes(leads) == nil })
			g.Settled()
		})
	})
}
