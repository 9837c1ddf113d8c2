package resp

import (
	"context"
	"errors"
	"slices"
	"strings"
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
		for n < min(len(calls), maxSharedCalls) && size+calls[n].size() <= maxShared && !calls[0].forces() && !calls[n].forces() {
			size += calls[n].size()
			n++
		}
		calls = calls[s.transact(ctx, calls[:n]):]
	}
}

// transact answers calls out of one transaction: all of them, or as many of the first as have large
// replies. If that becomes too large, as by appending to large values, or what one of them does is
// refused, each has one of its own.
func (s *session) transact(ctx context.Context, calls []*Call) (answered int) {
	switch {
	case writing(calls):
		_ = s.conn.flush() // a write may wait; the connection remembers an error
	case s.conn.broken():
		return len(calls) // nobody is there to read
	}
	began := time.Now()
	if err := s.prove(ctx, calls); err != nil {
		return s.withoutReads(ctx, calls, err, began)
	}
	replies, err := s.evaluate(ctx, calls, nil)
	if apart(err) && len(calls) > 1 {
		for i := range calls {
			s.transact(ctx, calls[i:i+1])
		}
		return len(calls)
	}
	if err != nil {
		for _, c := range calls {
			s.fail(c, fromNode(err, s.server.Log), began)
		}
		return len(calls)
	}
	for i, r := range replies {
		if calls[i].Flags&Writes == 0 {
			r = s.conn.afford(r)
		}
		s.reply(r)
	}
	return len(replies)
}

// apart reports whether calls that failed together may not all fail if each has its own transaction.
func apart(err error) bool {
	return errors.Is(err, store.ErrTooLarge) || errors.Is(err, store.ErrRefused)
}

// forces reports whether the call has a transaction of its own, because what it forces is not meant for
// the others of a pipeline.
func (c *Call) forces() bool {
	return c.force && slices.ContainsFunc(c.Args, func(w string) bool { return strings.EqualFold(w, "FORCE") })
}

// fail answers a call that got nowhere, for which it may have waited long.
func (s *session) fail(c *Call, why error, began time.Time) {
	s.note(c, why, time.Since(began))
	s.reply(why)
}

// withoutReads answers calls, or the first of them, whose reads are refused: the writes among them need
// nothing.
func (s *session) withoutReads(ctx context.Context, calls []*Call, why error, began time.Time) (answered int) {
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
	if apart(err) && len(calls) > 1 {
		for i := range calls {
			s.withoutReads(ctx, calls[i:i+1], why, began)
		}
		return len(calls)
	}
	for i, c := range calls {
		switch {
		case c.Flags&Writes == 0:
			s.fail(c, why, began)
		case err != nil:
			s.fail(c, fromNode(err, s.server.Log), began)
		case len(replies) == 0:
			return i
		default:
			s.reply(replies[0])
			replies = replies[1:]
		}
	}
	return len(calls)
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
