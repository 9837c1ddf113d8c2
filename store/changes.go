package store

import (
	"strings"

	"github.com/tidwall/buntdb"
)

// Changes are what one transaction has changed, which the store tells its [Watcher].
type Changes struct {
	Revision uint64
	At       Millis // the store's time then
	Node     uint64 // that evaluated the transaction
	Seq      uint64 // of the entry that it came in: its node's starts have numbers of their own
	Client   uint64 // as the transaction says
	By       string
	Origin   Origin
	Notes    []Note
	Flush    bool // every config but the system's was deleted, before the rest
	All      []Change
}

// A Change is what a transaction has made of one config. The system's configs are told of too.
type Change struct {
	Name    string
	Events  string // what was done to it, in Redis's words: "set", "set expire", "del", "expired"
	Value   string // that it has now
	Version uint64 // of the config, which is its last one if it is gone
	Was     uint64 // its version before, and zero if it was not there
	Old     string // its value then
	Expires Millis
	Gone    bool // it is deleted, or has expired
	Created bool // it was not there before, or could not be seen
	First   bool // its namespace had no configs of its own before
	Last    bool // its namespace has no configs of its own any more
}

// A Watcher is told what changes, in the order of the log. Nobody reads the store meanwhile: who
// reads afterwards sees the change, and who has read before does not. So it must be quick, and must
// not use the store.
type Watcher interface {
	// Changed is told what transactions have changed.
	Changed(all []Changes)
	// Replaced is told that another state has taken the place of what the store held, at a revision,
	// and can look at the configs of that state until it returns.
	Replaced(revision uint64, value func(name string) (value string, found bool))
	// Lapsed is told which configs cannot be seen any more because they have expired, as [Store.Lapse] says.
	Lapsed(names []string)
}

// Watch has a watcher told of the state as it is, and of all that changes from now on. There is one
// watcher at a time.
func (s *Store) Watch(w Watcher) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.watcher = w
	s.tellState()
}

// tellState tells the watcher that the state is another one. The lock is held.
func (s *Store) tellState() {
	if s.watcher == nil {
		return
	}
	_ = s.db.View(func(tx *buntdb.Tx) error { // fails only when the database is closed
		s.watcher.Replaced(s.applied, func(name string) (string, bool) {
			rec, found := loadRecord(s.in(tx), configKey(name))
			return rec.Value, found
		})
		return nil
	})
}

// tell tells the watcher what a batch has changed. The lock is held.
func (s *Store) tell(b *batch) {
	if s.watcher != nil && len(b.told) > 0 {
		s.watcher.Changed(b.told)
	}
}

// The events that a write stands for if it names none.
const (
	eventSet     = "set"
	eventDelete  = "del"
	eventExpired = "expired"
	eventFlush   = "flush"
)

// withEvents adds events to others, each once.
func withEvents(events, more string) string {
	for event := range strings.FieldsSeq(more) {
		if !strings.Contains(" "+events+" ", " "+event+" ") {
			events = strings.TrimLeft(events+" "+event, " ")
		}
	}
	return events
}

// noted says what a write makes of a config: of old, which was found there or not, it makes now. A
// config that has expired is gone first.
func (l *layer) noted(w Write, old Record, found bool, now Record, at Millis) {
	if !l.noting {
		return
	}
	if found && !old.live(at) {
		l.notes = append(l.notes, Change{Name: w.Name, Events: eventExpired, Version: old.Version, Was: old.Version, Old: old.Value, Gone: true})
	}
	c := Change{Name: w.Name, Events: w.Events, Gone: w.Delete}
	if old.live(at) {
		c.Was, c.Old = old.Version, old.Value
	}
	switch {
	case w.Delete && !old.live(at):
		return
	case w.Delete:
		if c.Version = old.Version; c.Events == "" {
			c.Events = eventDelete
		}
	default:
		c.Value, c.Version, c.Expires = now.Value, now.Version, now.Expires
		c.Created = !old.live(at)
		if c.Events == "" {
			c.Events = eventSet
		}
	}
	l.notes = append(l.notes, c)
}

// withEventsOf returns the events of a write and of a later one that takes its place.
func (w Write) withEventsOf(later Write) string {
	own := func(w Write) string {
		switch {
		case w.Events != "":
			return w.Events
		case w.Delete:
			return eventDelete
		}
		return eventSet
	}
	both := withEvents(own(w), own(later))
	if both == own(Write{Delete: later.Delete}) {
		return ""
	}
	return both
}
