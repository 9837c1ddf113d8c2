package resp

import (
	"context"
	"strings"
)

// replyCommands are about what a client wants not to happen to it.
var replyCommands = []Command{
	{
		Name: "client|no-evict", Synopsis: "<ON | OFF>", Flags: Admin | Loose, Group: "connection", Since: "7.0.0", Do: clientNoEvict,
		Summary: "Notes that the client is not to be cut off for want of memory. None is: what a client does not take is bounded.",
	},
	{
		Name: "client|no-touch", Synopsis: "<ON | OFF>", Flags: Loose, Group: "connection", Since: "7.2.0", Do: clientNoTouch,
		Summary: "Notes that what the client reads does not count as used. No reading does.",
	},
	{
		Name: "client|reply", Synopsis: "<ON | OFF | SKIP>", Flags: Loose, Group: "connection", Since: "3.2.0", Do: clientReply,
		Summary: "Says whether this connection is answered: always, never, or all but the next command. Messages are sent all the same.",
	},
}

// errReplyInExec keeps the reply of EXEC whole.
const errReplyInExec = Error("ERR CLIENT REPLY isn't allowed inside a transaction: its reply would not be whole")

// silenced is what CLIENT REPLY has said.
type silenced struct {
	off      bool
	skipping int // how many commands are not answered
}

// mute reports whether the command whose reply is next is not answered.
func (s *silenced) mute() bool {
	if s.skipping > 0 {
		s.skipping--
		return true
	}
	return s.off
}

func clientReply(_ context.Context, c *Call) Reply {
	s := c.session
	if s.executing {
		return errReplyInExec
	}
	switch strings.ToUpper(c.Args[0]) {
	case "ON":
		s.silenced = silenced{}
		return ok
	case "OFF":
		s.silenced = silenced{off: true}
	case "SKIP":
		if !s.off {
			s.skipping = 2 // this one, and the next
		}
	default:
		return errSyntax
	}
	return silence{}
}

func clientNoEvict(_ context.Context, c *Call) Reply {
	return c.flag(&c.session.noEvict)
}

func clientNoTouch(_ context.Context, c *Call) Reply {
	return c.flag(&c.session.noTouch)
}

// flag sets what others may read of the client to what the first word says: ON or OFF.
func (c *Call) flag(to *bool) Reply {
	on := strings.EqualFold(c.Args[0], "ON")
	if !on && !strings.EqualFold(c.Args[0], "OFF") {
		return errSyntax
	}
	c.session.tell(func() { *to = on })
	return ok
}
