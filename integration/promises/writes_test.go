package promises

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"confman/integration/load"
)

// A hooked lie answers single commands, or has them sent.
type hooked func(ctx context.Context, cmd redis.Cmder, send func() error) error

// DialHook leaves connections as they are.
func (h hooked) DialHook(next redis.DialHook) redis.DialHook { return next }

// ProcessPipelineHook leaves commands as they are that are sent together.
func (h hooked) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

// ProcessHook has a command answered.
func (h hooked) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		return h(ctx, cmd, func() error { return next(ctx, cmd) })
	}
}

// lie makes a lie of what answers in the place of a node.
func lie(name string, h hooked) *load.Lie {
	return &load.Lie{Name: name, Hook: func() redis.Hook { return h }}
}

// counter is a load that checks that what was acknowledged has happened, and happened once.
func counter(lie *load.Lie) *load.Counter {
	return &load.Counter{Lie: lie, Pace: 20 * time.Millisecond}
}

// counterLies are those lies among what a [load.Counter] is told that have some names.
func counterLies(t *testing.T, names ...string) (all []*load.Lie) {
	t.Helper()
	for _, lie := range load.CounterLies {
		if slices.Contains(names, lie.Name) {
			all = append(all, &lie)
		}
	}
	if len(all) != len(names) {
		t.Fatalf("not all of these are lies: %q", names)
	}
	return all
}

// Class 1: a write that was acknowledged is lost, with a node, with all, behind a cut, to another leader, or
// as members come and go.
func TestAcknowledgedWritesSurvive(t *testing.T) {
	t.Parallel()
	g := newGround(t)
	tell(t, g, "01_acknowledged.txt", only(counter(nil)))
	t.Run("control", func(t *testing.T) {
		g := newGround(t)
		h := g.Found(1)[0]
		h.Stop()
		copyData(t, h.Dir, h.Dir+".old")
		h.Start()
		l := counter(nil)
		holds(t, works(t, l, g.Addrs(), done(l, 100)))
		h.Kill()
		put(t, h.Dir+".old", h)
		h.Start()
		l.Finish(t.Context(), g.Addrs())
		noticed(t, "all disks are put back", l.Report().Violations)

		for _, lie := range counterLies(t, "a word is acknowledged and never sent", "an increment is acknowledged and never sent") {
			l := counter(lie)
			noticed(t, lie.Name, works(t, l, g.Addrs(), done(l, 1000)))
		}
	})
}

// Class 2: a write is applied twice, because somebody did not hear that it was.
func TestNothingIsAppliedTwice(t *testing.T) {
	t.Parallel()
	g := newGround(t)
	l := counter(nil)
	l.Cuts = 200 // clients that do not hear the answer
	tell(t, g, "02_twice.txt", only(l))
	if n := l.Report().Ambiguous; n < 20 {
		t.Errorf("only of %d operations nobody knows whether they happened", n)
	}
	for _, lie := range counterLies(t, "an increment is sent twice", "a sum is sent twice", "a word is appended twice") {
		l := counter(lie)
		noticed(t, lie.Name, works(t, l, g.Addrs(), done(l, 1000)))
	}
}
