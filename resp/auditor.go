package resp

import (
	"context"
	"net"
	"sync"
	"time"

	"confman/store"
)

// Changes stand in the audit by themselves. What was denied, and what operators did to nodes, changes no
// config: the auditor notes it. An attacker who guesses passwords must not make the log grow as fast as he
// guesses, so what is alike becomes one line with a number, and lines are gathered for a second before they are written.

// How much the auditor takes down.
const (
	maxLines   = 1000        // different ones of each kind that wait to be written; beyond that one line counts the rest
	maxNotes   = 100         // that are written at once
	maxAct     = 256         // bytes
	maxNamed   = 8           // names that a line holds
	lastWrites = time.Second // how long the end of the server waits for what is not written yet
)

// An auditor holds what is to be noted until it is written. What cannot be written, as without a leader,
// stays; what may have been written is written again, for a line that stands there twice is better than none.
// The zero value is ready.
type auditor struct {
	mu           sync.Mutex
	acts, denied book // each with room of its own: strangers must not crowd out what operators did
	waiting      chan struct{}

	pending []store.Note // that are being written, by the one who writes
}

// A line is what has to be alike to be counted together.
type line struct{ by, host, act, refused string }

// A book holds notes, with what is alike counted.
type book struct {
	notes []store.Note
	at    map[line]int
	rest  store.Note // stands for those that found no room
}

// add adds a note.
func (b *book) add(n store.Note) {
	host, _, err := net.SplitHostPort(n.Origin.Addr)
	if err != nil {
		host = n.Origin.Addr
	}
	l := line{n.By, host, n.Act, n.Refused}
	i, known := b.at[l]
	switch {
	case known:
		b.notes[i].Times++
	case len(b.notes) < maxLines:
		if b.at == nil {
			b.at = map[line]int{}
		}
		b.at[l] = len(b.notes)
		n.Times = 1
		b.notes = append(b.notes, n)
	case b.rest.Times == 0:
		b.rest = store.Note{At: n.At, By: n.By, Act: "(more than is told apart)", Refused: n.Refused, Times: 1}
	default:
		b.rest.Times++
	}
}

// take returns what is in a book, and empties it.
func (b *book) take() []store.Note {
	all := b.notes
	if b.rest.Times > 0 {
		all = append(all, b.rest)
	}
	*b = book{}
	return all
}

// note takes a note down, in one of the auditor's books.
func (a *auditor) note(in *book, n store.Note) {
	a.mu.Lock()
	in.add(n)
	a.mu.Unlock()
	a.wake()
}

// ready returns the channel that holds something while there is something to write.
func (a *auditor) ready() chan struct{} {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.waiting == nil {
		a.waiting = make(chan struct{}, 1)
	}
	return a.waiting
}

// wake has the one who writes look.
func (a *auditor) wake() {
	select {
	case a.ready() <- struct{}{}:
	default:
	}
}

// writesNotes writes down what is noted until the end, which waits for the last of it, but not for long.
func (s *Server) writesNotes() (end func()) {
	a := &s.auditor
	ctx, cancel := context.WithCancel(context.Background())
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		a.run(ctx, s.Node, s.AuditTime, stop)
	}()
	return func() {
		defer time.AfterFunc(lastWrites, cancel).Stop()
		defer cancel()
		close(stop)
		<-done
		if lost := len(a.pending) + len(a.take()); lost > 0 {
			s.Log.Warn("what was denied or done last could not be noted for the audit", "lines", lost)
		}
	}
}

// run writes what has been gathered for a time, until stop is closed, and then what is left.
func (a *auditor) run(ctx context.Context, node Node, gather time.Duration, stop <-chan struct{}) {
	for {
		select {
		case <-stop:
			for a.more() && a.write(ctx, node) == nil {
			}
			return
		case <-a.ready():
			select {
			case <-stop:
			case <-time.After(gather):
			}
		}
		if a.more() && (a.write(ctx, node) != nil || len(a.pending) > 0) {
			a.wake()
		}
	}
}

// more reports whether there is anything to write, and gets hold of it.
func (a *auditor) more() bool {
	if len(a.pending) == 0 {
		a.pending = a.take()
	}
	return len(a.pending) > 0
}

// take empties the books.
func (a *auditor) take() []store.Note {
	a.mu.Lock()
	defer a.mu.Unlock()
	return append(a.acts.take(), a.denied.take()...)
}

// write writes some of what is pending.
func (a *auditor) write(ctx context.Context, node Node) error {
	some := a.pending[:min(len(a.pending), maxNotes)]
	_, err := node.Update(ctx, defaultUser, func(tx *store.Tx) error {
		for _, n := range some {
			tx.Note(n)
		}
		return nil
	})
	if err == nil {
		a.pending = a.pending[len(some):]
	}
	return err
}
