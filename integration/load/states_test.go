package load

import (
	"context"
	"testing"
	"time"
)

// writing is a load beside a counter, so that there is something to tell.
type writing struct{ Load }

func (w writing) Run(ctx context.Context, addrs []string, seed uint64) {
	go (&Counter{Cuts: -1}).Run(ctx, addrs, seed)
	w.Load.Run(ctx, addrs, seed)
}

func TestStatesFindNothing(t *testing.T) {
	r := work(writing{&States{Pace: time.Millisecond}}, three(t), 3*time.Second, 120)
	t.Log(r)
	for _, v := range r.Violations {
		t.Error(v)
	}
	if r.Checked < 100 {
		t.Error("it has checked too little")
	}
}

func TestStatesFindLies(t *testing.T) {
	liesAreFound(t, StatesLies, func(lie *Lie) Load { return writing{&States{Lie: lie, Pace: time.Millisecond}} })
}
