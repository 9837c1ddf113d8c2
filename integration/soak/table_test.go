package soak

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"confman/integration/load"
	"confman/integration/pages"
)

// faults are the rows of the table: words of stories, and what they are to people.
var faults = []struct{ word, what string }{
	{"kill", "nodes killed (`kill -9`), one or all at once"},
	{"stop", "nodes stopped and started"},
	{"pause", "nodes that hang"},
	{"cut", "nodes cut off, one way or both"},
	{"fill-disk", "disks that get full"},
	{"slow-disk", "disks whose syncs take up to 2 s longer"},
	{"clock", "clocks that jump, by up to an hour"},
	{"transfer", "leadership handed over"},
	{"replace", "machines replaced by new ones"},
	{"join", "nodes that join"},
	{"remove", "nodes removed"},
	{"demote", "votes taken and given back"},
}

// table is what happened and what was found, in Markdown.
func (s *soak) table(reports map[string]load.Report) string {
	violations := 0
	for _, r := range reports {
		violations += len(r.Violations)
	}
	command := fmt.Sprintf("`make soak DURATION=%s SEED=%d`", s.length, s.seed)
	var b strings.Builder
	b.WriteString("| fault, all of them mixed | count | violations | seed | command |\n|---|---|---|---|---|\n")
	for _, f := range faults {
		if n := s.teller.Counts[f.word]; n > 0 {
			fmt.Fprintf(&b, "| %s | %d | %d | %d | %s |\n", f.what, n, violations, s.seed, command)
		}
	}
	b.WriteString("\n| what was checked meanwhile | operations | of unknown outcome | checked | not checked in time | violations |\n|---|---|---|---|---|---|\n")
	for _, name := range slices.Sorted(maps.Keys(reports)) {
		r := reports[name]
		fmt.Fprintf(&b, "| %s | %d | %d (%.1f %%) | %d | %d | %d |\n", name, r.Operations, r.Ambiguous,
			100*float64(r.Ambiguous)/float64(max(r.Operations, 1)), r.Checked, r.Unchecked, len(r.Violations))
	}
	return b.String()
}

// write writes the table into the document.
func (s *soak) write(table string) {
	s.t.Helper()
	pages.Write(s.t, "reliability.md", "soak", fmt.Sprintf("\n%v on %s, commit %s, %s.\n\n%s\n%s\n", time.Since(s.began).Round(time.Minute),
		s.teller.Ground.Kind(), version(s.t), time.Now().Format(time.DateOnly), table, s.watched))
}
