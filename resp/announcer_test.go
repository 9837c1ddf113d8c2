package resp

import (
	"slices"
	"testing"

	"confman/store"
)

// Who says what has changed does not wait until it is told, and all is told in order.
func TestAnnouncementsWaitForTheirTurn(t *testing.T) {
	var a announcer
	held, told := make(chan struct{}), make(chan uint64, 10)
	tell := func(one announcement) {
		<-held
		told <- one.Revision
	}
	for revision := range uint64(5) {
		if !a.put(announcement{Changes: store.Changes{Revision: revision}}, tell) {
			t.Fatal("no room for five")
		}
	}
	close(held)
	var order []uint64
	for range 5 {
		order = append(order, <-told)
	}
	if !slices.Equal(order, []uint64{0, 1, 2, 3, 4}) {
		t.Errorf("told %v", order)
	}
	a.clear()
	if a.working || a.changes != 0 {
		t.Error("there is more to tell")
	}
}

// So many changes wait and no more. What waits at the end is not told.
func TestAnnouncementsThatDoNotFit(t *testing.T) {
	var a announcer
	held, begun, told := make(chan struct{}), make(chan struct{}), 0
	tell := func(announcement) {
		if told++; told == 1 {
			close(begun)
		}
		<-held
	}
	many := announcement{Changes: store.Changes{All: make([]store.Change, maxAnnounced/2+1)}}
	a.put(many, tell)
	<-begun
	for i, want := range []bool{true, true, false} {
		if room := a.put(many, tell); room != want {
			t.Errorf("the one behind %d others: %v", i, room)
		}
	}
	cleared := make(chan struct{})
	go func() {
		defer close(cleared)
		a.clear()
	}()
	for waiting := true; waiting; {
		a.mu.Lock()
		waiting = len(a.waiting) > 0
		a.mu.Unlock()
	}
	close(held)
	<-cleared
	if told != 1 {
		t.Errorf("told %d times", told)
	}
}
