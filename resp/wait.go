package resp

import (
	"context"
	"time"
)

var waitCommands = []Command{
	{
		Name: "wait", Synopsis: "numreplicas timeout", Flags: Loose, Group: "connection", Since: "3.0.0", Do: wait,
		Summary: "Waits until that many other nodes have applied all that this one has, or for so many milliseconds (0: for ever), and returns how many have. " +
			"Within a transaction it does not wait. What was answered needs no WAIT to survive.",
	},
	{
		Name: "waitaof", Synopsis: "numlocal numreplicas timeout", Flags: Loose, Group: "connection", Since: "7.2.0", Do: waitAOF,
		Summary: "As WAIT. What a node has applied is on its disk, so the first number is 1.",
	},
}

// wait is Redis's WAIT, about all that this node has applied and not only what this client wrote.
func wait(ctx context.Context, c *Call) Reply {
	wanted, timeout, err := waited(c.Args)
	if err != nil {
		return err
	}
	count, err := c.session.reach(ctx, wanted, timeout)
	if err != nil {
		return err
	}
	return count
}

func waitAOF(ctx context.Context, c *Call) Reply {
	local, err := parseInt(c.Args[0])
	if err != nil {
		return err
	}
	if local < 0 || local > 1 {
		return errNumLocal
	}
	wanted, timeout, err := waited(c.Args[1:])
	if err != nil {
		return err
	}
	count, err := c.session.reach(ctx, wanted, timeout)
	if err != nil {
		return err
	}
	return []Reply{int64(1), count}
}

// waited reads how many nodes are wanted, and for how long at most; 0 for ever.
func waited(words []string) (wanted int64, timeout time.Duration, err error) {
	if wanted, err = parseInt(words[0]); err != nil {
		return 0, 0, err
	}
	timeout, err = parseTimeout(words[1])
	return wanted, timeout, err
}

// parseTimeout reads for how many milliseconds a command waits.
func parseTimeout(word string) (time.Duration, error) {
	ms, err := parseInt(word)
	switch {
	case err != nil:
		return 0, errTimeout
	case ms < 0:
		return 0, errTimeoutNegative
	case ms > maxBound:
		return 0, errTimeoutRange
	}
	return time.Duration(ms) * time.Millisecond, nil
}

// reach waits for other nodes, until the client hangs up or the server ends at the latest.
func (s *session) reach(ctx context.Context, wanted int64, timeout time.Duration) (int64, error) {
	if s.executing {
		return int64(s.server.Node.Reach(ctx, 0)), nil
	}
	var count int
	err := s.block(ctx, timeout, func(ctx context.Context) { count = s.server.Node.Reach(ctx, int(wanted)) })
	return int64(count), err
}

// block waits for what may take long: until wait returns, whose context ends when the time is over (0:
// never), another client unblocks this one, it hangs up or sends too much, or the server ends. It returns
// the error with which it was unblocked.
func (s *session) block(ctx context.Context, timeout time.Duration, wait func(context.Context)) error {
	s.server.counts.blocked.Add(1)
	defer s.server.counts.blocked.Add(-1)
	ctx, unblock := context.WithCancelCause(ctx)
	defer unblock(nil)
	s.tell(func() { s.waiting = unblock })
	s.conn.aside(func() {
		ctx, stop := s.conn.guard.watch(ctx)
		defer stop()
		if timeout > 0 {
			var cancel context.CancelFunc
			ctx, cancel = context.WithTimeout(ctx, timeout)
			defer cancel()
		}
		wait(ctx)
	})
	s.tell(func() { s.waiting = nil })
	if why := context.Cause(ctx); why == errUnblocked {
		return why
	}
	return nil
}
