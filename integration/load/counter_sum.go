package load

import (
	"fmt"
	"sync"
)

// A sum is the account of a config that is only counted up.
type sum struct {
	name string

	mu           sync.Mutex
	sent         int64 // all that was asked for
	acknowledged int64
	doubtful     int64
	told         []uint64 // a bit for each number that was told
}

// sends notes what is asked for.
func (s *sum) sends(by int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sent += by
}

// answered notes what is known of what was asked for, and the number that was told. No number is told twice, and none
// is higher than all that was asked for.
func (s *sum) answered(by int64, k knowledge, number int64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch k {
	case doubtful:
		s.doubtful += by
		return nil
	case told:
		s.acknowledged += by
	default:
		s.sent -= by
		return nil
	}
	if number < by || number > s.sent {
		return fmt.Errorf("%s counts to %d, of at most %d", s.name, number, s.sent)
	}
	for int(number/64) >= len(s.told) {
		s.told = append(s.told, 0)
	}
	bit := uint64(1) << (number % 64)
	if s.told[number/64]&bit != 0 {
		return fmt.Errorf("%s counts to %d twice", s.name, number)
	}
	s.told[number/64] |= bit
	return nil
}

// total checks what was counted in the end.
func (s *sum) total(counted int64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if counted < s.acknowledged || counted > s.acknowledged+s.doubtful {
		return fmt.Errorf("%s counts to %d: %d were acknowledged, and %d more may have happened", s.name, counted, s.acknowledged, s.doubtful)
	}
	return nil
}
