package resp

import (
	"context"
	"strings"
	"unicode"
	"unicode/utf8"

	"confman/store"
)

var reasonCommands = []Command{
	{
		Name: "conf|reason", Synopsis: "[text]", Flags: Fast | Immediate, Group: "history", Do: confReason,
		Summary: "Says why this connection does what it does from now on, for the audit, in up to 256 bytes without control characters; " +
			"an empty text takes that back. Without an argument it answers what was said. It takes effect at once, also between MULTI and EXEC.",
	},
}

// maxReason bounds what a client may say of itself in the audit, in bytes.
const maxReason = 256

const errReason = Error("ERR a reason is a text of at most 256 bytes without control characters")

// confReason keeps what a client gives as its reason.
func confReason(_ context.Context, c *Call) Reply {
	s := c.session
	switch {
	case len(c.Args) == 0:
		return s.reason
	case len(c.Args) > 1:
		return errArity(c.Command)
	case len(c.Args[0]) > maxReason || !utf8.ValidString(c.Args[0]) || strings.ContainsFunc(c.Args[0], unicode.IsControl):
		return errReason
	}
	s.reason = c.Args[0]
	return ok
}

// protocolName is how the audit calls the protocol of Redis.
const protocolName = "resp"

// peer returns the client's address, as it is written.
func (s *session) peer() string {
	if s.address == "" {
		s.address = s.conn.guard.RemoteAddr().String()
	}
	return s.address
}

// origin says where what the client does comes from, for the audit.
func (s *session) origin() store.Origin {
	return store.Origin{Addr: s.peer(), Protocol: protocolName, Client: s.name[:min(len(s.name), maxReason)], Reason: s.reason}
}
