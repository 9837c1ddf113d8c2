package resp

import (
	"strings"
	"sync"

	"confman/store"
)

// An announcer tells subscribers of changes, in the order of the log. It does so behind the store's back
// where there is much to do: the store is locked while it says what has changed, and there may be as many
// events as configs, for each of which all patterns have to be looked at.
type announcer struct {
	mu      sync.Mutex
	waiting []announcement
	changes int // in those that wait
	working bool
	worker  sync.WaitGroup
}

// An announcement is what a transaction has changed, and what of that is told of.
type announcement struct {
	store.Changes
	classes string
}

const (
	maxAnnounced = 1 << 20 // changes that may wait to be told of
	maxAtOnce    = 1 << 14 // changes, times subscriptions to patterns, that are told of while the store waits
)

// put has an announcement told, and reports whether there was room for it. It does not wait.
func (a *announcer) put(one announcement, tell func(announcement)) (room bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.changes > maxAnnounced {
		return false
	}
	a.waiting = append(a.waiting, one)
	a.changes += len(one.All)
	if !a.working {
		a.working = true
		a.worker.Go(func() { a.work(tell) })
	}
	return true
}

// busy reports whether there is something that waits, or is being told.
func (a *announcer) busy() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.working
}

// work tells of what waits, until nothing does.
func (a *announcer) work(tell func(announcement)) {
	for one, some := a.next(); some; one, some = a.next() {
		tell(one)
	}
}

func (a *announcer) next() (one announcement, some bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.waiting) == 0 {
		a.working, a.waiting = false, nil
		return one, false
	}
	one = a.waiting[0]
	a.waiting[0] = announcement{}
	a.waiting = a.waiting[1:]
	a.changes -= len(one.All)
	return one, true
}

// clear drops what waits, and returns when the last announcement that was begun is told.
func (a *announcer) clear() {
	a.mu.Lock()
	a.waiting, a.changes = nil, 0
	a.mu.Unlock()
	a.worker.Wait()
}

// notify has those who asked for it told what a transaction has changed. Clients whose patterns take longer
// to be looked at than changes take to come are cut off.
func (s *Server) notify(c store.Changes) {
	classes := s.notifies.Load()
	if classes == nil || s.hub.some.Load() == 0 {
		return
	}
	all := announcement{c, *classes}
	if !s.announcer.busy() && int64(len(c.All))*(1+s.hub.size(patterns)) <= maxAtOnce {
		s.announceAll(all)
	} else if !s.announcer.put(all, s.announceAll) {
		s.hub.cut(patterns)
	}
}

// announceAll tells of a transaction: each event of a name once.
func (s *Server) announceAll(a announcement) {
	told := map[string]bool{}
	tell := func(name string, n notice) {
		if key := n.event + " " + name; strings.IndexByte(a.classes, n.class) >= 0 && !told[key] {
			told[key] = true
			s.announce(a.classes, name, n.event)
		}
	}
	for _, change := range a.All {
		if !reserved(change.Name) {
			noticesOf(change, tell)
		}
	}
}
