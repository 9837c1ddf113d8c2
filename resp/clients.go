package resp

import (
	"context"
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
	c.session.tell(func() { c.session.name = c.Args[0] })
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
	c.session.tell(func() { *where = value })
	return ok
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
