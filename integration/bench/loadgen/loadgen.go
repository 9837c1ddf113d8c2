// Package loadgen is clients that do one thing over and over, as fast as they are answered, and count. It takes so little of a
// processor for an operation that what a server can do is measured, and it is the same for every server.
package loadgen

import (
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// A Result is what one run counted. P50, P99 and Max are of the time from sending, of all that one client has on its way
// together, to the last of the replies to it, to three digits.
type Result struct {
	Ops           int64 // that were answered without an error
	Took          time.Duration
	P50, P99, Max time.Duration
	Errors        int64 // error replies, replies that failed a check, and connections that were lost
	LastError     string
}

// PerSecond is how many operations there were in a second.
func (r Result) PerSecond() float64 {
	if r.Took <= 0 {
		return 0
	}
	return float64(r.Ops) / r.Took.Seconds()
}

// longest is the longest time that is told from longer ones.
const longest = 10 * time.Minute

// A tally is what one goroutine counts.
type tally struct {
	ops, errors int64
	last        string
	took        *hdrhistogram.Histogram // of nanoseconds
}

func newTally() *tally {
	return &tally{took: hdrhistogram.New(1, int64(longest), 3)}
}

// add counts operations that went out together and were answered after took.
func (t *tally) add(ops int64, took time.Duration) {
	t.ops += ops
	_ = t.took.RecordValue(int64(max(1, min(took, longest)))) // it is within the bounds
}

func (t *tally) fail(err error) {
	t.errors++
	t.last = err.Error()
}

// sum is the result of all who counted.
func sum(tallies []*tally, took time.Duration) Result {
	r := Result{Took: took}
	all := newTally().took
	for _, t := range tallies {
		r.Ops += t.ops
		r.Errors += t.errors
		if t.last != "" {
			r.LastError = t.last
		}
		all.Merge(t.took)
	}
	r.P50 = time.Duration(all.ValueAtQuantile(50))
	r.P99 = time.Duration(all.ValueAtQuantile(99))
	r.Max = time.Duration(all.Max())
	return r
}
