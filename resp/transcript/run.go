package transcript

import (
	"context"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"confman/resp"
)

// Clients returns the client for a step. Steps of a named connection need the same client
// each time; those without a name keep no state in their connection, so that they can go to
// any node which has seen the steps before.
type Clients func(step Step) *resp.Client

// patience is how long a step may take.
const patience = 30 * time.Second

// Run runs a transcript on confman.
func Run(t *testing.T, file string, clients Clients) {
	t.Helper()
	steps, _, err := Read(file)
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]string{}
	for _, step := range steps {
		step.run(t, file, clients, step.Want, known)
	}
}

// RunRedis runs a transcript on Redis, unless it is for confman only.
func RunRedis(t *testing.T, file string, clients Clients) {
	t.Helper()
	steps, confmanOnly, err := Read(file)
	if err != nil {
		t.Fatal(err)
	}
	if confmanOnly {
		t.Skip("for confman only")
	}
	known := map[string]string{}
	for _, step := range steps {
		want := step.Want
		if step.Redis != nil {
			want = step.Redis
		}
		step.run(t, file, clients, want, known)
	}
}

// run sends one command, with what is known for its words, and compares its answer.
func (s Step) run(t *testing.T, file string, clients Clients, want []string, known map[string]string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	words := slices.Clone(s.Words)
	for i, w := range words {
		if value, found := known[strings.TrimPrefix(w, "$")]; found && w[0] == '$' {
			words[i] = value
		}
	}
	reply, err := clients(s).Do(ctx, words...)
	if err != nil {
		t.Fatalf("%s:%d: %q: %v", file, s.Line, words, err)
	}
	got, wanted := resp.Format(reply), strings.Join(want, "\n")
	if pattern, isPattern := strings.CutPrefix(wanted, "~ "); isPattern {
		exp := regexp.MustCompile("^(?s:" + pattern + ")$")
		match := exp.FindStringSubmatch(got)
		if match == nil {
			t.Errorf("%s:%d: %q answers\n%s\nwant a match of\n%s", file, s.Line, words, got, pattern)
		}
		for i, name := range exp.SubexpNames()[:len(match)] {
			if name != "" {
				known[name] = match[i]
			}
		}
	} else if got != wanted {
		t.Errorf("%s:%d: %q answers\n%s\nwant\n%s", file, s.Line, words, got, wanted)
	}
}

// Dialing returns clients that are dialled when they are first needed, one for each name, and
// closed at the end of the test.
func Dialing(t *testing.T, addr string) Clients {
	dialled := map[string]*resp.Client{}
	return func(step Step) *resp.Client {
		if c := dialled[step.Connection]; c != nil {
			return c
		}
		c, err := resp.Dial(t.Context(), addr)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close() }) // QUIT may have done it
		dialled[step.Connection] = c
		return c
	}
}
