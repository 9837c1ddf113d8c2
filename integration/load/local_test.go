package load

import (
	"context"
	"testing"
	"time"
)

func TestLocalFindsNothing(t *testing.T) {
	r := work(&Local{Pace: 2 * time.Millisecond, Bounds: []time.Duration{time.Millisecond, 250 * time.Millisecond}}, three(t), 4*time.Second, 600)
	t.Log(r)
	for _, v := range r.Violations {
		t.Error(v)
	}
	if r.Checked < 500 || r.Unchecked > 0 {
		t.Error("it has checked too little")
	}
}

func TestLocalFindsLies(t *testing.T) {
	liesAreFound(t, LocalLies, func(lie *Lie) Load {
		return &Local{Lie: lie, Pace: 2 * time.Millisecond, Bounds: []time.Duration{time.Millisecond}}
	})
}

// A writer that was told a revision that the cluster has not reached was told wrong. Nobody waits until it gets there.
func TestARevisionThatNobodyHasReached(t *testing.T) {
	l := &Local{}
	c := newChapter("local/ahead")
	c.sends("v1")
	if err := c.acknowledged("somebody", "v1", 1<<40, 0); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if !l.conclude(ctx, c, three(t)) || len(l.Report().Violations) != 1 {
		t.Errorf("it was not found: %v", l.Report())
	}
}

// What was acknowledged longer ago than the bound must be read; what was just now need not be.
func TestABound(t *testing.T) {
	c := newChapter("ns")
	for i, value := range []string{"v1", "v2", "v3"} {
		c.sends(value)
		if err := c.acknowledged("another", value, uint64(10*(i+1)), time.Duration(i+1)*time.Second); err != nil {
			t.Fatal(err)
		}
	}
	for _, test := range []struct {
		now, bound time.Duration
		floor      uint64
	}{
		{3 * time.Second, 0, 0},
		{3 * time.Second, 10 * time.Second, 0},
		{3 * time.Second, 2 * time.Second, 0},
		{3*time.Second + 1, 2 * time.Second, 10},
		{3 * time.Second, time.Second, 10},
		{3*time.Second + 1, time.Second, 20},
		{9 * time.Second, time.Second, 30},
	} {
		if floor := c.floor("here", test.now, test.bound); floor != test.floor {
			t.Errorf("at %v a read of at most %v is at revision %d or later, not %d", test.now, test.bound, test.floor, floor)
		}
	}
	if _, err := c.read("here", reading{values: []string{"v1"}}, 20); err == nil {
		t.Error("v1 is read behind v2")
	}
	if checked, err := c.read("here", reading{values: []string{"v2", "v2"}, revision: 20}, 20); err != nil || !checked {
		t.Errorf("v2 is read at its revision: %v", err)
	}
	if floor := c.floor("here", 9*time.Second, 0); floor != 20 {
		t.Errorf("behind v2, nothing older than its revision is read: %d", floor)
	}
}
