package differential

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"confman/resp"
)

// String shows the step as it is typed into redis-cli.
func (s Step) String() string {
	words := make([]string, len(s.Words))
	for i, w := range s.Words {
		if words[i] = w; w == "" || strings.ContainsFunc(w, odd) {
			words[i] = resp.Format(w) // in quotes
		}
	}
	return strings.Join(words, " ")
}

// odd reports whether a character keeps a word from being typed as it is.
func odd(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune(`"'\`, r) }

// String shows the steps as a transcript, of which the last has both answers.
func (f *Failure) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n", f.Origin)
	several := slices.ContainsFunc(f.Steps, func(s Step) bool { return s.Connection != f.Steps[0].Connection })
	const most = 60 // of steps that could not be made fewer
	if n := len(f.Steps) - most; n > 0 {
		fmt.Fprintf(&b, "# behind %d steps\n", n)
	}
	for _, step := range f.Steps[max(0, len(f.Steps)-most):] {
		if several {
			b.WriteString(step.Connection)
		}
		fmt.Fprintf(&b, "> %v\n", step)
	}
	ours, theirs := shown(f.Difference.Confman), shown(f.Difference.Redis)
	if ours == theirs { // only the bytes tell
		ours, theirs = fmt.Sprintf("%q", f.Difference.Confman), fmt.Sprintf("%q", f.Difference.Redis)
	}
	fmt.Fprintf(&b, "%s\n! %s", ours, strings.ReplaceAll(theirs, "\n", "\n! "))
	return b.String()
}

// shown shows a reply as redis-cli does.
func shown(raw []byte) string {
	r, err := resp.Decode(raw)
	if err != nil {
		return fmt.Sprintf("%q", raw)
	}
	return resp.Format(r)
}

// String lists what was compared and what was left out.
func (t *Tally) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "compared %d replies, by command (in brackets those without an error):", t.Total())
	for i, name := range slices.Sorted(maps.Keys(t.Compared)) {
		if i%5 == 0 {
			b.WriteByte('\n')
		}
		fmt.Fprintf(&b, "%18s %5d (%5d)", name, t.Compared[name], t.Answered[name])
	}
	for _, part := range []struct {
		what string
		of   map[string]int
	}{{"left out", t.Left}, {"expected to differ", t.Expected}} {
		fmt.Fprintf(&b, "\n%s:", part.what)
		for _, id := range slices.Sorted(maps.Keys(part.of)) {
			fmt.Fprintf(&b, " [%s] %d", id, part.of[id])
		}
	}
	return b.String()
}
