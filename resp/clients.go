package resp

import (
	"context"
	"fmt"
	"strings"
)

var clientCommands = []Command{
	{
		Name: "client", Group: "connection", Since: "2.4.0",
		Summary: "A container for commands about connections.",
	},
	{
		Name: "client|getname", Group: "connection", Since: "2.6.9", Do: clientGetName,
		Summary: "Returns the name of this connection.",
	},
	{
		Name: "client|help", Group: "connection", Since: "5.0.0", Do: help,
		Summary: "Lists the subcommands.",
	},
	{
		Name: "client|id", Group: "connection", Since: "5.0.0", Do: clientID,
		Summary: "Returns the number of this connection.",
	},
	{
		Name: "client|info", Group: "connection", Since: "6.2.0", Do: clientInfo,
		Summary: "Describes this connection.",
	},
	{
		Name: "client|setinfo", Synopsis: "<LIB-NAME libname | LIB-VER libver>", Flags: Loose, Group: "connection", Since: "7.2.0", Do: clientSetInfo,
		Summary: "Notes which library the client uses.",
	},
	{
		Name: "client|setname", Synopsis: "connection-name", Group: "connection", Since: "2.6.9", Do: clientSetName,
		Summary: "Names this connection.",
	},
}

func clientID(_ context.Context, c *Call) Reply { return c.session.id }

func clientGetName(_ context.Context, c *Call) Reply {
	if c.session.name == "" {
		return nil
	}
	return c.session.name
}

func clientSetName(_ context.Context, c *Call) Reply {
	if !plain(c.Args[0]) {
		return errClientName
	}
	c.session.name = c.Args[0]
	return ok
}

func clientSetInfo(_ context.Context, c *Call) Reply {
	attribute, value := strings.ToLower(c.Args[0]), c.Args[1]
	var where *string
	switch attribute {
	case "lib-name":
		where = &c.session.library
	case "lib-ver":
		where = &c.session.version
	default:
		return errorf("ERR Unrecognized option '%s'", c.Args[0])
	}
	if !plain(value) {
		return errorf("ERR %s cannot contain spaces, newlines or special characters.", attribute)
	}
	*where = value
	return ok
}

// clientInfo tells what there is to tell, in Redis's form.
func clientInfo(_ context.Context, c *Call) Reply {
	s := c.session
	queued, flags := -1, "N"
	if s.multi {
		queued, flags = len(s.queue), "x"
	}
	var b strings.Builder
	for _, f := range []struct {
		name  string
		value any
	}{
		{"id", s.id},
		{"addr", s.conn.guard.RemoteAddr()},
		{"laddr", s.conn.guard.LocalAddr()},
		{"name", s.name},
		{"age", int(s.server.Now().Sub(s.since).Seconds())},
		{"idle", 0},
		{"flags", flags},
		{"db", 0},
		{"sub", 0},
		{"psub", 0},
		{"ssub", 0},
		{"multi", queued},
		{"watch", len(s.watched)},
		{"cmd", s.last},
		{"user", defaultUser},
		{"redir", -1},
		{"resp", s.protocol},
		{"lib-name", s.library},
		{"lib-ver", s.version},
	} {
		fmt.Fprintf(&b, " %s=%v", f.name, f.value)
	}
	return Text(b.String()[1:] + "\n")
}

// help lists the subcommands of a container as Redis does.
func help(_ context.Context, c *Call) Reply {
	container, _, _ := strings.Cut(c.Name, "|")
	lines := []Reply{Status(strings.ToUpper(container) + " <subcommand> [<arg> [value] [opt] ...]. Subcommands are:")}
	for _, sub := range c.session.server.table.byName[container].subs {
		_, call, _ := strings.Cut(sub.call(), " ")
		lines = append(lines, Status(call), Status("    "+sub.Summary))
	}
	return lines
}
