package resp

import (
	"context"
	"fmt"
	"time"
)

var confCommands = []Command{
	{
		Name: "conf", Group: "connection",
		Summary: "A container for what Redis has no commands for.",
	},
	{
		Name: "conf|consistency", Synopsis: "[LOCAL | LINEARIZABLE | BOUNDED milliseconds]", Flags: Fast | NoMulti, Group: "connection", Do: confConsistency,
		Summary: "Says how current what this connection reads must be: whatever this node has (LOCAL, until told otherwise), all that was " +
			"committed before the command (LINEARIZABLE), or all that was committed that long before it (BOUNDED). Without an argument it answers which.",
	},
	{
		Name: "conf|help", Group: "connection", Do: help,
		Summary: "Lists the subcommands.",
	},
}

// consistency is how current what a connection reads must be; at first it reads what this
// node has. A transaction that writes compares what it read before it is committed, whatever the
// consistency; only commands that walk over everything are not compared.
type consistency struct {
	linearizable bool
	bound        time.Duration // how old the data may be at most; zero if that does not matter
	proof        proof
}

// A proof is what is known of the data for the commands that are being answered.
type proof struct {
	made   bool  // they were shown to be current after the commands had come
	failed error // they could not be shown to be
}

// maxBound bounds how old data may be said to be allowed to be, in milliseconds.
const maxBound = 365 * 24 * 60 * 60 * 1000

func (c consistency) String() string {
	switch {
	case c.linearizable:
		return "linearizable"
	case c.bound > 0:
		return fmt.Sprintf("bounded %d", c.bound.Milliseconds())
	}
	return "local"
}

func confConsistency(_ context.Context, c *Call) Reply {
	wanted := consistency{}
	switch {
	case len(c.options) == 0:
		return c.session.consistency.String()
	case c.has("LINEARIZABLE"):
		wanted.linearizable = true
	case c.has("BOUNDED"):
		ms := c.number("BOUNDED", 0)
		if ms < 1 || ms > maxBound {
			return errBound
		}
		wanted.bound = time.Duration(ms) * time.Millisecond
	}
	c.session.consistency = wanted
	return ok
}

// prove makes sure that calls that read will see what they must. One barrier serves all commands
// that came together, and so does one that failed: each would wait as long.
func (s *session) prove(ctx context.Context, calls []*Call) error {
	if !s.linearizable && s.bound == 0 || !reading(calls) {
		return nil
	}
	if s.proof.failed != nil || s.proof.made {
		return s.proof.failed
	}
	_ = s.conn.flush() // it may take a while; the connection remembers an error
	var err error
	if s.linearizable {
		err = s.server.Node.Barrier(ctx)
		s.proof.made = err == nil
	} else {
		err = s.server.Node.Within(ctx, s.bound)
	}
	if err != nil {
		s.proof.failed = fromNode(err, s.server.Log)
	}
	return s.proof.failed
}

// reading reports whether any of the calls only reads.
func reading(calls []*Call) bool {
	for _, c := range calls {
		if c.Flags&Writes == 0 {
			return true
		}
	}
	return false
}
