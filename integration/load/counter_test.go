package load

import (
	"testing"
	"time"
)

func TestCounterFindsNothing(t *testing.T) {
	r := work(&Counter{Pace: 5 * time.Millisecond}, three(t), 3*time.Second, 600)
	t.Log(r)
	for _, v := range r.Violations {
		t.Error(v)
	}
	if r.Checked < 500 || r.Unchecked > 0 {
		t.Error("it has checked too little")
	}
}

func TestCounterFindsLies(t *testing.T) {
	liesAreFound(t, CounterLies, func(lie *Lie) Load {
		return &Counter{Lie: lie, Pace: 2 * time.Millisecond, Patience: 1500 * time.Millisecond}
	})
}
