package replication

import (
	"errors"
	"testing"
)

// The nodes agree on one profile, whatever their settings say. When it is changed they start again one
// after the other, and are never two of them away.
func TestTheProfileIsTheClusters(t *testing.T) {
	c := three(t)
	other := c.node(t.TempDir(), c.nodes[0].Raft.Addr().String())
	other.Profile, _ = ProfileNamed("metered")
	if err := other.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	c.nodes = append(c.nodes, other)
	if got := other.Status().Profile; got != "lan" {
		t.Errorf("profile %s", got)
	}
	c.votersAre(1, 2, 3, 4)
	if _, err := other.SetProfile(t.Context(), "fast"); !errors.Is(err, ErrDeclined) {
		t.Error(err)
	}
	c.decided(other.SetProfile(t.Context(), "edge"))
	leader := c.leader()
	for range 4 {
		var next *Node
		c.eventually("one of them starts again", func() bool {
			for _, n := range c.nodes {
				if n.Err() != nil {
					next = n
				}
			}
			return next != nil
		})
		left := 0
		for _, n := range c.nodes {
			if n.Status().Profile == "lan" {
				left++
			}
			if n != next && n.Err() != nil {
				t.Error("two start again at once")
			}
		}
		if next == leader && left != 1 {
			t.Error("the leader is not the last one")
		}
		c.nextLife(next)
	}
	c.eventually("all have it", func() bool {
		said, err := c.nodes[0].SetProfile(t.Context(), "edge")
		return err == nil && said == "all nodes have profile edge"
	})
	c.votersAre(1, 2, 3, 4)
	c.same()
}
