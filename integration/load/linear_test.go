package load

import (
	"context"
	"testing"
	"time"

	"confman/integration/ground"
)

// three starts three nodes on loopback, where nothing is to happen to them, and returns their addresses.
func three(t *testing.T) []string {
	t.Helper()
	t.Setenv("CONFMAN_GROUND", "processes")
	g := ground.New(t)
	g.Found(3)
	return g.Addrs()
}

// work has a load work for a while, and finish.
func work(l Load, addrs []string, d time.Duration) Report {
	ctx, cancel := context.WithTimeout(context.Background(), d)
	defer cancel()
	l.Run(ctx, addrs, 1)
	l.Finish(context.Background(), addrs)
	return l.Report()
}

func TestLinearFindsNothing(t *testing.T) {
	l := &Linear{Pictures: t.TempDir()}
	r := work(l, three(t), 5*time.Second)
	t.Logf("%v, in %v of checking", r, time.Duration(l.took.Load()))
	for _, v := range r.Violations {
		t.Error(v)
	}
}
