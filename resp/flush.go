package resp

import "confman/store"

// flushCommands delete everything.
var flushCommands = []Command{
	{
		Name: "flushall", Synopsis: "[ASYNC | SYNC] [FORCE]", Flags: Writes | Dangerous, Category: "@keyspace", Group: "server", Since: "1.0.0", Run: flush,
		Summary: "Deletes every config, on all nodes. Off for safety, unless allow_flush is set on the node that is asked. It is refused while a namespace that is protected has configs, unless FORCE deletes those too.",
	},
	{
		Name: "flushdb", Synopsis: "[ASYNC | SYNC] [FORCE]", Flags: Writes | Dangerous, Category: "@keyspace", Group: "server", Since: "1.0.0", Run: flush,
		Summary: "As FLUSHALL: there is one database.",
	},
}

// flush deletes everything at once, with or without SYNC. Who did it is logged when it has
// been done.
func flush(tx *store.Tx, c *Call) Reply {
	s := c.session
	if len(c.Args) != len(c.options) {
		return errSyntax
	}
	if !s.server.AllowFlush {
		return errorf("ERR %s would delete every config on all nodes, and is off for safety: set allow_flush (CONFMAN_ALLOW_FLUSH=true) "+
			"on the node at %s and start it again", c.title(), s.conn.guard.LocalAddr())
	}
	configs := tx.Count()
	tx.Flush()
	if c.has("FORCE") {
		tx.Force()
	}
	c.committed = func() {
		s.server.Log.Warn("a client has deleted every config", "command", c.title(), "configs", configs,
			"user", defaultUser, "client", s.conn.guard.RemoteAddr(), "name", s.name)
	}
	return ok
}
