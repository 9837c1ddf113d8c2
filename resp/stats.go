package resp

import (
	"math"
	"math/bits"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// usage is what is counted of a command.
type usage struct {
	took             atomic.Int64 // nanoseconds
	latencies        histogram    // of all calls
	failed, rejected atomic.Int64 // calls that were answered with an error, and those that were not carried out
}

func (u *usage) reset() {
	for _, n := range []*atomic.Int64{&u.took, &u.failed, &u.rejected} {
		n.Store(0)
	}
	for i := range u.latencies {
		u.latencies[i].Store(0)
	}
}

// A histogram counts durations, each in the first bucket whose bound is above it. The bounds
// are Redis's: about a microsecond, and twice as much from one to the next, up to a second.
type histogram [21]atomic.Int64

// firstBound is that of the first bucket, in nanoseconds.
const firstBound = 1032

func (h *histogram) add(took time.Duration) { h.addMany(took, 1) }

// addMany counts n times the same.
func (h *histogram) addMany(took time.Duration, n int) {
	h[min(bits.Len64(uint64(took)/firstBound), len(h)-1)].Add(int64(n))
}

// bound returns the last nanosecond of a bucket.
func bound(bucket int) int64 { return firstBound<<bucket - 1 }

// calls returns how many durations there are.
func (h *histogram) calls() (n int64) {
	for i := range h {
		n += h[i].Load()
	}
	return n
}

// percentile returns what that many of a hundred durations do not exceed, in nanoseconds.
func (h *histogram) percentile(p float64) int64 {
	rank := max(1, int64(math.Round(p/100*float64(h.calls()))))
	var sum int64
	for i := range h {
		if sum += h[i].Load(); sum >= rank {
			return bound(i)
		}
	}
	return bound(len(h) - 1)
}

// counts are what INFO tells of the server's life so far.
type counts struct {
	accepted, rejected, blocked atomic.Int64
	hits, misses                atomic.Int64 // keys that reads found, and did not
	received, sent              atomic.Int64 // bytes
	overruns                    atomic.Int64 // clients that did not take their messages
	forgotten, expired          atomic.Int64 // of the clients accepted and the configs expired, by CONFIG RESETSTAT

	mu     sync.Mutex
	errors map[string]int64 // by code
}

// fail counts an error that a client is told.
func (c *counts) fail(err error) {
	code, _, _ := strings.Cut(err.Error(), " ")
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.errors == nil {
		c.errors = map[string]int64{}
	}
	c.errors[code]++
}

// failures returns how often each code was told, and all of them together.
func (c *counts) failures() (byCode map[string]int64, all int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	byCode = map[string]int64{}
	for code, n := range c.errors {
		byCode[code] = n
		all += n
	}
	return byCode, all
}

// resetStat forgets what has been counted.
func (s *Server) resetStat() {
	for _, c := range s.table.byName {
		c.used.reset()
	}
	c := &s.counts
	for _, n := range []*atomic.Int64{&c.rejected, &c.hits, &c.misses, &c.received, &c.sent, &c.overruns} {
		n.Store(0)
	}
	c.forgotten.Store(c.accepted.Load())
	c.expired.Store(s.storage().Expired)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.errors = nil
}

// note takes down how a call went that was carried out.
func (s *session) note(c *Call, r Reply, took time.Duration) {
	c.used.took.Add(int64(took))
	c.used.latencies.add(took)
	if err, failed := r.(error); failed {
		c.used.failed.Add(1)
		s.server.counts.fail(err)
	}
	if int64(took) >= s.server.remarkable.Load() {
		s.remark(c, took)
	}
	s.audit(c, r)
}

// found tells of a read how many of its keys were there, as far as its reply tells.
func (c *Call) found(r Reply) (hits, misses int64) {
	if _, failed := r.(error); failed || c.keys == 0 || c.Flags&Reads == 0 {
		return 0, 0
	}
	if c.keys > 1 {
		switch r := r.(type) {
		case int64: // EXISTS counts them
			return r, int64(len(c.Args)) - r
		case []Reply:
			for _, each := range r {
				if each != nil {
					hits++
				}
			}
			return hits, int64(len(r)) - hits
		}
	}
	switch r := r.(type) {
	case nil:
		return 0, 1
	case []Reply:
		hits = min(1, int64(len(r)))
	case Map:
		hits = min(1, int64(len(r)))
	case int64: // TTL tells of what is not there that it has -2 seconds
		if r != 0 && r != -2 {
			hits = 1
		}
	case Status:
		if r != "none" {
			hits = 1
		}
	default:
		hits = 1
	}
	return hits, 1 - hits
}

// rates are how fast the counts of commands and bytes grow. Nobody watches them all the time:
// they are over the time between two INFOs that are a second apart or more.
type rates struct {
	mu     sync.Mutex
	since  time.Time
	then   [3]int64
	second [3]float64
}

// ask returns how much each count has grown in a second.
func (r *rates) ask(now time.Time, counts [3]int64) [3]float64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	if passed := now.Sub(r.since).Seconds(); passed >= 1 {
		for i := range counts {
			r.second[i] = max(0, float64(counts[i]-r.then[i])) / passed
		}
		r.since, r.then = now, counts
	}
	return r.second
}

// metered counts what a connection carries.
type metered struct {
	net.Conn
	counts *counts
}

func (m metered) Read(p []byte) (int, error) {
	n, err := m.Conn.Read(p)
	m.counts.received.Add(int64(n))
	return n, err
}

func (m metered) Write(p []byte) (int, error) {
	n, err := m.Conn.Write(p)
	m.counts.sent.Add(int64(n))
	return n, err
}
