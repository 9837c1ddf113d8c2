package differential

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"confman/resp"
)

// String shows the steps as a transcript, of which the last has both answers.
func (f *Failure) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n", f.Origin)
	for i, step := range f.Steps {
		if step.Connection != "a" || f.several() {
			b.WriteString(step.Connection)
		}
		b.WriteString(">")
		for _, w := range step.Words {
			fmt.Fprintf(&b, " %s", quoted(w))
		}
		b.WriteByte('\n')
		if i == len(f.Steps)-1 {
			ours, theirs := shown(f.Difference.Confman), shown(f.Difference.Redis)
			if ours == theirs { // only the bytes tell
				ours, theirs = fmt.Sprintf("%q", f.Difference.Confman), fmt.Sprintf("%q", f.Difference.Redis)
			}
			fmt.Fprintf(&b, "%s\n! %s", ours, strings.ReplaceAll(theirs, "\n", "\n! "))
		}
	}
	return b.String()
}

// several reports whether the steps go over more than one connection.
func (f *Failure) several() bool {
	return slices.ContainsFunc(f.Steps, func(s Step) bool { return s.Connection != f.Steps[0].Connection })
}

// quoted shows a word as it is typed.
func quoted(w string) string {
	if w != "" && !strings.ContainsFunc(w, func(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune(`"'\`, r) }) {
		return w
	}
	return resp.Format(w)
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
