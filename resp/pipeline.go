package resp

import (
	"context"
	"errors"
	"time"

	"confman/store"
)

// What a transaction that a pipeline's commands share carries at most, unless it is one
// command: large proposals make elections, and long reads keep writers waiting.
const (
	maxShared      = 1 << 20 // bytes of arguments
	maxSharedCalls = 1 << 10
)

// run answers calls about data that came in a row: the reads in front and those at the end
// over this node's data, and what lies between the first write and the last in transactions
// that all nodes commit.
func (s *session) run(ctx context.Context, calls []*Call) {
	first, last := len(calls), len(calls)
	for i, c := range calls {
		if c.Flags&Writes != 0 {
			first, last = min(first, i), i+1
		}
	}
	s.showAll(calls)
	s.proof = proof{}
	s.share(ctx, calls[:first])
	s.share(ctx, calls[first:last])
	s.share(ctx, calls[last:])
}

// share answers calls in as few transactions as there may be.
func (s *session) share(ctx context.Context, calls []*Call) {
	for len(calls) > 0 && !s.quit {
		n, size := 1, calls[0].size()
		for n < min(len(calls), maxSharedCalls) && size+calls[n].size() <= maxShared {
			size += calls[n].size()
			n++
		}
		s.transact(ctx, calls[:n])
		calls = calls[n:]
	}
}

// transact answers calls out of one transaction. If that becomes too large, as by appending
// to large values, each has one of its own.
func (s *session) transact(ctx context.Context, calls []*Call) {
	if writing(calls) {
		_ = s.conn.flush() // a write may wait; the connection remembers an error
	}
	began := time.Now()
	if err := s.prove(ctx, calls); err != nil {
		s.withoutReads(ctx, calls, err, began)
		return
	}
	replies, err := s.evaluate(ctx, calls, nil)
	if errors.Is(err, store.ErrTooLarge) && len(calls) > 1 {
		for i := range calls {
			s.transact(ctx, calls[i:i+1])
		}
		return
	}
	for i, c := range calls {
		if err != nil {
			s.fail(c, fromNode(err, s.server.Log), began)
		} else {
			s.reply(replies[i])
		}
	}
}

// fail answers a call that got nowhere, for which it may have waited long.
func (s *session) fail(c *Call, why error, began time.Time) {
	s.note(c, why, time.Since(began))
	s.reply(why)
}

// withoutReads answers calls whose reads are refused: the writes among them need nothing.
func (s *session) withoutReads(ctx context.Context, calls []*Call, why error, began time.Time) {
	var writes []*Call
	for _, c := range calls {
		if c.Flags&Writes != 0 {
			writes = append(writes, c)
		}
	}
	var replies []Reply
	var err error
	if len(writes) > 0 {
		replies, err = s.evaluate(ctx, writes, nil)
	}
	for _, c := range calls {
		switch {
		case c.Flags&Writes == 0:
			s.fail(c, why, began)
		case err != nil:
			s.fail(c, fromNode(err, s.server.Log), began)
		default:
			s.reply(replies[0])
			replies = replies[1:]
		}
	}
}

// writing reports whether any of the calls may write.
func writing(calls []*Call) bool {
	for _, c := range calls {
		if c.Flags&Writes != 0 {
			return true
		}
	}
	return false
}
