package load

import (
	"cmp"
	"fmt"
	"sync"
)

// A voice numbers what it does, one after the other: what is refused, and so has not happened, is done again under
// the same number.
type voice struct {
	name string

	mu     sync.Mutex
	sent   uint64              // the last one that was sent
	unsure map[uint64]struct{} // those of which nobody knows whether they have happened, or will
}

// send returns the number of what is sent next.
func (v *voice) send() uint64 {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.sent++
	return v.sent
}

// learn takes account of what has become of what was sent last.
func (v *voice) learn(k knowledge) {
	v.mu.Lock()
	defer v.mu.Unlock()
	switch k {
	case declined:
		v.sent--
	case doubtful, absurd:
		v.unsure[v.sent] = struct{}{}
	}
}

// latest is the number of what was sent last.
func (v *voice) latest() uint64 {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.sent
}

// A hearing is what was heard of a voice over one connection.
type hearing struct {
	*voice
	lossy bool            // something may be missing
	began uint64          // what was sent behind that is to be heard
	next  uint64          // what is to be heard next; zero before the first
	stray map[uint64]bool // what was heard, of those that are unsure
}

// hear begins to hear a voice: what is sent from now on, and perhaps some of what was sent just before.
func hear(v *voice, lossy bool) *hearing {
	return &hearing{voice: v, lossy: lossy, began: v.latest(), stray: map[uint64]bool{}}
}

// take takes a number that was heard, and returns what is wrong with it. What is unsure may come late, once, or never.
func (h *hearing) take(n uint64) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	_, unsure := h.unsure[n]
	if h.next == 0 {
		switch {
		case n <= h.began && unsure:
		case n <= h.began:
			h.next = n
		default:
			h.next = h.began + 1
		}
	}
	switch {
	case n < h.next || h.next == 0:
		if !unsure || h.stray[n] {
			return fmt.Errorf("%d of %s was heard where %d was next", n, h.name, h.next)
		}
		h.stray[n] = true
		return nil
	case n > h.sent:
		return fmt.Errorf("%d of %s was heard, and %d was sent last", n, h.name, h.sent)
	}
	if _, unsure := h.unsure[n-1]; !unsure {
		delete(h.stray, n-1)
	}
	h.stray[n] = true // whether it is unsure nobody may know yet
	missed := h.next
	h.next = n + 1
	for ; missed < n && !h.lossy; missed++ {
		if _, unsure := h.unsure[missed]; !unsure {
			return fmt.Errorf("%d of %s was heard where %d was next", n, h.name, missed)
		}
	}
	return nil
}

// nearest is the number with a remainder of a size that is nearest to the one that is next.
func (h *hearing) nearest(remainder, size uint64) uint64 {
	next := cmp.Or(h.next, h.began+1) + size // so that nothing is negative
	from := next - size/2
	return from + (remainder+size-from%size)%size - size
}

// complete reports whether all was heard that has been sent since the beginning, but for what is unsure.
func (h *hearing) complete() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	for n := max(h.next, h.began+1); n <= h.sent; n++ {
		if _, unsure := h.unsure[n]; !unsure {
			return false
		}
	}
	return true
}
