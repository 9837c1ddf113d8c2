package resp_test

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"confman/resp/transcript"
	"confman/store"
)

// A spy is a node that notes how it was used, and may refuse to be.
type spy struct {
	*transcript.Local
	refuse  error         // what updates answer
	behind  error         // what Barrier and Within answer
	loading bool          // there is no whole state yet
	entered chan struct{} // gets one for each update that begins, if it is not nil
	proceed chan struct{} // what updates wait for, if it is not nil
	again   int           // how often a function runs more than once
	broken  bool          // there is no transaction to look into
	viewing atomic.Bool   // a view is under way

	mu    sync.Mutex
	calls string // V for a view, U for an update, B for a barrier, W for Within
}

func newSpy() *spy { return &spy{Local: transcript.NewLocal()} }

func (s *spy) note(call string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls += call
}

// took returns the calls since it was last asked.
func (s *spy) took() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	calls := s.calls
	s.calls = ""
	return calls
}

// Glance has all commands go the long way, on which the spy is.
func (s *spy) Glance(func(store.Glance)) error { return store.ErrLoading }

func (s *spy) View(ctx context.Context, fn func(*store.Tx) error) error {
	s.note("V")
	s.viewing.Store(true)
	defer s.viewing.Store(false)
	if s.loading {
		return store.ErrLoading
	}
	if s.broken {
		return fn(nil)
	}
	return s.Local.View(ctx, fn)
}

func (s *spy) Update(ctx context.Context, by string, fn func(*store.Tx) error) (uint64, error) {
	s.note("U")
	if s.entered != nil {
		select {
		case s.entered <- struct{}{}:
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	}
	if s.proceed != nil {
		select {
		case <-s.proceed:
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	}
	for range s.again {
		_ = s.Store.View(0, fn) // an attempt that is lost
	}
	if s.refuse != nil {
		return 0, s.refuse
	}
	return s.Local.Update(ctx, by, fn)
}

func (s *spy) Barrier(context.Context) error {
	s.note("B")
	return s.behind
}

func (s *spy) Within(_ context.Context, age time.Duration) error {
	s.note("W")
	return s.behind
}
