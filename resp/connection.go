package resp

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
)

var connectionCommands = []Command{
	{
		Name: "auth", Synopsis: "[username] password", Flags: Fast | NoAuth | Loose, Group: "connection", Since: "1.0.0", Do: auth,
		Summary: "Shows the password. The user is always default.",
	},
	{
		Name: "echo", Synopsis: "message", Flags: Fast, Group: "connection", Since: "1.0.0", Do: echo,
		Summary: "Returns the message.",
	},
	{
		Name: "hello", Synopsis: "[protover [AUTH username password] [SETNAME clientname]]",
		Flags: Fast | NoAuth | Loose, Group: "connection", Since: "6.0.0", Do: hello,
		Summary: "Agrees on the protocol and describes the server.",
	},
	{
		Name: "ping", Synopsis: "[message]", Flags: Fast | Loose, Group: "connection", Since: "1.0.0", Do: ping,
		Summary: "Answers PONG, or the message.",
	},
	{
		Name: "quit", Synopsis: "[ignored [ignored ...]]", Flags: Fast | NoAuth | Immediate | Loose, Group: "connection", Since: "1.0.0", Do: quit,
		Summary: "Ends the connection.",
	},
	{
		Name: "reset", Flags: Fast | NoAuth | Immediate, Group: "connection", Since: "6.2.0", Do: reset,
		Summary: "Makes the connection as new.",
	},
	{
		Name: "select", Synopsis: "index", Flags: Fast, Group: "connection", Since: "1.0.0", Do: selectDB,
		Summary: "Selects the database, of which there is one: 0.",
	},
}

func ping(_ context.Context, c *Call) Reply {
	message := ""
	switch len(c.Args) {
	case 0:
	case 1:
		message = c.Args[0]
	default:
		return errArity(c.Command)
	}
	switch s := c.session; {
	case s.protocol == 2 && s.listens():
		return []Reply{"pong", message}
	case len(c.Args) == 0:
		return Status("PONG")
	}
	return message
}

func echo(_ context.Context, c *Call) Reply { return c.Args[0] }

func quit(_ context.Context, c *Call) Reply {
	c.session.quit = true
	return ok
}

func selectDB(_ context.Context, c *Call) Reply {
	if c.integer(0) != 0 {
		return errDB
	}
	return ok
}

func reset(_ context.Context, c *Call) Reply {
	s := c.session
	s.forget()
	s.conn.forward() // what came before, while the client can tell it from a reply
	s.consistency, s.off, s.reason = consistency{}, false, ""
	s.tell(func() { s.protocol, s.name, s.noEvict, s.noTouch = 2, "", false, false })
	s.trust(s.server.open())
	return Status("RESET")
}

func auth(_ context.Context, c *Call) Reply {
	switch len(c.Args) {
	case 1:
		if c.session.server.open() {
			return errNoPassword
		}
		return c.session.auth(defaultUser, c.Args[0])
	case 2:
		return c.session.auth(c.Args[0], c.Args[1])
	}
	return errSyntax
}

// auth checks a password, in a time that does not tell how much of it was right. Without
// one to check, every password is right, as for Redis's user without password.
func (s *session) auth(user, password string) Reply {
	wanted := *s.server.password.Load()
	given, want := sha256.Sum256([]byte(password)), sha256.Sum256([]byte(wanted))
	right := subtle.ConstantTimeCompare(given[:], want[:]) == 1 || wanted == ""
	if user != defaultUser || !right {
		return errWrongPass
	}
	s.trust(true)
	return ok
}
