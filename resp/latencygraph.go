package resp

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// latencyDoctor has few words, in place of Redis's many about causes that confman does not have.
func latencyDoctor(_ context.Context, c *Call) Reply {
	s := c.session.server
	threshold := s.live.latencyThreshold.Load()
	if threshold == 0 {
		return Text("Latency monitoring is off. CONFIG SET latency-monitor-threshold MILLISECONDS turns it on for commands that take so long.\n")
	}
	var b strings.Builder
	for _, event := range s.latency.events() {
		h := s.latency.of(event)
		if len(h.samples) == 0 {
			continue // it was reset just now
		}
		sum := int64(0)
		for _, one := range h.samples {
			sum += one.ms
		}
		fmt.Fprintf(&b, "%s: %d times over %d ms, %d ms on average, %d ms at most. LATENCY HISTORY %s has the times.\n",
			event, len(h.samples), threshold, sum/int64(len(h.samples)), h.most, event)
	}
	if b.Len() == 0 {
		return Text(fmt.Sprintf("No command took %d ms or more since it is watched.\n", threshold))
	}
	b.WriteString("SLOWLOG GET shows which commands took long. A write takes as long as a majority of the nodes needs to have it on disk, " +
		"and longer while there is no leader: INFO confman tells of both.\n")
	return Text(b.String())
}

const errNoSamples = "ERR No samples available for event '%s'"

func latencyGraph(_ context.Context, c *Call) Reply {
	s := c.session.server
	event := c.Args[0]
	h := s.latency.of(event)
	if len(h.samples) == 0 {
		return errorf(errNoSamples, event)
	}
	longer := func(a, b sample) int { return int(a.ms - b.ms) }
	low, high := slices.MinFunc(h.samples, longer).ms, slices.MaxFunc(h.samples, longer).ms
	var b strings.Builder
	fmt.Fprintf(&b, "%s - high %d ms, low %d ms (all time high %d ms)\n%s\n", event, high, low, h.most, strings.Repeat("-", graphWidth))
	for i, part := range slices.Collect(slices.Chunk(h.samples, graphWidth)) {
		if i > 0 {
			b.WriteString("\n")
		}
		draw(&b, part, low, high, s.Now().Unix())
	}
	return Text(b.String())
}

// The size of a graph in characters. Each row of it has three heights.
const (
	graphWidth  = 80
	graphHeight = 4
	graphSteps  = "_o#"
)

// draw draws samples as columns, and below each how long ago it was, from top to bottom.
func draw(b *strings.Builder, samples []sample, low, high, now int64) {
	rows := graphHeight + 1 // and one to keep the labels away
	labels := make([]string, len(samples))
	for i, s := range samples {
		labels[i] = ago(now - s.at)
		rows = max(rows, graphHeight+1+len(labels[i]))
	}
	span := max(1, high-low)
	for row := range rows {
		for i, s := range samples {
			step := min((s.ms-low)*graphHeight*int64(len(graphSteps))/span, graphHeight*int64(len(graphSteps))-1)
			at := int(step) - (graphHeight-1-row)*len(graphSteps)
			label := row - graphHeight - 1
			switch {
			case row < graphHeight && at >= len(graphSteps):
				b.WriteByte('|')
			case row < graphHeight && at >= 0:
				b.WriteByte(graphSteps[at])
			case label >= 0 && label < len(labels[i]):
				b.WriteByte(labels[i][label])
			default:
				b.WriteByte(' ')
			}
		}
		b.WriteByte('\n')
	}
}

// ago is a number of seconds in the largest unit that fits.
func ago(seconds int64) string {
	switch {
	case seconds < 60:
		return fmt.Sprintf("%ds", seconds)
	case seconds < 60*60:
		return fmt.Sprintf("%dm", seconds/60)
	case seconds < 24*60*60:
		return fmt.Sprintf("%dh", seconds/60/60)
	}
	return fmt.Sprintf("%dd", seconds/24/60/60)
}
