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
	Why        bool     // a comment stands right above
}

// only begins a file that is not for Redis.
const only = "# confman only: "

// Parse reads a transcript, and whether it is for confman only.
func Parse(text string) (steps []Step, confmanOnly bool, err error) {
	commented := false
	for i, line := range strings.Split(text, "\n") {
		connection, command, isCommand := strings.Cut(line, "> ")
		switch {
		case strings.HasPrefix(line, "#"):
			confmanOnly = confmanOnly || i == 0 && strings.HasPrefix(line, only)
			commented = true
		case line == "":
			commented = false
		case isCommand && !strings.ContainsAny(connection, "\" ()~!"):
			words, err := resp.SplitLine(command)
			if err != nil {
				return nil, false, fmt.Errorf("line %d: %w", i+1, err)
			}
			steps = append(steps, Step{Line: i + 1, Connection: connection, Words: words, Why: commented})
			commented = false
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
		if step.Redis != nil && !step.Why {
			return nil, false, fmt.Errorf("line %d: Redis answers something else, and no comment above says why", step.Line)
		}
	}
	return steps, confmanOnly, nil
}

// read parses a file.
func read(file string) (steps []Step, confmanOnly bool, err error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, false, err
	}
	if steps, confmanOnly, err = Parse(string(text)); err != nil {
		return nil, false, fmt.Errorf("%s: %w", file, err)
	}
	return steps, confmanOnly, nil
}
