package loadgen

import (
	"context"
	"math"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// A RESP is a load in Redis's protocol. Each client has a connection, and they are spread over the addresses in turn. A client
// sends a pipeline of commands, waits for all its replies and sends the next, as redis-benchmark does. It needs Linux.
type RESP struct {
	Addrs    []string
	Clients  int
	Pipeline int // how many commands of a client go out together; 0 is one
	Threads  int // among which the clients are divided; 0 is one
	CPU      int // that the first thread is pinned to, the second to the one after it; -1 is any
	// Next appends the i-th command of a client. A client's commands are asked for in order, by one goroutine; those of
	// different clients by different ones if there is more than one thread.
	Next func(b []byte, client, i int) []byte
	// Check, if it is set, returns what is wrong with a reply that is no error. The reply is whole, as it came, and is
	// overwritten afterwards. Goroutines call it as they call Next.
	Check func(reply []byte) error
}

// Run has clients go on for a time, and then be answered what they have sent by then. An operation that fails, and a connection
// that cannot be made or breaks, is counted in Errors; the error is that of ctx, or of a thread that could not be set up.
func (l RESP) Run(ctx context.Context, d time.Duration) (Result, error) {
	return l.run(ctx, d, math.MaxInt64)
}

// Do has clients do exactly n operations in all, those that fail included. It is otherwise like Run. Clients whose connection
// breaks leave what they have not done to the others, but for the pipeline that was on its way.
func (l RESP) Do(ctx context.Context, n int64) (Result, error) {
	return l.run(ctx, math.MaxInt64, n)
}

func (l RESP) run(ctx context.Context, d time.Duration, n int64) (Result, error) {
	l.Pipeline = max(1, l.Pipeline)
	threads := max(1, min(l.Threads, l.Clients))
	var left atomic.Int64
	left.Store(n)
	ts := make([]*thread, threads)
	tallies := make([]*tally, threads)
	for i := range ts {
		tallies[i] = newTally()
		ts[i] = &thread{load: l, number: i, left: &left, tally: tallies[i]}
		defer ts[i].close()
		if err := ts[i].open(ctx, threads); err != nil {
			return Result{}, err
		}
	}
	errs := make([]error, threads)
	var all sync.WaitGroup
	began := time.Now()
	for i, t := range ts {
		all.Go(func() { errs[i] = t.run(ctx, began, d) })
	}
	all.Wait()
	r := sum(tallies, time.Since(began))
	for _, err := range errs {
		if err != nil {
			return r, err
		}
	}
	return r, nil
}

// Command appends a command.
func Command(b []byte, words ...string) []byte {
	b = append(b, '*')
	b = strconv.AppendInt(b, int64(len(words)), 10)
	for _, word := range words {
		b = append(b, "\r\n$"...)
		b = strconv.AppendInt(b, int64(len(word)), 10)
		b = append(b, "\r\n"...)
		b = append(b, word...)
	}
	return append(b, "\r\n"...)
}
