package load

import (
	"maps"
	"sync"
)

// Stretches remember what some consumer was told first of the latest stretches of the feed.
type stretches struct {
	mu     sync.Mutex
	sums   map[uint64]sumOf
	newest uint64
}

// A sumOf is a stretch's sum, and who was told.
type sumOf struct {
	sum      uint64
	consumer int
}

// keptStretches bounds how many are remembered: a consumer that is behind by more compares nothing.
const keptStretches = 4096

// compare goes on with a consumer's stretch, and compares each that has ended with what another was told.
func (s *stretches) compare(own *stretch, consumer int, c change, violation func(string, ...any)) {
	ended, did := own.add(c)
	if !did || !ended.whole {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	first, known := s.sums[ended.number]
	if !known {
		if s.sums == nil {
			s.sums = map[uint64]sumOf{}
		}
		s.sums[ended.number] = sumOf{ended.sum, consumer}
		s.newest = max(s.newest, ended.number)
		if len(s.sums) > keptStretches {
			maps.DeleteFunc(s.sums, func(n uint64, _ sumOf) bool { return n+keptStretches/2 < s.newest })
		}
	} else if first.sum != ended.sum {
		violation("consumers %d and %d were told other things of the revisions from %d on, up to the next %d that changed anything",
			first.consumer, consumer, ended.number*stretchRevisions, stretchRevisions)
	}
}
