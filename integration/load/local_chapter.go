package load

import (
	"fmt"
	"slices"
	"sync"
	"time"
)

// A chapter is a namespace whose configs are always written together, with one value that nobody writes again, and
// all that is known of them: which value was written at which revision, and what each node has shown already.
type chapter struct {
	gate
	namespace string

	mu       sync.Mutex
	versions map[string]*version // by value
	shown    map[string]uint64   // by a node's address, the revision below which it must not fall
	acked    []milestone         // in the order in which writers were told
	sent     int                 // writes
	full     chan struct{}       // closed when enough was written
}

// A version is a value that was sent to be written.
type version struct {
	revision uint64 // at which it was committed; zero if nobody knows that yet
	declined bool   // it was refused
	read     bool
}

// A milestone says that a write had been acknowledged by some time; later ones have higher revisions.
type milestone struct {
	at       time.Duration
	revision uint64
}

func newChapter(namespace string) *chapter {
	return &chapter{namespace: namespace, versions: map[string]*version{}, shown: map[string]uint64{}, full: make(chan struct{})}
}

// sends notes a value before it is sent. It reports false if enough was written.
func (c *chapter) sends(value string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.sent == mostVersions {
		return false
	}
	c.versions[value] = &version{}
	if c.sent++; c.sent == mostVersions {
		close(c.full)
	}
	return true
}

// mostVersions is how many values are written in a chapter: fewer than the versions that a cluster keeps of a config.
const mostVersions = 80

// acknowledged notes that a node has acknowledged a value, at a time.
func (c *chapter) acknowledged(addr, value string, revision uint64, at time.Duration) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.bind(value, revision); err != nil {
		return err
	}
	c.shown[addr] = max(c.shown[addr], revision)
	last := milestone{}
	if n := len(c.acked); n > 0 {
		last = c.acked[n-1]
	}
	if revision > last.revision {
		c.acked = append(c.acked, milestone{max(at, last.at), revision}) // in the order of both
	}
	return nil
}

// bind notes at which revision a value was committed.
func (c *chapter) bind(value string, revision uint64) error {
	v := c.versions[value]
	switch {
	case v == nil:
		return fmt.Errorf("%q was never written", value)
	case v.declined:
		return fmt.Errorf("%q was refused", value)
	case revision == 0 || v.revision != 0 && v.revision != revision:
		return fmt.Errorf("%q is at revision %d, and was at %d", value, revision, v.revision)
	}
	v.revision = revision
	return nil
}

// refused notes that a value is not written, nor will be.
func (c *chapter) refused(value string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	v := c.versions[value]
	if v.declined = true; v.read || v.revision != 0 {
		return fmt.Errorf("%q was refused, and read before", value)
	}
	return nil
}

// floor is the revision that a read must not be older than that a node is asked for now: what it has shown or
// acknowledged already and, if there is a bound, what was acknowledged by any that long ago.
func (c *chapter) floor(addr string, now, bound time.Duration) uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	floor := c.shown[addr]
	if bound > 0 {
		n, _ := slices.BinarySearchFunc(c.acked, now-bound, func(m milestone, at time.Duration) int { return int(m.at - at) })
		if n > 0 {
			floor = max(floor, c.acked[n-1].revision)
		}
	}
	return floor
}

// A reading is what a node has answered: the values of some of the configs, and the revision if that was asked for.
type reading struct {
	values   []string // an empty one is not there
	revision uint64   // zero if it is not known
}

// read checks what a node has answered that was not to be older than a floor, and reports whether it could: that
// needs a revision which somebody knows.
func (c *chapter) read(addr string, r reading, floor uint64) (checked bool, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	value := r.values[0]
	if slices.ContainsFunc(r.values, func(v string) bool { return v != value }) {
		return true, fmt.Errorf("configs that are written together have the values %q", r.values)
	}
	if value != "" {
		v := c.versions[value]
		switch {
		case v == nil:
			return true, fmt.Errorf("%q was never written", value)
		case r.revision != 0:
			err = c.bind(value, r.revision)
		case v.declined:
			err = fmt.Errorf("%q was refused", value)
		}
		if v.read = true; err != nil {
			return true, err
		}
		if r.revision = v.revision; r.revision == 0 {
			return false, nil
		}
	}
	if r.revision < floor {
		return true, fmt.Errorf("%q is at revision %d, and must not be older than %d", value, r.revision, floor)
	}
	c.shown[addr] = max(c.shown[addr], r.revision)
	return true, nil
}

// known are the values of which it is known when they were committed, with their revisions.
func (c *chapter) known() map[string]uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := map[string]uint64{}
	for value, v := range c.versions {
		if v.revision != 0 {
			all[value] = v.revision
		}
	}
	return all
}
