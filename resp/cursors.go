package resp

import (
	"math/rand/v2"
	"strconv"
	"sync"
)

// cursors remembers where scans go on: a cursor is a number, and stands for the name behind
// which the next page begins. So a scan misses nothing that is there throughout, whatever
// is added and deleted meanwhile. Cursors are drawn at random, so that one of another node,
// or of an earlier life of this one, is noticed.
type cursors struct {
	mu     sync.Mutex
	places map[uint64]place
	order  []uint64 // the cursors in the order they were made, as a ring
	next   int      // place in the ring of the next one
}

// A place is where a walk goes on.
type place struct {
	over  string // what is walked over
	after string
}

// maxCursors bounds how many are remembered; the oldest goes first.
const maxCursors = 1 << 14

// add returns the cursor for going on behind a name, which is "" at the end.
func (c *cursors) add(after, over string) string {
	if after == "" {
		return "0"
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.places == nil {
		c.places, c.order = map[uint64]place{}, make([]uint64, maxCursors)
	}
	cursor := 1 + rand.Uint64N(1<<53-1) // numbers that JavaScript can hold
	delete(c.places, c.order[c.next])
	c.order[c.next] = cursor
	c.next = (c.next + 1) % maxCursors
	c.places[cursor] = place{over, after}
	return strconv.FormatUint(cursor, 10)
}

// parseCursor reads a cursor as Redis does, with strtoul: nothing is 0, and a sign may lead it.
func parseCursor(word string) (cursor uint64, err error) {
	if word == "" {
		return 0, nil
	}
	digits := word
	if word[0] == '+' || word[0] == '-' {
		digits = word[1:]
	}
	if cursor, err = strconv.ParseUint(digits, 10, 64); err != nil {
		return 0, errCursor
	}
	if word[0] == '-' {
		cursor = -cursor
	}
	return cursor, nil
}

// find returns behind which name the walk goes on, "" for the start.
func (c *cursors) find(cursor uint64, over string) (after string, err error) {
	if cursor == 0 {
		return "", nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	p, found := c.places[cursor]
	if !found || p.over != over {
		return "", errUnknownCursor
	}
	return p.after, nil
}
