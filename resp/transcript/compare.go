package transcript

import (
	"context"
	"strings"
	"testing"
)

// Compare runs a transcript on confman and on Redis in one version of the protocol, and wants
// the same bytes of both, but where the transcript says that they differ or are never the same.
func Compare(t *testing.T, file, protocol, confman, redis string) {
	t.Helper()
	steps, confmanOnly, err := Read(file)
	if err != nil {
		t.Fatal(err)
	}
	if confmanOnly {
		t.Skip("for confman only")
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	ours, theirs := dialWires(t, confman, protocol), dialWires(t, redis, protocol)
	for _, step := range steps {
		got, want := ours(ctx, step), theirs(ctx, step)
		if differs := step.Redis != nil || strings.HasPrefix(step.Want[0], "~ "); got != want && !differs {
			t.Errorf("%s:%d: %q answers\n%q\nRedis\n%q", file, step.Line, step.Words, got, want)
		}
	}
}

// dialWires returns what sends a step over the connection of its name and returns the reply.
func dialWires(t *testing.T, addr, protocol string) func(context.Context, Step) string {
	dialled := map[string]*Wire{}
	return func(ctx context.Context, step Step) string {
		t.Helper()
		w := dialled[step.Connection]
		if w == nil {
			var err error
			if w, err = DialWire(ctx, addr); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = w.Close() }) // QUIT may have done it
			dialled[step.Connection] = w
			if _, err := w.Do(ctx, []string{"HELLO", protocol}); err != nil {
				t.Fatal(err)
			}
		}
		replies, err := w.Do(ctx, step.Words)
		if err != nil {
			t.Fatalf("line %d: %q: %v", step.Line, step.Words, err)
		}
		return string(replies[0])
	}
}
