package resp

import (
	"context"
	"errors"
	"strings"

	"confman/store"
)

var transactionCommands = []Command{
	{
		Name: "discard", Flags: Fast | Immediate, Group: "transactions", Since: "2.0.0", Do: discard,
		Summary: "Forgets the commands queued since MULTI.",
	},
	{
		Name: "exec", Flags: Immediate, Group: "transactions", Since: "1.2.0", Do: exec,
		Summary: "Runs the commands queued since MULTI in one transaction, unless a watched name has changed.",
	},
	{
		Name: "multi", Flags: Fast | Immediate, Group: "transactions", Since: "1.2.0", Do: multi,
		Summary: "Starts a transaction: commands are queued until EXEC.",
	},
	{
		Name: "unwatch", Flags: Fast, Group: "transactions", Since: "2.2.0", Do: unwatch,
		Summary: "Forgets what WATCH has noted.",
	},
	{
		Name: "watch", Synopsis: "key [key ...]", Flags: Fast | Immediate, Group: "transactions", Since: "2.2.0", Do: watch,
		Summary: "Makes the next EXEC do nothing if one of these configs or namespaces changes before it. Reads as CONF CONSISTENCY says.",
	},
}

// A transaction is what MULTI and WATCH have begun.
type transaction struct {
	multi     bool // commands are queued
	executing bool // what was queued is running
	aborted   bool // one was refused
	queue     []*Call
	queued    int               // bytes
	room      int               // bytes of the server's budget that are taken for them
	watched   map[string]uint64 // name to the revision that WATCH saw
}

// maxWatched bounds how many names a client watches.
const maxWatched = 1 << 16

// expect checks what WATCH has noted.
func (t *transaction) expect(tx *store.Tx) error {
	if t == nil {
		return nil
	}
	for name, revision := range t.watched {
		if err := tx.Expect(name, revision); err != nil {
			return err
		}
	}
	return nil
}

// enqueue keeps a call for EXEC.
func (s *session) enqueue(call *Call) Reply {
	if s.queued += call.size(); s.queued > friends.command {
		s.abort()
		return errLongQueue
	}
	if due := s.queued - s.room; s.queued > allowance && due > 0 {
		taken, enough := s.server.queued.more(s.room, due, s.server.Hold)
		if !enough {
			s.abort()
			return errNoRoom
		}
		s.room += taken
	}
	if err := s.mayConfirm(call); err != nil {
		s.abort()
		return err
	}
	call.queued = true
	if call.Name == "client|caching" && s.mayCache(call.Args[0]) == nil {
		s.caching = true // it is said of what is queued behind it
	}
	s.tell(func() { s.queue = append(s.queue, call) })
	return Status("QUEUED")
}

// abort has EXEC fail, and forgets what is queued.
func (s *session) abort() {
	s.tell(func() { s.aborted, s.queue = true, nil })
}

// rejected answers a command that was refused before it could run or be queued. A transaction that
// it stands in will not be executed; one whose EXEC it is, is over.
func (s *session) rejected(words []string, why error) error {
	if !strings.EqualFold(words[0], "exec") {
		s.aborted = s.multi
		return why
	}
	s.endTransaction()
	return errorf("EXECABORT Transaction discarded because of: %s", strings.TrimPrefix(why.Error(), "ERR "))
}

// endTransaction forgets what MULTI and WATCH have begun.
func (s *session) endTransaction() {
	if s.room > 0 {
		s.server.queued.give(s.room)
	}
	s.tell(func() { s.transaction, s.caching = transaction{}, false })
}

func multi(_ context.Context, c *Call) Reply {
	if c.session.multi {
		return errNestedMulti
	}
	c.session.tell(func() { c.session.multi = true })
	return ok
}

func discard(_ context.Context, c *Call) Reply {
	if !c.session.multi {
		return errNoDiscard
	}
	c.session.endTransaction()
	return ok
}

func unwatch(_ context.Context, c *Call) Reply {
	c.session.tell(func() { c.session.watched = nil })
	return ok
}

// watch notes the revisions of names; of a name watched twice the earlier one counts.
func watch(ctx context.Context, c *Call) Reply {
	s := c.session
	if s.multi {
		return errWatchInMulti
	}
	if len(s.watched)+len(c.Args) > maxWatched {
		return errManyWatched
	}
	s.proof = proof{}
	if err := s.prove(ctx, []*Call{c}); err != nil {
		return err
	}
	var seen map[string]uint64
	err := s.server.Node.View(ctx, func(tx *store.Tx) error {
		seen = map[string]uint64{}
		for _, name := range c.Args {
			seen[name] = tx.Revision(name)
		}
		return nil
	})
	if err != nil {
		return fromNode(err, s.server.Log)
	}
	for name, revision := range s.watched {
		seen[name] = revision
	}
	s.tell(func() { s.watched = seen })
	return ok
}

// exec runs what is queued: first all that is about data, in one transaction; then, if that
// went through, the rest, which has nothing to do with it.
func exec(ctx context.Context, c *Call) Reply {
	s := c.session
	defer s.show(c)
	if !s.multi {
		return errNoMulti
	}
	begun := s.transaction
	s.tell(func() { s.transaction = transaction{room: begun.room} })
	defer s.endTransaction()
	if begun.aborted {
		return errExecAbort
	}
	var data []*Call
	for _, call := range begun.queue {
		if call.Run != nil {
			data = append(data, call)
		}
	}
	s.proof = proof{}
	if err := s.prove(ctx, data); err != nil {
		return err
	}
	answers, err := s.evaluate(ctx, data, &begun)
	switch {
	case errors.Is(err, store.ErrChanged):
		return NullArray{}
	case err != nil:
		refused := fromNode(err, s.server.Log)
		s.auditAll(data, refused)
		return refused
	}
	s.executing = true
	replies, size := make([]Reply, len(begun.queue)), sizeOf(answers)
	for i, call := range begun.queue {
		switch {
		case call.Run != nil:
			s.show(call)
			replies[i], answers = answers[0], answers[1:]
		case size > maxReplies:
			replies[i] = errLongReplies
		default:
			replies[i] = s.direct(ctx, call)
			size += sizeOf(replies[i])
		}
	}
	if len(data) == len(replies) && !writing(data) {
		return s.conn.afford(replies)
	}
	return replies
}
