package differential

import (
	"context"
	"fmt"
)

const (
	length   = 400 // steps of an episode
	failures = 8   // after which Explore ends
)

// Explore plays episodes of random steps until so many replies were compared. It goes on after a
// difference, and returns the first one of each command, made small; origin is what they say of
// where they are from.
func (s *Stream) Explore(ctx context.Context, g *Generator, origin string, count int) (all []*Failure, err error) {
	s.Dumped = g.Dumped
	failed := map[string]bool{}
	for n := 0; s.Tally.Total() < count && len(all) < failures; n++ {
		g.Begin()
		steps := 0
		played, found, err := s.Play(ctx, func() (Step, bool) {
			steps++
			return g.Step(), steps <= length
		})
		if err != nil {
			return all, fmt.Errorf("%s, episode %d: %w", origin, n, err)
		}
		if found == nil || failed[s.Catalog.call(found.Step).Name] {
			continue
		}
		failed[s.Catalog.call(found.Step).Name] = true
		quiet := *s
		quiet.Tally, quiet.Dumped = NewTally(), nil
		f, err := quiet.Shrink(ctx, &Failure{fmt.Sprintf("%s, episode %d", origin, n), played, *found})
		if all = append(all, f); err != nil {
			return all, err
		}
	}
	return all, nil
}
