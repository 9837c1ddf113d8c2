package resp

import "confman/store"

// keyCommands take a name for whatever it is, a config or a namespace.
var keyCommands = []Command{
	{
		Name: "del", Synopsis: "key [key ...]", Flags: Writes, Group: "generic", Since: "1.0.0", Run: del,
		Summary: "Deletes configs. Of a namespace it deletes the configs directly in it, not those below.",
	},
	{
		Name: "exists", Synopsis: "key [key ...]", Flags: Reads | Fast, Group: "generic", Since: "1.0.0", Run: exists,
		Summary: "Counts the names that are a config, or a namespace with configs of its own.",
	},
	{
		Name: "type", Synopsis: "key", Flags: Reads | Fast, Group: "generic", Since: "1.0.0", Run: typeOf,
		Summary: "Tells whether a name is a config (string), a namespace (hash), or nothing (none).",
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

func typeOf(tx *store.Tx, c *Call) Reply { return Status(kind(tx, c.Args[0])) }
