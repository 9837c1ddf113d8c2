package integration

import (
	"cmp"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"
)

// quantile returns the figure's q-quantile, 0 < q <= 1: the least value that so large a part is not above.
func (fig figure) quantile(q float64) time.Duration {
	sorted := slices.Sorted(slices.Values(fig.took))
	at := int(q*float64(len(sorted))+0.999999) - 1
	return sorted[max(0, min(at, len(sorted)-1))]
}

// row is the figure as a row of the page's table.
func (fig figure) row() string {
	bound := func(d time.Duration) string {
		if d == 0 {
			return ""
		}
		return fmt.Sprintf(" (at most %d)", d.Milliseconds())
	}
	ms := func(d time.Duration) string { return fmt.Sprintf("%.0f", float64(d.Microseconds())/1000) }
	return fmt.Sprintf("| %s | %s | %d | %s%s | %s%s | %s%s |", fig.name, cmp.Or(fig.unit, "pause"), len(fig.took),
		ms(fig.quantile(0.5)), bound(fig.median), ms(fig.quantile(0.95)), bound(fig.p95), ms(fig.quantile(1)), bound(fig.max))
}

const failoverPage = `# How long a fail-over takes

Written by ` + "`make failover`" + `: three nodes on one machine of %d cores, profile lan, %d clients that write as fast as they
are answered, all of them connected to nodes that survive. A pause is the longest time without an acknowledged write
to anybody, from the moment at which the leader was hit. **No client saw an error, and every increment counted once.** Meanwhile
the machine held a goroutine that had nothing to do up for %v at most.

| what happens | measured | times | median, ms | 95th percentile, ms | maximum, ms |
|---|---|---|---|---|---|
%s

![The pauses](failover.svg)

A leader whose process has died is known to be dead, because nobody listens at its address any more; then the
election begins at once. One that hangs, or that cannot be reached, is missed after 150 to 300 ms without a heartbeat.
In a restart a leader hands over before it ends.

%s`

// write writes the page and its picture, where the figures are measured: also if they are not what is
// promised, which the page shows.
func (f *failover) write(stalled time.Duration) {
	if !whole() || f.harmed {
		return
	}
	var rows []string
	for _, fig := range f.figures {
		rows = append(rows, fig.row())
	}
	page := fmt.Sprintf(failoverPage, runtime.NumCPU(), writersEach, stalled.Round(time.Millisecond), strings.Join(rows, "\n"), calm)
	for name, content := range map[string]string{"../docs/failover.md": page, "../docs/failover.svg": histogram(f.figures)} {
		if err := os.WriteFile(name, []byte(content), 0o644); err != nil {
			f.t.Error(err)
		}
	}
}

// histogram draws how often each pause was seen, one strip for each figure.
func histogram(figures []figure) string {
	const (
		bins, wide, high = 32, 20, 90 // of 20 ms each; pixels of a bin and of a strip
		left, width      = 20, 20 + 32*20 + 20
	)
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" font-family="sans-serif" font-size="12">`+"\n", width, len(figures)*high+30)
	fmt.Fprintf(&b, `<rect width="100%%" height="100%%" fill="white"/>`+"\n")
	for i, fig := range figures {
		counts := make([]int, bins)
		for _, d := range fig.took {
			counts[min(int(d.Milliseconds())/20, bins-1)]++
		}
		floor := (i+1)*high - 10
		fmt.Fprintf(&b, `<text x="%d" y="%d">%s</text>`+"\n", left+8*wide, i*high+20, strings.ReplaceAll(fig.name, "`", ""))
		for bin, n := range counts {
			if n > 0 {
				tall := n * (high - 35) / max(slices.Max(counts), 1)
				fmt.Fprintf(&b, `<rect x="%d" y="%d" width="%d" height="%d" fill="#3b6ea5"><title>%d</title></rect>`+"\n", left+bin*wide, floor-tall, wide-2, tall, n)
			}
		}
		fmt.Fprintf(&b, `<line x1="%d" y1="%d" x2="%d" y2="%d" stroke="black"/>`+"\n", left, floor, left+bins*wide, floor)
	}
	for ms := 0; ms < 20*bins; ms += 100 {
		fmt.Fprintf(&b, `<text x="%d" y="%d">%d ms</text>`+"\n", left+ms/20*wide, len(figures)*high+12, ms)
	}
	return b.String() + "</svg>\n"
}
