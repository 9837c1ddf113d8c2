package main

import "context"

// A Row is one line of a table of docs/performance.md: some work, done by confman and by what it is compared with.
type Row struct {
	Topic   string // the heading of its table
	Name    string // what is done; no two rows have one name, and -run matches it
	Against string // who else does it
	Unit    string // of both sides' figures, such as ops/s, ms or B

	// Reach is the ratio of confman's figure to the other's that is to be reached: at least, or at most if Less. With
	// Absolute it is confman's figure itself that is to be reached. 0 is no goal.
	Reach    float64
	Less     bool
	Absolute bool

	// Grows names what stands in a plot against the number of configs, if this is a point of one, and Configs is that number.
	Grows   string
	Configs int

	// Measure returns a pair for each round. Its error is ErrMissing if a program that it needs is not on this machine.
	Measure func(ctx context.Context, b *Bench) ([]Pair, error)
}

// A Pair is the figures of both sides in one round, in the row's unit. Theirs is 0 where nothing is compared.
type Pair struct {
	Ours   float64 `json:"ours"`
	Theirs float64 `json:"theirs"`
}
