package story

import (
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"
	"strings"

	"confman/integration/ground"
)

// A Nemesis is a story that nobody has written: faults by chance, several at once. Its steps follow from its seed
// and from what the ground can, so that it can be told again.
type Nemesis struct {
	Seed uint64
	// Can returns nil for the faults that may be among it.
	Can func(fault string) error
	// Nodes is how many voters there are.
	Nodes int
	// Spared is a host whose process is never ended, so that what a process piles up can be seen; empty for none.
	Spared string
}

// Rounds yields one round after the other, each a few steps long. Behind a round all is calm, and members have
// changed now and then.
func (n Nemesis) Rounds() iter.Seq[[]Step] {
	return func(yield func([]Step) bool) {
		for round := uint64(0); ; round++ {
			c := &chance{Nemesis: n, rand: rand.New(rand.NewPCG(n.Seed, round)), hosts: map[string]*condition{}}
			for i := range n.Nodes {
				c.hosts[fmt.Sprintf("n%d", i+1)] = &condition{}
			}
			c.round(round)
			if !yield(c.steps) {
				return
			}
		}
	}
}

// chance draws one round.
type chance struct {
	Nemesis
	rand  *rand.Rand
	hosts map[string]*condition
	steps []Step
}

// A condition is what was done to a host in this round.
type condition struct{ down, paused, cut, full, slow, skewed bool }

// A blow is something that can be done to a host in its condition.
type blow struct {
	weight int
	fault  string
	ends   bool // the host's process
	can    func(*condition) bool
	do     func(c *chance, name string, h *condition)
}

func up(h *condition) bool   { return !h.down && !h.paused }
func down(h *condition) bool { return h.down }

var blows = []blow{
	{weight: 6, ends: true, can: up, do: func(c *chance, name string, h *condition) {
		c.say("kill %s", name)
		*h = condition{down: true, cut: h.cut, full: h.full, skewed: h.skewed}
	}},
	{weight: 8, can: down, do: func(c *chance, name string, h *condition) {
		c.say("start %s", name)
		h.down = false
	}},
	{weight: 2, ends: true, can: up, do: func(c *chance, name string, h *condition) {
		c.say("stop %s", name)
		*h = condition{down: true, cut: h.cut, full: h.full, skewed: h.skewed}
	}},
	{weight: 3, can: up, do: func(c *chance, name string, h *condition) {
		c.say("pause %s", name)
		h.paused = true
	}},
	{weight: 5, can: func(h *condition) bool { return h.paused }, do: func(c *chance, name string, h *condition) {
		c.say("resume %s", name)
		h.paused = false
	}},
	{weight: 4, fault: ground.Cut, can: func(h *condition) bool { return !h.cut }, do: func(c *chance, name string, h *condition) {
		c.say("cut %s", name)
		h.cut = true
	}},
	{weight: 3, fault: ground.Cut, can: func(*condition) bool { return true }, do: func(c *chance, name string, _ *condition) {
		c.say("cut %s>%s", name, c.another(name))
	}},
	{weight: 3, fault: ground.Cut, can: func(h *condition) bool { return h.cut }, do: func(c *chance, _ string, _ *condition) {
		c.say("heal")
		for _, h := range c.hosts {
			h.cut = false
		}
	}},
	{weight: 1, fault: ground.Full, can: func(h *condition) bool { return !h.full }, do: func(c *chance, name string, h *condition) {
		left := []int{12 << 20, 2 << 20, 0}[c.rand.IntN(3)]
		if name == c.Spared {
			left = 12 << 20 // with less its process may end
		}
		c.say("fill-disk %s %d", name, left)
		h.full = true
	}},
	{weight: 2, fault: ground.Full, can: func(h *condition) bool { return h.full }, do: func(c *chance, name string, h *condition) {
		c.say("free-disk %s", name)
		h.full = false
	}},
	{weight: 1, fault: ground.Slow, can: func(h *condition) bool { return up(h) && !h.slow }, do: func(c *chance, name string, h *condition) {
		c.say("slow-disk %s %dms", name, 20+c.rand.IntN(2000))
		h.slow = true
	}},
	{weight: 2, fault: ground.Clock, can: func(h *condition) bool { return !h.skewed }, do: func(c *chance, name string, h *condition) {
		c.say("clock %s %s", name, []string{"+1h", "-1h", "+3s"}[c.rand.IntN(3)])
		h.skewed = true
	}},
	{weight: 2, can: up, do: func(c *chance, name string, _ *condition) { c.say("try transfer %s", name) }},
}

func (c *chance) say(format string, args ...any) {
	c.steps = append(c.steps, Step{Line: len(c.steps) + 1, Text: fmt.Sprintf(format, args...)})
}

func (c *chance) names() []string {
	var all []string
	for i := range c.Nodes {
		all = append(all, fmt.Sprintf("n%d", i+1))
	}
	return all
}

func (c *chance) another(than string) string {
	others := slices.DeleteFunc(c.names(), func(name string) bool { return name == than })
	return others[c.rand.IntN(len(others))]
}

// round draws a few blows, calms everything, and now and then changes the members: also while one
// of the others is gone, when it may be refused.
func (c *chance) round(number uint64) {
	if number%7 == 3 {
		c.say("kill %s", c.all())
		c.say("pass %dms", c.rand.IntN(200))
		c.say("start all")
	}
	for range 3 + c.rand.IntN(5) {
		c.blow()
		c.say("pass %dms", 20+c.rand.IntN(600))
	}
	victim := c.another(c.Spared)
	if number%5 == 2 {
		c.say("try demote %s", victim) // perhaps without a majority
	}
	c.say("calm")
	switch {
	case number%5 == 2:
		c.say("votes %s", victim)
	case number%4 == 1:
		c.say("replace %s", victim)
	case number%4 == 3:
		c.newcomer(fmt.Sprintf("n%d", c.Nodes+1))
	}
}

// newcomer has a node come and go, and be cut off for a moment meanwhile.
func (c *chance) newcomer(name string) {
	c.say("join %s%s", name, []string{"", " non-voter"}[c.rand.IntN(2)])
	if c.Can(ground.Cut) == nil {
		c.say("cut %s>%s", name, c.another(name))
		c.say("pass %dms", c.rand.IntN(500))
		c.say("heal")
	}
	c.say("remove %s", name)
}

// all are the hosts that may be killed.
func (c *chance) all() string {
	return strings.Join(slices.DeleteFunc(c.names(), func(name string) bool { return name == c.Spared }), " ")
}

// blow deals one blow.
func (c *chance) blow() {
	type choice struct {
		blow
		name string
	}
	var all []choice
	for _, b := range blows {
		if b.fault != "" && c.Can(b.fault) != nil {
			continue
		}
		for _, name := range c.names() {
			if b.can(c.hosts[name]) && !(b.ends && name == c.Spared) {
				for range b.weight {
					all = append(all, choice{b, name})
				}
			}
		}
	}
	drawn := all[c.rand.IntN(len(all))]
	drawn.do(c, drawn.name, c.hosts[drawn.name])
}
