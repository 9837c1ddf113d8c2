package resp

import (
	"context"
	"strconv"
)

var serverCommands = []Command{
	{
		Name: "info", Synopsis: "[section [section ...]]", Flags: Dangerous, Group: "server", Since: "1.0.0", Do: info,
		Summary: "Describes the server. The section confman is about the node and its cluster.",
	},
	{
		Name: "lolwut", Synopsis: "[VERSION version]", Flags: Reads | Fast | Loose, Group: "server", Since: "5.0.0", Run: lolwut,
		Summary: "Draws something, and names the version.",
	},
	{
		Name: "role", Flags: Fast, Category: "@admin", Group: "server", Since: "2.8.12", Do: role,
		Summary: "Answers master: every node takes writes. INFO confman tells the raft role.",
	},
	{
		Name: "time", Flags: Fast, Group: "server", Since: "2.6.0", Do: now,
		Summary: "Returns the node's time, in seconds and microseconds.",
	},
}

func role(context.Context, *Call) Reply { return []Reply{"master", int64(0), []Reply{}} }

func now(_ context.Context, c *Call) Reply {
	t := c.session.server.Now()
	return []Reply{strconv.FormatInt(t.Unix(), 10), strconv.Itoa(t.Nanosecond() / 1000)}
}
