package resp

import (
	"context"
	"slices"
	"strings"
)

// introspectionCommands tell clients about commands, out of the table.
var introspectionCommands = []Command{
	{
		Name: "command", Category: "@connection", Group: "server", Since: "2.8.13", Do: commandInfo,
		Summary: "Describes all commands.",
	},
	{
		Name: "command|count", Category: "@connection", Group: "server", Since: "2.8.13", Do: commandCount,
		Summary: "Returns how many commands there are.",
	},
	{
		Name: "command|docs", Synopsis: "[command-name [command-name ...]]", Category: "@connection", Group: "server", Since: "7.0.0", Do: commandDocs,
		Summary: "Returns what is written about commands.",
	},
	{
		Name: "command|getkeys", Synopsis: "command [arg [arg ...]]", Category: "@connection", Group: "server", Since: "2.8.13", Do: commandGetKeys,
		Summary: "Returns the keys in a command.",
	},
	{
		Name: "command|getkeysandflags", Synopsis: "command [arg [arg ...]]", Category: "@connection", Group: "server", Since: "7.0.0", Do: commandGetKeysAndFlags,
		Summary: "Returns the keys in a command, and how it uses each.",
	},
	{
		Name: "command|help", Category: "@connection", Group: "server", Since: "5.0.0", Do: help,
		Summary: "Lists the subcommands.",
	},
	{
		Name: "command|info", Synopsis: "[command-name [command-name ...]]", Category: "@connection", Group: "server", Since: "2.8.13", Do: commandInfo,
		Summary: "Describes commands.",
	},
	{
		Name: "command|list", Synopsis: "[FILTERBY <MODULE module-name | ACLCAT category | PATTERN pattern>]",
		Flags: Loose, Category: "@connection", Group: "server", Since: "7.0.0", Do: commandList,
		Summary: "Lists the names of commands.",
	},
}

func commandCount(_ context.Context, c *Call) Reply { return int64(len(c.session.server.table.rows)) }

// chosen returns the commands that the arguments name, nil for those that are not there;
// without arguments it returns all.
func (c *Call) chosen() []*Command {
	if len(c.Args) == 0 {
		return c.session.server.table.rows
	}
	all := make([]*Command, len(c.Args))
	for i, name := range c.Args {
		all[i] = c.session.server.table.byName[strings.ToLower(name)]
	}
	return all
}

func commandInfo(_ context.Context, c *Call) Reply {
	all := []Reply{}
	for _, cmd := range c.chosen() {
		if cmd == nil {
			all = append(all, nil)
		} else {
			all = append(all, cmd.info())
		}
	}
	return all
}

func commandDocs(_ context.Context, c *Call) Reply {
	all := Map{}
	for _, cmd := range c.chosen() {
		if cmd != nil {
			all = append(all, cmd.Name, cmd.docs())
		}
	}
	return all
}

func commandList(_ context.Context, c *Call) Reply {
	keep, err := listFilter(c.Args)
	if err != nil {
		return err
	}
	names := []Reply{}
	for _, cmd := range c.session.server.table.rows {
		for _, each := range append([]*Command{cmd}, cmd.subs...) {
			if keep(each) {
				names = append(names, each.Name)
			}
		}
	}
	return names
}

// listFilter reads FILTERBY.
func listFilter(words []string) (keep func(*Command) bool, err error) {
	if len(words) == 0 {
		return func(*Command) bool { return true }, nil
	}
	if len(words) != 3 || !strings.EqualFold(words[0], "FILTERBY") {
		return nil, errSyntax
	}
	filter := words[2]
	switch strings.ToUpper(words[1]) {
	case "MODULE":
		return func(*Command) bool { return false }, nil
	case "ACLCAT":
		return func(c *Command) bool { return slices.Contains(c.categories(), "@"+strings.ToLower(filter)) }, nil
	case "PATTERN":
		if len(filter) > maxPattern {
			return nil, errPattern
		}
		return func(c *Command) bool { return glob(filter, c.Name) }, nil
	}
	return nil, errSyntax
}

// readKeys finds the keys in the command that a call's arguments are.
func (c *Call) readKeys() (keys []string, uses [][]string, err error) {
	table := c.session.server.table
	cmd, err := table.find(c.Args)
	named := table.called(c.Args)
	switch {
	case named == nil, len(named.subs) > 0 && len(c.Args) > 1:
		return nil, nil, errGetKeysName
	case err != nil:
		return nil, nil, errGetKeysArity
	}
	if keys, uses = cmd.keysIn(c.Args); keys == nil {
		return nil, nil, errNoKeys
	}
	return keys, uses, nil
}

func commandGetKeys(_ context.Context, c *Call) Reply {
	keys, _, err := c.readKeys()
	if err != nil {
		return err
	}
	return bulks(keys)
}

func commandGetKeysAndFlags(_ context.Context, c *Call) Reply {
	keys, uses, err := c.readKeys()
	if err != nil {
		return err
	}
	all := make([]Reply, len(keys))
	for i, key := range keys {
		all[i] = []Reply{key, statuses(uses[i])}
	}
	return all
}
