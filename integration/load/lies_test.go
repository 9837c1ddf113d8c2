package load

import (
	"context"
	"testing"
	"time"
)

// found works with a load until it finds a violation, or for much longer than it should take, and returns what it found.
func found(l Load, addrs []string) []string {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		l.Run(ctx, addrs, 1)
	}()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for ctx.Err() == nil && len(l.Report().Violations) == 0 {
		<-tick.C
	}
	cancel()
	<-ended
	l.Finish(context.Background(), addrs)
	return l.Report().Violations
}

// liesAreFound checks that a load finds each lie.
func liesAreFound(t *testing.T, lies []Lie, make func(*Lie) Load) {
	t.Helper()
	addrs := three(t)
	for _, lie := range lies {
		t.Run(lie.Name, func(t *testing.T) {
			began := time.Now()
			l := make(&lie)
			all := found(l, addrs)
			if len(all) == 0 {
				t.Fatalf("it was not found: %v", l.Report())
			}
			t.Logf("found after %v, %v:\n%s", time.Since(began), l.Report(), all[0])
		})
	}
}

func TestLinearFindsLies(t *testing.T) {
	liesAreFound(t, LinearLies, func(lie *Lie) Load {
		return &Linear{Lie: lie, Operations: 150, Kept: -1, Pace: time.Millisecond, Pictures: t.TempDir()}
	})
}
