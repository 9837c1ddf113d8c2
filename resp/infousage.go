package resp

import (
	"fmt"
	"maps"
	"slices"
)

// each visits all commands, subcommands and containers too, in the order of their names.
func (t *table) each(visit func(*Command)) {
	for _, c := range t.rows {
		visit(c)
		for _, sub := range c.subs {
			visit(sub)
		}
	}
}

// calls returns how many commands were carried out.
func (t *table) calls() (n int64) {
	t.each(func(c *Command) { n += c.used.latencies.calls() })
	return n
}

// commandFacts are how often each command was called, and how long that took.
func commandFacts(s *session, _ contents) (facts []Fact) {
	s.server.table.each(func(c *Command) {
		calls, rejected := c.used.latencies.calls(), c.used.rejected.Load()
		if calls+rejected == 0 {
			return
		}
		took := c.used.took.Load() / 1000
		facts = append(facts, Fact{"cmdstat_" + c.Name, fmt.Sprintf("calls=%d,usec=%d,usec_per_call=%.2f,rejected_calls=%d,failed_calls=%d",
			calls, took, float64(took)/float64(max(calls, 1)), rejected, c.used.failed.Load())})
	})
	return facts
}

// errorFacts are how often clients were told each kind of error.
func errorFacts(s *session, _ contents) (facts []Fact) {
	byCode, _ := s.server.counts.failures()
	for _, code := range slices.Sorted(maps.Keys(byCode)) {
		facts = append(facts, Fact{"errorstat_" + code, fmt.Sprintf("count=%d", byCode[code])})
	}
	return facts
}

// latencyFacts are how long half, 99 of a hundred and 999 of a thousand calls took at most.
func latencyFacts(s *session, _ contents) (facts []Fact) {
	s.server.table.each(func(c *Command) {
		if c.used.latencies.calls() == 0 {
			return
		}
		micros := func(p float64) float64 { return float64(c.used.latencies.percentile(p)) / 1000 }
		facts = append(facts, Fact{"latency_percentiles_usec_" + c.Name, fmt.Sprintf("p50=%.3f,p99=%.3f,p99.9=%.3f", micros(50), micros(99), micros(99.9))})
	})
	return facts
}
