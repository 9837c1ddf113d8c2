package store

import "math"

// What expires is removed by a write, of which the watcher is told like of any other. But it looks gone
// before that, and stays so for as long as nobody can write: so each node says it on its own, too.

// lapsePage is of how many configs the watcher is told at a time.
const lapsePage = 1000

// NextLapse returns how many milliseconds after the given time the next config expires of which the
// watcher was not told that it has.
func (s *Store) NextLapse(now Millis) (left Millis, some bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if next := s.lapsing(math.MaxInt64, 1); len(next) > 0 {
		return max(0, next[0].at-max(now, s.clock)), true
	}
	return 0, false
}

// Lapse tells the watcher of clients' configs that have expired by the store's time, which is the given
// one or the latest that an applied entry carried: of up to a thousand of those of which it was not told.
func (s *Store) Lapse(now Millis) {
	s.mu.Lock()
	defer s.mu.Unlock()
	gone := s.lapsing(max(now, s.clock), lapsePage)
	if len(gone) == 0 {
		return
	}
	names := make([]string, len(gone))
	for i, d := range gone {
		names[i] = configName(d.key)
	}
	s.lapsed = gone[len(gone)-1]
	if s.watcher != nil {
		s.watcher.Lapsed(names)
	}
}

// lapsing returns the next deadlines of which the watcher was not told, up to a time.
func (s *Store) lapsing(until Millis, limit int) (all []deadline) {
	s.expiries.clients.Ascend(s.lapsed, func(d deadline) bool {
		if d == s.lapsed {
			return true
		}
		if d.at > until || len(all) == limit {
			return false
		}
		all = append(all, d)
		return true
	})
	return all
}
