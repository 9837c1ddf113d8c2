package differential

import (
	"context"
	"slices"
)

// A Failure is an episode that ends with a difference.
type Failure struct {
	Origin     string // which seed and episode
	Steps      []Step // the last is answered otherwise
	Difference Difference
}

// Shrink leaves steps out and makes words shorter as long as the same command is answered
// otherwise at the end. What does not happen again is returned as it is.
func (s *Stream) Shrink(ctx context.Context, f *Failure) (*Failure, error) {
	sh := &shrinking{s, ctx, s.Catalog.call(f.Difference.Step).Name, f, nil}
	if !sh.try(f.Steps) {
		return f, sh.err
	}
	for again := true; again; again = sh.simplify() {
		for chunk := len(sh.best.Steps); chunk > 0; chunk /= 2 {
			sh.drop(chunk)
		}
	}
	return sh.best, sh.err
}

// A shrinking is the smallest failure so far.
type shrinking struct {
	*Stream
	ctx     context.Context
	command string
	best    *Failure
	err     error // of a server
}

// try reports whether steps end in the same difference, and keeps those of them that were played.
func (s *shrinking) try(steps []Step) bool {
	if s.err != nil || slices.ContainsFunc(steps, s.foreign) {
		return false
	}
	i := -1
	played, found, err := s.Play(s.ctx, func() (step Step, more bool) {
		if i++; i < len(steps) {
			return steps[i], true
		}
		return Step{}, false
	})
	s.err = err
	if found == nil || s.Catalog.call(found.Step).Name != s.command {
		return false
	}
	s.best = &Failure{s.best.Origin, played, *found}
	return true
}

// foreign reports whether a step is about names that an episode does not begin without.
func (s *shrinking) foreign(step Step) bool {
	return slices.ContainsFunc(s.Catalog.call(step).keys, func(k string) bool { return !slices.Contains(s.Space.All(), k) })
}

// drop leaves out so many steps at a time wherever it can.
func (s *shrinking) drop(n int) {
	for at := 0; at < len(s.best.Steps); {
		steps := slices.Clone(s.best.Steps)
		if !s.try(slices.Delete(steps, at, min(at+n, len(steps)))) {
			at += n
		}
	}
}

// simplify makes the words of each step fewer or shorter, and reports whether it could.
func (s *shrinking) simplify() (done bool) {
	for i := 0; i < len(s.best.Steps); i++ {
		for _, words := range simpler(s.best.Steps[i].Words) {
			steps := slices.Clone(s.best.Steps)
			steps[i].Words = words
			if s.try(steps) {
				done = true
				break
			}
		}
	}
	return done
}

// simpler returns other words, each smaller than some: one fewer, or one of them shorter.
func simpler(words []string) (all [][]string) {
	for i := 1; i < len(words); i++ {
		all = append(all, slices.Delete(slices.Clone(words), i, i+1))
	}
	for i, w := range words[1:] {
		for _, short := range []string{"", "1", w[:len(w)/2], w[len(w)/2:]} {
			if len(short) < len(w) {
				other := slices.Clone(words)
				other[i+1] = short
				all = append(all, other)
			}
		}
	}
	return all
}
