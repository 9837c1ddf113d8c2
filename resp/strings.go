package resp

import (
	"confman/store"
	"confman/validate"
)

var stringCommands = []Command{
	{
		Name: "append", Synopsis: "key value", Flags: Writes | Fast, Group: "string", Since: "2.0.0", Run: appendTo,
		Summary: "Appends to the value of a config, and keeps its expiry. Creates the config if there is none.",
	},
	{
		Name: "get", Synopsis: "key", Flags: Reads | Fast, Group: "string", Since: "1.0.0", Run: get,
		Summary: "Returns the value of a config.",
	},
	{
		Name: "mget", Synopsis: "key [key ...]", Flags: Reads | Fast, Group: "string", Since: "1.0.0", Run: mget,
		Summary: "Returns the values of configs, and nothing for those that are not there.",
	},
	{
		Name: "mset", Synopsis: "key value [key value ...]", Flags: Writes, Group: "string", Since: "1.0.1", Run: mset,
		Summary: "Sets configs, all of them or none. Their expiry goes.",
	},
	{
		Name: "set", Flags: Writes, Group: "string", Since: "1.0.0", Run: set,
		Synopsis: "key value [NX | XX] [GET] [EX seconds | PX milliseconds | EXAT unix-time-seconds | PXAT unix-time-milliseconds | KEEPTTL]",
		Summary:  "Sets a config, whatever its value was. Its expiry goes, unless KEEPTTL says otherwise.",
	},
	{
		Name: "strlen", Synopsis: "key", Flags: Reads | Fast, Group: "string", Since: "2.2.0", Run: strlen,
		Summary: "Returns the length of a config's value in bytes.",
	},
}

func get(tx *store.Tx, c *Call) Reply {
	rec, found, err := config(tx, c.Args[0])
	switch {
	case err != nil:
		return err
	case !found:
		return nil
	}
	return rec.Value
}

// mget, as in Redis, has nothing to say of names that are namespaces.
func mget(tx *store.Tx, c *Call) Reply {
	values := make([]Reply, len(c.Args))
	for i, name := range c.Args {
		if rec, found := tx.Get(name); found {
			values[i] = rec.Value
		}
	}
	return values
}

func strlen(tx *store.Tx, c *Call) Reply {
	rec, _, err := config(tx, c.Args[0])
	if err != nil {
		return err
	}
	return int64(len(rec.Value))
}

// set reads nothing unless an option asks for it, so that a plain SET never conflicts.
func set(tx *store.Tx, c *Call) Reply {
	name := c.Args[0]
	expires, err := c.expiry(tx)
	if err != nil {
		return err
	}
	var old store.Record
	var found bool
	reply := Reply(ok)
	if c.has("NX") || c.has("XX") || c.has("GET") || c.has("KEEPTTL") {
		old, found, err = config(tx, name)
	}
	if c.has("GET") {
		if err != nil {
			return err
		}
		if reply = nil; found {
			reply = old.Value
		}
	}
	if taken := found || err != nil; c.has("NX") && taken || c.has("XX") && !taken {
		if c.has("GET") {
			return reply
		}
		return nil
	}
	if c.has("KEEPTTL") {
		expires = old.Expires
	}
	if expires != 0 && expires <= tx.Now() { // set and gone in the same moment
		tx.Delete(name)
		return reply
	}
	if err := write(tx, name, c.Args[1], expires); err != nil {
		return err
	}
	return reply
}

func mset(tx *store.Tx, c *Call) Reply {
	err := tx.Try(func() error {
		for pairs := c.Args; len(pairs) > 0; pairs = pairs[2:] {
			if err := write(tx, pairs[0], pairs[1], 0); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return ok
}

func appendTo(tx *store.Tx, c *Call) Reply {
	rec, _ := tx.Get(c.Args[0])
	value := rec.Value + c.Args[1]
	if err := validate.Value(value, c.session.server.MaxValue); err != nil {
		return refused(err)
	}
	if err := write(tx, c.Args[0], value, rec.Expires); err != nil {
		return err
	}
	return int64(len(value))
}
