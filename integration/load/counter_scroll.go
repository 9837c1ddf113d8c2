package load

import (
	"fmt"
	"strings"
	"sync"
)

// A scroll is a config to which words are appended, each once, until it is full.
type scroll struct {
	gate
	name string

	mu    sync.Mutex
	words map[string]knowledge
	full  chan struct{}
}

// mostWords is how many are appended to a scroll.
const mostWords = 200

func newScroll(name string) *scroll {
	return &scroll{name: name, words: map[string]knowledge{}, full: make(chan struct{})}
}

// sends notes a word before it is sent, or reports false if the scroll is full.
func (s *scroll) sends(word string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.words) == mostWords {
		return false
	}
	if s.words[word] = doubtful; len(s.words) == mostWords {
		close(s.full)
	}
	return true
}

// answered notes what is known of a word.
func (s *scroll) answered(word string, k knowledge) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.words[word] = k
}

// end ends each word.
const end = ";"

// check compares what is written there with what was appended: what was acknowledged is there once, and what nobody
// knows of once or not at all.
func (s *scroll) check(text string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	times := map[string]int{}
	for _, word := range strings.SplitAfter(text, end) {
		if k, sent := s.words[word]; word != "" && (!sent || k == declined) {
			return fmt.Errorf("%s has %q, which was refused or never sent", s.name, word)
		}
		times[word]++
	}
	for word, k := range s.words {
		if n := times[word]; n > 1 || k == told && n == 0 {
			return fmt.Errorf("%s has %q %d times, of which it is known: %v", s.name, word, n, k)
		}
	}
	return nil
}
