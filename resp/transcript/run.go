package transcript

import (
	"context"
	"regexp"
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
	for _, step := range steps {
		step.run(t, file, clients, step.Want)
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
	for _, step := range steps {
		want := step.Want
		if step.Redis != nil {
			want = step.Redis
		}
		step.run(t, file, clients, want)
	}
}

// run sends one command and compares its answer.
func (s Step) run(t *testing.T, file string, clients Clients, want []string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	reply, err := clients(s).Do(ctx, s.Words...)
	if err != nil {
		t.Fatalf("%s:%d: %q: %v", file, s.Line, s.Words, err)
	}
	got, wanted := resp.Format(reply), strings.Join(want, "\n")
	if pattern, isPattern := strings.CutPrefix(wanted, "~ "); isPattern {
		if !regexp.MustCompile("^(?s:" + pattern + ")$").MatchString(got) {
			t.Errorf("%s:%d: %q answers\n%s\nwant a match of\n%s", file, s.Line, s.Words, got, pattern)
		}
	} else if got != wanted {
		t.Errorf("%s:%d: %q answers\n%s\nwant\n%s", file, s.Line, s.Words, got, wanted)
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
