package resp

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"confman/store"
)

// A desk is a node that only takes what is noted.
type desk struct {
	Node
	store   *store.Store
	mu      sync.Mutex
	shut    bool
	at      []time.Time
	written []store.Note
}

func (d *desk) Update(_ context.Context, _ string, fn func(*store.Tx) error) (revision uint64, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.at = append(d.at, time.Now())
	if d.shut {
		return 0, store.ErrUnavailable
	}
	return 0, d.store.Evaluate(1, []store.Update{{By: "x", Do: fn}}, func(_ int, txn store.Txn, err error) bool {
		d.written = append(d.written, txn.Notes...)
		return err == nil
	})
}

// times returns when it was written to, or that was tried.
func (d *desk) times() []time.Time {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.at)
}

// lines returns what was written.
func (d *desk) lines() []store.Note {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.written)
}

func (d *desk) open(open bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.shut = !open
}

func (s *Server) guess(host string, port int) {
	s.auditor.note(&s.auditor.denied, store.Note{
		At: store.Millis(s.Now().UnixMilli()), By: defaultUser, Act: "AUTH", Refused: "WRONGPASS",
		Origin: store.Origin{Addr: fmt.Sprintf("%s:%d", host, port)},
	})
}

// desked is a server with a desk.
func desked() (*Server, *desk) {
	d := &desk{store: store.OpenMemory()}
	s := &Server{Node: d}
	s.init()
	return s, d
}

// However fast somebody guesses passwords, one line a second says how often.
func TestGuessesAreCounted(t *testing.T) {
	s, d := desked()
	synctest.Test(t, func(t *testing.T) {
		end := s.writesNotes()
		began := s.Now().UnixMilli()
		for i := range 3000 { // in three seconds, each from a new port
			s.guess("192.0.2.1", i)
			time.Sleep(time.Millisecond) // it is the bubble's time, as below
		}
		end()
		var times uint64
		for _, n := range d.lines() {
			times += n.Times
		}
		if len(d.times()) > 4 || len(d.lines()) > 4 || times != 3000 {
			t.Errorf("%d writes of %d lines count %d guesses", len(d.times()), len(d.lines()), times)
		}
		if d.lines()[0].At != store.Millis(began) {
			t.Errorf("the first was at %d, not %d", d.lines()[0].At, began)
		}
	})
}

// What many hosts try is bounded in memory and on the way to the log, and does not crowd out operators.
func TestManyStrangers(t *testing.T) {
	s, d := desked()
	synctest.Test(t, func(t *testing.T) {
		end := s.writesNotes()
		for i := range 5000 {
			s.guess(fmt.Sprintf("10.0.%d.%d", i/256, i%256), 1)
		}
		s.auditor.note(&s.auditor.acts, store.Note{At: 1, By: defaultUser, Act: "SHUTDOWN"})
		time.Sleep(1500 * time.Millisecond)
		synctest.Wait()
		if len(d.lines()) != maxNotes || d.lines()[0].Act != "SHUTDOWN" {
			t.Errorf("%d lines, the first of which is %+v", len(d.lines()), d.lines()[0])
		}
		time.Sleep(20 * time.Second)
		synctest.Wait()
		if last := d.lines()[len(d.lines())-1]; len(d.lines()) != maxLines+2 || last.Times != 4000 {
			t.Errorf("%d lines, the last of which is %+v", len(d.lines()), last)
		}
		for i := 1; i < len(d.times()); i++ {
			if pause := d.times()[i].Sub(d.times()[i-1]); pause < time.Second {
				t.Errorf("written again after %v", pause)
			}
		}
		end()
	})
}

// Without a leader what is noted waits, and the end of the server does not wait for it.
func TestNotesWaitForALeader(t *testing.T) {
	s, d := desked()
	synctest.Test(t, func(t *testing.T) {
		d.open(false)
		end := s.writesNotes()
		s.guess("192.0.2.1", 1)
		time.Sleep(10*time.Second + time.Millisecond)
		synctest.Wait()
		if n := len(d.times()); n < 5 || n > 11 {
			t.Errorf("it was tried %d times", n)
		}
		d.open(true)
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if len(d.lines()) != 1 {
			t.Errorf("%d lines", len(d.lines()))
		}
		s.guess("192.0.2.1", 1)
		end()
		if len(d.lines()) != 2 {
			t.Errorf("%d lines after the end", len(d.lines()))
		}
		d.open(false)
		end = s.writesNotes()
		s.guess("192.0.2.1", 1)
		end()
	})
}
