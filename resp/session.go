package resp

import (
	"context"
	"errors"
	"runtime/debug"
	"time"

	"confman/store"
)

// A session is what the server remembers of a client between its commands. One
// goroutine uses it.
type session struct {
	server        *Server
	conn          *conn
	id            int64
	since         time.Time
	protocol      int  // 2 or 3
	quit          bool // nothing more is answered
	authenticated bool // it has shown its password, or needed none when it came
	name          string
	library       string
	version       string  // of the library
	address       string  // of the client, once it was asked for
	reason        string  // that the client gives for what it does
	backup        *backup // that it is reading, or nil
	revision      uint64  // of its last write that went through; zero if there was none
	presence
	silenced
	consistency
	transaction
	subscriptions
	tracked
}

// defaultUser is who all clients are, as long as there are no others.
const defaultUser = "default"

// answer takes the commands that came in one go and replies to them in their order.
// Those in a row that are about data share transactions.
func (s *session) answer(ctx context.Context, commands [][]string) {
	var run []*Call
	calls := make([]Call, len(commands))
	for i, words := range commands {
		call := &calls[i]
		err := s.accept(call, words)
		if err == nil && s.server.pause.holds(call) != nil {
			s.run(ctx, run)
			run = nil
			s.postpone(ctx, call)
		}
		switch {
		case s.quit, s.conn.killed.Load():
			return
		case err == nil && call.Run != nil && !s.multi:
			run = append(run, call)
			continue
		}
		s.run(ctx, run)
		run = nil
		switch {
		case s.quit:
			return
		case err != nil:
			s.reject(words, s.rejected(words, err))
		case s.multi && call.Flags&Immediate == 0:
			queued := *call // it outlives the others
			s.reply(s.enqueue(&queued))
		default:
			s.reply(s.direct(ctx, call))
		}
		if s.quit {
			return
		}
	}
	s.run(ctx, run)
}

// accept makes a call of a command's words, if the client may call it.
func (s *session) accept(call *Call, words []string) error {
	cmd, err := s.server.table.find(words)
	if !s.trusted() && (err != nil || cmd.Flags&NoAuth == 0) {
		return errNoAuth
	}
	if words[0] == dropped {
		return errNoRoom
	}
	if err != nil {
		return err
	}
	if err := s.mayCall(cmd); err != nil {
		return err
	}
	if s.multi && cmd.Flags&NoMulti != 0 {
		return errInMulti
	}
	s.last.Store(cmd)
	*call = Call{Command: cmd, Args: words[min(cmd.depth(), len(words)):], words: words, session: s, kept: s.keeps(cmd)}
	s.spoken(cmd)
	return nil
}

// reject answers a command that is not carried out.
func (s *session) reject(words []string, err error) {
	s.server.counts.fail(err)
	s.auditRejected(words, err)
	s.caching = s.caching && s.multi
	if cmd := s.server.table.called(words); cmd != nil {
		cmd.used.rejected.Add(1)
	}
	s.reply(err)
}

// silence is the reply of a command that has none.
type silence struct{}

// replies are those of a command that has several, such as SUBSCRIBE.
type replies []Reply

// reply sends the reply of a command, perhaps later.
func (s *session) reply(r Reply) {
	mute := s.mute()
	all, several := r.(replies)
	if !several {
		all = replies{r}
	}
	for _, r := range all {
		_, none := r.(silence)
		_, pushed := r.(Push)
		if !none && (pushed || !mute) {
			s.conn.reply(r, s.protocol)
		}
	}
}

// trusted reports whether the client has shown its password, or needs none now.
func (s *session) trusted() bool {
	trusted := s.authenticated || s.server.open()
	if trusted != s.conn.guard.trusted {
		s.conn.trust(trusted)
	}
	return trusted
}

// trust sets whether the client may do more than introduce itself.
func (s *session) trust(trusted bool) {
	s.authenticated = trusted
	s.conn.trust(trusted)
}

// direct answers a command that is not about data.
func (s *session) direct(ctx context.Context, call *Call) (r Reply) {
	if call.Name != "exec" { // it follows what it runs
		s.show(call)
	}
	began := time.Now()
	defer func() {
		if p := recover(); p != nil {
			r = s.broken(p)
		}
		s.note(call, r, time.Since(began))
	}()
	if err := call.bind(); err != nil {
		return err
	}
	return call.Do(ctx, call)
}

// broken answers a command that panicked. A mistake in one command must not end the
// process; what it did to the session nobody knows, so the connection ends.
func (s *session) broken(p any) Error {
	s.server.Log.Error("a command panicked", "command", s.called(), "panic", p, "stack", string(debug.Stack()))
	s.quit = true
	return errInternal
}

// errPanicked ends a transaction one of whose commands panicked.
type errPanicked struct{ panicked any }

func (errPanicked) Error() string { return "a command panicked" }

// evaluate runs calls in one transaction, which fails if a watched name has changed, and
// returns their replies: in a transaction that MULTI has begun all of them, otherwise as many as go
// into a piece of output, and those behind it are not run. What goes through is noted: of reads how
// long each took, and of what shares a transaction with a write how long that took to be committed.
func (s *session) evaluate(ctx context.Context, calls []*Call, begun *transaction) (replies []Reply, err error) {
	began := time.Now()
	var revision uint64
	writes, from := writing(calls), s.origin()
	body := func(tx *store.Tx) (err error) {
		defer func() { // here: it may be another goroutine, which other clients need
			if p := recover(); p != nil {
				err = errPanicked{p}
			}
		}()
		if s.how != nil && s.how.noLoop && !keeping(calls) {
			tx.From(uint64(s.id))
		}
		tx.Origin(from)
		if err := begun.expect(tx); err != nil {
			return err
		}
		replies = make([]Reply, 0, len(calls))
		last := time.Since(began)
		for size := 0; len(replies) < len(calls); {
			c := calls[len(replies)]
			r := c.answer(tx)
			c.remember(r)
			now := time.Since(began)
			c.took, last = now-last, now
			replies = append(replies, r)
			switch size += sizeOf(r); {
			case begun != nil && size > maxReplies:
				return errLongReplies
			case begun == nil && size > flushAt:
				return nil
			}
		}
		return nil
	}
	if writes {
		revision, err = s.server.Node.Update(ctx, defaultUser, body)
	} else {
		err = s.server.Node.View(ctx, body)
	}
	var panicked errPanicked
	switch {
	case errors.As(err, &panicked):
		return nil, s.broken(panicked.panicked)
	case errors.Is(err, store.ErrChanged), errors.Is(err, store.ErrTooLarge), errors.Is(err, store.ErrRefused):
		return nil, err
	case err != nil:
		return nil, fromNode(err, s.server.Log)
	}
	s.hasCommitted(revision, replies)
	s.noteAll(calls[:len(replies)], replies, writes, time.Since(began))
	return replies, nil
}

// noteAll notes calls that went through in one transaction, which took that long.
func (s *session) noteAll(calls []*Call, replies []Reply, writes bool, all time.Duration) {
	var hits, misses int64
	s.noteReads(calls, replies)
	for i, c := range calls {
		if writes {
			c.took = all
		}
		s.note(c, replies[i], c.took)
		found, missed := c.found(replies[i])
		hits, misses = hits+found, misses+missed
		if c.committed != nil {
			c.committed()
		}
	}
	s.server.counts.hits.Add(hits)
	s.server.counts.misses.Add(misses)
}
