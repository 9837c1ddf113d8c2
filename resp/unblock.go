package resp

import (
	"context"
	"errors"
	"strings"
)

var unblockCommands = []Command{
	{
		Name: "client|unblock", Synopsis: "client-id [TIMEOUT | ERROR]", Flags: Admin | Loose, Group: "connection", Since: "5.0.0", Do: clientUnblock,
		Summary: "Ends what another connection waits for, as if its time were over, or with an error.",
	},
}

const (
	errUnblockHow = Error("ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR")
	errUnblocked  = Error("UNBLOCKED client unblocked via CLIENT UNBLOCK")
)

// errTimeOver ends a wait as the end of its time does.
var errTimeOver = errors.New("the time is over")

// clientUnblock returns how many clients it has unblocked. Those that are held by CLIENT PAUSE are not
// blocked.
func clientUnblock(_ context.Context, c *Call) Reply {
	why := errTimeOver
	switch len(c.Args) {
	case 1:
	case 2:
		switch strings.ToUpper(c.Args[1]) {
		case "TIMEOUT":
		case "ERROR":
			why = errUnblocked
		default:
			return errUnblockHow
		}
	default:
		return errSubcommandSyntax(c)
	}
	id, err := parseInt(c.Args[0])
	if err != nil {
		return err
	}
	if one := c.session.server.client(id); one != nil && one.session.unblock(why) {
		return int64(1)
	}
	return int64(0)
}

// unblock ends what the client waits for, and reports whether it waits for anything.
func (s *session) unblock(why error) (waits bool) {
	s.tell(func() {
		if waits = s.waiting != nil; waits {
			s.waiting(why)
			s.waiting = nil
		}
	})
	return waits
}
