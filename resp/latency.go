package resp

import (
	"context"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

// latencyCommands tell how long commands take.
var latencyCommands = []Command{
	{
		Name: "latency", Group: "server", Since: "2.8.13",
		Summary: "A container for commands about how long commands take.",
	},
	{
		Name: "latency|doctor", Flags: Admin, Group: "server", Since: "2.8.13", Do: latencyDoctor,
		Summary: "Says in words what LATENCY LATEST shows.",
	},
	{
		Name: "latency|graph", Synopsis: "event", Flags: Admin, Group: "server", Since: "2.8.13", Do: latencyGraph,
		Summary: "Draws the history of an event.",
	},
	{
		Name: "latency|help", Group: "server", Since: "2.8.13", Do: help,
		Summary: "Lists the subcommands.",
	},
	{
		Name: "latency|histogram", Synopsis: "[command [command ...]]", Flags: Admin, Group: "server", Since: "7.0.0", Do: latencyHistogram,
		Summary: "Returns for commands, or for all, how many calls took up to how many microseconds.",
	},
	{
		Name: "latency|history", Synopsis: "event", Flags: Admin, Group: "server", Since: "2.8.13", Do: latencyHistory,
		Summary: "Returns the last 160 times at which an event took long, and how many milliseconds.",
	},
	{
		Name: "latency|latest", Flags: Admin, Group: "server", Since: "2.8.13", Do: latencyLatest,
		Summary: "Returns when each event took long last, how many milliseconds then, and how many at most. The events are command and fast-command; " +
			"latency-monitor-threshold says what is long.",
	},
	{
		Name: "latency|reset", Synopsis: "[event [event ...]]", Flags: Admin, Group: "server", Since: "2.8.13", Do: latencyReset,
		Summary: "Forgets the history of events, or of all, and returns of how many.",
	},
}

// A sample is how long an event took once.
type sample struct {
	at int64 // second
	ms int64
}

// A series is the history of an event.
type series struct {
	samples []sample // the newest at the end
	most    int64    // milliseconds, ever
}

// latencies are the histories of the events that took long.
type latencies struct {
	mu     sync.Mutex
	series map[string]*series
}

// maxSamples is how many an event's history has.
const maxSamples = 160

// latencyEvent names what a command is in the histories.
func latencyEvent(c *Command) string {
	if c.Flags&Fast != 0 {
		return "fast-command"
	}
	return "command"
}

// add notes an event. Of those within one second the longest counts.
func (l *latencies) add(event string, at time.Time, ms int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	h := l.series[event]
	if h == nil {
		h = &series{}
		if l.series == nil {
			l.series = map[string]*series{}
		}
		l.series[event] = h
	}
	h.most = max(h.most, ms)
	if n := len(h.samples); n > 0 && h.samples[n-1].at == at.Unix() {
		h.samples[n-1].ms = max(h.samples[n-1].ms, ms)
		return
	}
	h.samples = append(h.samples, sample{at.Unix(), ms})
	if more := len(h.samples) - maxSamples; more > 0 {
		h.samples = slices.Delete(h.samples, 0, more)
	}
}

// of returns a copy of an event's history; of no samples if there is none.
func (l *latencies) of(event string) series {
	l.mu.Lock()
	defer l.mu.Unlock()
	h := l.series[event]
	if h == nil {
		return series{}
	}
	return series{slices.Clone(h.samples), h.most}
}

// events returns the names of those that there are, in order.
func (l *latencies) events() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Sorted(maps.Keys(l.series))
}

// reset forgets events, all of them if none is named, and returns how many it has.
func (l *latencies) reset(events []string) (n int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(events) == 0 {
		events = slices.Collect(maps.Keys(l.series))
	}
	for _, event := range events {
		if l.series[event] != nil {
			delete(l.series, event)
			n++
		}
	}
	return n
}

func latencyLatest(_ context.Context, c *Call) Reply {
	all := []Reply{}
	l := &c.session.server.latency
	for _, event := range l.events() {
		h := l.of(event)
		if n := len(h.samples); n > 0 {
			all = append(all, []Reply{event, h.samples[n-1].at, h.samples[n-1].ms, h.most})
		}
	}
	return all
}

func latencyHistory(_ context.Context, c *Call) Reply {
	all := []Reply{}
	for _, s := range c.session.server.latency.of(c.Args[0]).samples {
		all = append(all, []Reply{s.at, s.ms})
	}
	return all
}

func latencyReset(_ context.Context, c *Call) Reply {
	return c.session.server.latency.reset(c.Args)
}

func latencyHistogram(_ context.Context, c *Call) Reply {
	table := c.session.server.table
	wanted := table.rows
	if len(c.Args) > 0 {
		wanted = nil
		for _, name := range c.Args {
			if cmd := table.byName[strings.ToLower(name)]; cmd != nil {
				wanted = append(wanted, cmd)
			}
		}
	}
	all := Map{}
	for _, cmd := range wanted {
		for _, each := range append([]*Command{cmd}, cmd.subs...) {
			if calls, buckets := each.used.latencies.reply(); calls > 0 {
				all = append(all, each.Name, Map{"calls", calls, "histogram_usec", buckets})
			}
		}
	}
	return all
}

// reply returns how many durations there are, and how many up to each bound at which there are more.
func (h *histogram) reply() (calls int64, buckets Map) {
	buckets = Map{}
	for i := range h {
		if n := h[i].Load(); n > 0 {
			calls += n
			buckets = append(buckets, bound(i)/1000, calls)
		}
	}
	return calls, buckets
}
