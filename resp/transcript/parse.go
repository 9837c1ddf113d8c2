package transcript

import (
	"fmt"
	"os"
	"strings"

	"confman/resp"
)

// A Step is one command and what it must answer.
type Step struct {
	Line       int // in the file, from 1
	Connection string
	Words      []string
	Want       []string // lines, as redis-cli shows them
	Redis      []string // lines that Redis answers, if they are others
	ID         string   // of the [Deviation] that the comment right above names
	Why        string   // what that comment says of it
}

// only begins a file that is not for Redis.
const only = "# confman only: "

// Parse reads a transcript, and whether it is for confman only.
func Parse(text string) (steps []Step, confmanOnly bool, err error) {
	var comment []string // right above
	for i, line := range strings.Split(text, "\n") {
		connection, command, isCommand := strings.Cut(line, "> ")
		switch {
		case strings.HasPrefix(line, "#"):
			confmanOnly = confmanOnly || i == 0 && strings.HasPrefix(line, only)
			comment = append(comment, strings.TrimSpace(line[1:]))
		case line == "":
			comment = nil
		case isCommand && !strings.ContainsAny(connection, "\" ()~!"):
			words, err := resp.SplitLine(command)
			if err != nil {
				return nil, false, fmt.Errorf("line %d: %w", i+1, err)
			}
			id, why := deviation(comment)
			steps = append(steps, Step{Line: i + 1, Connection: connection, Words: words, ID: id, Why: why})
			comment = nil
		case len(steps) == 0:
			return nil, false, fmt.Errorf("line %d: an answer without a command", i+1)
		default:
			step := &steps[len(steps)-1]
			if redis, differs := strings.CutPrefix(line, "! "); differs {
				step.Redis = append(step.Redis, redis)
			} else {
				step.Want = append(step.Want, line)
			}
		}
	}
	for _, step := range steps {
		if !confmanOnly && (step.Redis != nil) != (step.ID != "") {
			return nil, false, fmt.Errorf("line %d: where Redis answers something else, and only there, a comment above says why: # [ID] why", step.Line)
		}
	}
	return steps, confmanOnly, nil
}

// deviation reads the comment above a command: a mark, perhaps behind lines that say something
// else.
func deviation(comment []string) (id, why string) {
	for i := range comment {
		if id, why := Mark(strings.Join(comment[i:], " ")); id != "" {
			return id, why
		}
	}
	return "", ""
}

// Mark reads the ID of a deviation and what is said of it, written "[ID] why".
func Mark(text string) (id, why string) {
	mark, why, marked := strings.Cut(text, "] ")
	if !marked || !strings.HasPrefix(mark, "[") {
		return "", ""
	}
	return mark[1:], why
}

// Read parses a file as [Parse] does its text.
func Read(file string) (steps []Step, confmanOnly bool, err error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, false, err
	}
	if steps, confmanOnly, err = Parse(string(text)); err != nil {
		return nil, false, fmt.Errorf("%s: %w", file, err)
	}
	return steps, confmanOnly, nil
}
