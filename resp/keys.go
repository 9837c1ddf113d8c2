package resp

import "confman/store"

// keyCommands take a name for whatever it is, a config or a namespace.
var keyCommands = []Command{
	{
		Name: "copy", Synopsis: "source destination [DB destination-db] [REPLACE]", Flags: Writes | Grows | Loose, Group: "generic",
		Since: "6.2.0", Event: "copy_to", Run: copyName,
		Summary: "Copies a config, or all configs directly in a namespace, to another name, with their expiry. REPLACE deletes what has that name.",
	},
	{
		Name: "del", Synopsis: "key [key ...]", Flags: Writes, Group: "generic", Since: "1.0.0", Run: del,
		Summary: "Deletes configs. Of a namespace it deletes the configs directly in it, not those below.",
	},
	{
		Name: "exists", Synopsis: "key [key ...]", Flags: Reads | Fast, Group: "generic", Since: "1.0.0", Run: exists,
		Summary: "Counts the names that are a config, or a namespace with configs of its own.",
	},
	{
		Name: "rename", Synopsis: "key newkey", Flags: Writes, Group: "generic", Since: "1.0.0", Run: rename,
		Summary: "Gives a config, or all configs directly in a namespace, another name, with their expiry. It deletes what had that name.",
	},
	{
		Name: "renamenx", Synopsis: "key newkey", Flags: Writes | Fast, Group: "generic", Since: "1.0.0", Run: renamenx,
		Summary: "Gives a config, or all configs directly in a namespace, another name if nothing has it yet.",
	},
	{
		Name: "touch", Synopsis: "key [key ...]", Flags: Reads | Fast, Group: "generic", Since: "3.2.1", Run: exists,
		Summary: "Counts the names that are there, as EXISTS.",
	},
	{
		Name: "type", Synopsis: "key", Flags: Reads | Fast, Group: "generic", Since: "1.0.0", Run: typeOf,
		Summary: "Tells whether a name is a config (string), a namespace (hash), a stream of changes (stream), or nothing (none).",
	},
	{
		Name: "unlink", Synopsis: "key [key ...]", Flags: Writes | Fast, Group: "generic", Since: "4.0.0", Run: del,
		Summary: "As DEL.",
	},
}

func del(tx *store.Tx, c *Call) Reply {
	var n int64
	for _, name := range c.Args {
		all := configs(tx, name)
		for _, one := range all {
			tx.Delete(one.name)
		}
		if len(all) > 0 {
			n++
		}
	}
	return n
}

func exists(tx *store.Tx, c *Call) Reply {
	var n int64
	for _, name := range c.Args {
		if kind(tx, name) != "none" {
			n++
		}
	}
	return n
}

func typeOf(tx *store.Tx, c *Call) Reply {
	if _, found := streamNamed(c.Args[0]); found {
		return Status("stream")
	}
	return Status(kind(tx, c.Args[0]))
}
