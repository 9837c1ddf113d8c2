package load

import (
	"context"
	"os"
	"sync"
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

// work has a load work for a while, and until it has done something that often: how quickly it does is the machine's affair. Then it
// finishes.
func work(l Load, addrs []string, d time.Duration, operations int64) Report {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	var running sync.WaitGroup
	running.Go(func() { l.Run(ctx, addrs, 1) })
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for began := time.Now(); ctx.Err() == nil && (time.Since(began) < d || l.Report().Operations < operations); <-tick.C {
	}
	cancel()
	running.Wait()
	l.Finish(context.Background(), addrs)
	return l.Report()
}

func TestLinearFindsNothing(t *testing.T) {
	l := &Linear{Pictures: t.TempDir()}
	r := work(l, three(t), 4*time.Second, 700)
	t.Logf("%v, in %v of checking", r, time.Duration(l.took.Load()))
	for _, v := range r.Violations {
		t.Error(v)
	}
	if r.Checked < 500 || r.Unchecked > 0 {
		t.Error("it has checked too little")
	}
	if r.Ambiguous*100 < r.Operations*3 {
		t.Error("too few outcomes are not known")
	}
}

// guessed is the history of a cell that is set to some values, nobody knows when, if at all, and of what is read there
// then, one after the other.
func guessed(values, reads []int64) *group {
	g := newGroup("group")
	for i, value := range values {
		w := step{kind: set, at: []int{0}, values: []int64{value}, words: []string{"SET"}}
		g.add(g.client(), operation{steps: []step{w}}, time.Duration(i), 0, nil)
	}
	for i, value := range reads {
		at := time.Duration(1000 + 2*i)
		g.add(0, operation{steps: []step{{kind: get, at: []int{0}, words: []string{"GET"}}}}, at, at+1, outcome{{value}})
	}
	return g
}

// An operation whose outcome is not known happens once or not at all, and whenever it likes.
func TestAnUnknownOutcome(t *testing.T) {
	for _, test := range []struct {
		reads []int64
		right bool
	}{
		{[]int64{1, 2, 3}, true},
		{[]int64{3, 3, 1}, true},
		{[]int64{0, 2}, true},
		{[]int64{1, 2, 1}, false},
		{[]int64{1, 0}, false},
		{[]int64{4}, false},
	} {
		l := &Linear{Patience: time.Minute, Pictures: t.TempDir()}
		l.judge(guessed([]int64{1, 2, 3}, test.reads))
		pictures, err := os.ReadDir(l.Pictures)
		if r := l.Report(); err != nil || (len(r.Violations) == 0) != test.right || (len(pictures) == 0) != test.right {
			t.Errorf("reading %d: %v, pictures %v (%v), %v", test.reads, r, pictures, err, r.Violations)
		}
	}
}

// What is not checked in time counts as not checked, and as nothing else.
func TestAGroupThatTakesTooLong(t *testing.T) {
	l := &Linear{Patience: time.Millisecond, Pictures: t.TempDir()}
	var values []int64
	for i := range int64(60) {
		values = append(values, i+1)
	}
	g := guessed(values, append(values, 1)) // every order has to be tried
	l.judge(g)
	if r := l.Report(); r.Checked != 0 || r.Unchecked != int64(len(g.history)) || len(r.Violations) != 0 {
		t.Errorf("it says of %d operations: %v", len(g.history), r)
	}
}
