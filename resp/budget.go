package resp

import (
	"container/list"
	"sync"
	"time"
)

// A budget bounds how many bytes all connections together hold at a time, for what may be
// large. Who waits for some gets it in the order of coming, so that large commands are not
// overtaken for ever by small ones.
type budget struct {
	mu      sync.Mutex
	size    int
	left    int
	waiting list.List // of *claim
}

type claim struct {
	n     int
	given chan struct{}
}

func newBudget(size int) *budget { return &budget{size: size, left: size} }

// more takes n bytes for somebody who holds some, waiting for at most patience. Whoever holds all
// there are has enough for anything, so that what is larger than the budget goes alone.
func (b *budget) more(held, n int, patience time.Duration) (taken int, enough bool) {
	n = min(n, b.size-held)
	return n, n <= 0 || b.take(n, patience)
}

func (b *budget) take(n int, patience time.Duration) bool {
	b.mu.Lock()
	if b.waiting.Len() == 0 && n <= b.left {
		b.left -= n
		b.mu.Unlock()
		return true
	}
	c := &claim{n, make(chan struct{})}
	place := b.waiting.PushBack(c)
	b.mu.Unlock()
	timeout := time.NewTimer(patience)
	defer timeout.Stop()
	select {
	case <-c.given:
		return true
	case <-timeout.C:
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	select {
	case <-c.given: // just now
		return true
	default:
		b.waiting.Remove(place)
		b.serve() // who comes next may want less
		return false
	}
}

// owe takes n bytes at once, even if there are not so many. Others wait until they are there again.
func (b *budget) owe(n int) (taken int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	n = min(n, b.size)
	b.left -= n
	return n
}

// give gives back what was taken.
func (b *budget) give(n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.left += n
	b.serve()
}

// serve serves those who wait. The lock is held.
func (b *budget) serve() {
	for next := b.waiting.Front(); next != nil; next = b.waiting.Front() {
		c := next.Value.(*claim)
		if c.n > b.left {
			return
		}
		b.left -= c.n
		close(c.given)
		b.waiting.Remove(next)
	}
}
