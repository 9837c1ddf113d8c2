// Package story reads and tells stories: what happens to a cluster line by line, and what its clients see.
//
// A story is a text. A line such as
//
//	n1> SET prod/api/timeout 30s
//
// is typed into redis-cli at n1, and the lines behind it are what it shows; ... stands for what differs. A line such
// as
//
//	cut leader
//
// is one of the [Words] of things that happen to nodes. A line that begins with "soon" is tried again until what is said
// of it holds. An empty line ends an answer, and a line with # is for people. The same words are what a
// [Nemesis] is made of, so that what went wrong by chance can be told again.
package story

import (
	"bufio"
	"fmt"
	"io"
	"regexp"
	"strings"
)

// A Step is one thing that happens.
type Step struct {
	Line int      // in its text, from 1
	Text string   // what happens
	Want []string // what redis-cli shows; nil for words
}

// Read reads the steps of a story.
func Read(r io.Reader) (steps []Step, err error) {
	var last *Step // whose answer is being read
	number := 0
	for lines := bufio.NewScanner(r); ; {
		if !lines.Scan() {
			return steps, lines.Err()
		}
		number++
		line := strings.TrimRight(lines.Text(), " \t")
		switch {
		case strings.HasPrefix(line, "#"):
		case line == "":
			last = nil
		case typed(line):
			steps = append(steps, Step{Line: number, Text: line, Want: []string{}})
			last = &steps[len(steps)-1]
		case last != nil:
			last.Want = append(last.Want, line)
		default:
			if _, _, err := word(line); err != nil {
				return nil, fmt.Errorf("line %d: %w", number, err)
			}
			steps = append(steps, Step{Line: number, Text: line})
		}
	}
}

var prompt = regexp.MustCompile(`^(?:(soon) )?(\w+)> (.+)$`)

// typed reports whether a line is typed into redis-cli.
func typed(line string) bool { return prompt.MatchString(line) }

// String writes a step as it is read.
func (s Step) String() string { return strings.Join(append([]string{s.Text}, s.Want...), "\n") }

// answers reports whether redis-cli has shown what a step wants.
func (s Step) answers(shown string) bool {
	lines := strings.Split(strings.TrimRight(shown, "\n"), "\n")
	if len(lines) != len(s.Want) {
		return false
	}
	for i, want := range s.Want {
		pattern := "^" + strings.ReplaceAll(regexp.QuoteMeta(want), `\.\.\.`, ".*") + "$"
		if !regexp.MustCompile(pattern).MatchString(lines[i]) {
			return false
		}
	}
	return true
}
