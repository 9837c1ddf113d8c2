package main

import (
	"context"
	"errors"
	"time"
)

// ErrMissing is in the error of a row that cannot be measured, because something is not on this machine.
var ErrMissing = errors.New("not on this machine")

// A Bench is what rows are measured with. It must be closed.
type Bench struct {
	Rounds int           // how often each side has its turn
	Time   time.Duration // how long a turn takes
	Quick  bool          // everything as small as it can be: to see that it works, not how fast
	Dir    string        // of everything that servers write

	Confman string // the program
	Etcd    string // the program, of the current version

	running map[*shape]*service
	started int  // how many servers were
	away    bool // this process leaves a core to servers
}

// configs is how many configs there are to work on, where their number does not matter.
func (b *Bench) configs() int {
	if b.Quick {
		return 1_000
	}
	return 10_000
}

// A side does a row's work for a time, and returns its figure in the row's unit.
type side func(ctx context.Context, d time.Duration) (float64, error)

// turns has both sides take turns, Rounds times. Who begins changes every round.
func (b *Bench) turns(ctx context.Context, ours, theirs side) ([]Pair, error) {
	var pairs []Pair
	for round := range b.Rounds {
		var pair Pair
		sides, figures := []side{ours, theirs}, []*float64{&pair.Ours, &pair.Theirs}
		for turn := range sides {
			at := (turn + round) % len(sides)
			figure, err := sides[at](ctx, b.Time)
			if err != nil {
				return nil, err
			}
			*figures[at] = figure
		}
		pairs = append(pairs, pair)
	}
	return pairs, nil
}
