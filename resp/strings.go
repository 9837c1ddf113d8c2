package resp

import (
	"confman/store"
	"confman/validate"
)

// stringCommands take configs by their full names.
var stringCommands = []Command{
	{
		Name: "append", Synopsis: "key value", Flags: Writes | Grows | Fast, Group: "string", Since: "2.0.0", Event: "append", Run: appendTo,
		Summary: "Appends to the value of a config, and keeps its expiry. Creates the config if there is none.",
	},
	{
		Name: "get", Synopsis: "key", Flags: Reads | Fast, Group: "string", Since: "1.0.0", Run: get,
		Summary: "Returns the value of a config.",
	},
	{
		Name: "getdel", Synopsis: "key", Flags: Writes | Fast, Group: "string", Since: "6.2.0", Run: getdel,
		Summary: "Returns the value of a config and deletes it.",
	},
	{
		Name: "getex", Flags: Writes | Fast, Group: "string", Since: "6.2.0", Run: getex,
		Synopsis: "key [EX seconds | PX milliseconds | EXAT unix-time-seconds | PXAT unix-time-milliseconds | PERSIST]",
		Summary:  "Returns the value of a config, and sets its expiry or takes it away.",
	},
	{
		Name: "getrange", Synopsis: "key start end", Flags: Reads, Group: "string", Since: "2.4.0", Run: getrange,
		Summary: "Returns a part of a config's value: the bytes from start to end, both counted from 0, or from the end if negative.",
	},
	{
		Name: "getset", Synopsis: "key value", Flags: Writes | Grows | Fast, Group: "string", Since: "1.0.0", Run: getset,
		Summary: "Sets a config and returns the value that it had. As SET with GET.",
	},
	{
		Name: "mget", Synopsis: "key [key ...]", Flags: Reads | Fast, Group: "string", Since: "1.0.0", Run: mget,
		Summary: "Returns the values of configs, and nothing for those that are not there.",
	},
	{
		Name: "mset", Synopsis: "key value [key value ...]", Flags: Writes | Grows, Group: "string", Since: "1.0.1", Run: mset,
		Summary: "Sets configs, all of them or none. Their expiry goes.",
	},
	{
		Name: "msetnx", Synopsis: "key value [key value ...]", Flags: Writes | Grows, Group: "string", Since: "1.0.1", Run: msetnx,
		Summary: "Sets configs if none of their names is there yet, all of them or none.",
	},
	{
		Name: "psetex", Synopsis: "key milliseconds value", Flags: Writes | Grows, Group: "string", Since: "2.6.0", Run: psetex,
		Summary: "Sets a config that will be gone in so many milliseconds. As SET with PX.",
	},
	{
		// redis.io/docs/latest/commands/set has IFEQ and the like since 8.4.
		Name: "set", Flags: Writes | Grows, Group: "string", Since: "1.0.0", Run: set,
		Synopsis: "key value [NX | XX | IFEQ ifeq-value | IFNE ifne-value | IFDEQ ifdeq-digest | IFDNE ifdne-digest | IFREV revision] [GET] " +
			"[EX seconds | PX milliseconds | EXAT unix-time-seconds | PXAT unix-time-milliseconds | KEEPTTL]",
		Summary: "Sets a config, if what it was meets the condition. Its expiry goes, unless KEEPTTL says otherwise.",
	},
	{
		Name: "setex", Synopsis: "key seconds value", Flags: Writes | Grows, Group: "string", Since: "2.0.0", Run: setex,
		Summary: "Sets a config that will be gone in so many seconds. As SET with EX.",
	},
	{
		Name: "setnx", Synopsis: "key value", Flags: Writes | Grows | Fast, Group: "string", Since: "1.0.0", Run: setnx,
		Summary: "Sets a config if its name is not there yet. As SET with NX.",
	},
	{
		Name: "setrange", Synopsis: "key offset value", Flags: Writes | Grows, Group: "string", Since: "2.2.0", Event: "setrange", Run: setrange,
		Summary: "Writes over a part of a config's value, and keeps its expiry. What lies between the value and the part is filled with zero bytes.",
	},
	{
		Name: "strlen", Synopsis: "key", Flags: Reads | Fast, Group: "string", Since: "2.2.0", Run: strlen,
		Summary: "Returns the length of a config's value in bytes.",
	},
	{
		Name: "substr", Synopsis: "key start end", Flags: Reads, Group: "string", Since: "1.0.0", Run: getrange,
		Summary: "As GETRANGE.",
	},
}

func get(tx *store.Tx, c *Call) Reply {
	rec, found, err := config(tx, c.Args[0])
	return valueOf(rec, found, err)
}

// valueOf answers with a config's value, with nothing if there is none, or with what is wrong.
func valueOf(rec store.Record, found bool, err error) Reply {
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

func getdel(tx *store.Tx, c *Call) Reply {
	rec, found, err := config(tx, c.Args[0])
	if found {
		tx.Delete(c.Args[0])
	}
	return valueOf(rec, found, err)
}

// getex, as in Redis, looks at the time that it is given only if there is a config.
func getex(tx *store.Tx, c *Call) Reply {
	rec, found, err := config(tx, c.Args[0])
	if err != nil || !found {
		return valueOf(rec, found, err)
	}
	expires, err := c.expiry(tx)
	switch {
	case err != nil:
		return err
	case expires != 0, c.has("PERSIST") && rec.Expires != 0:
		asExpiry(tx, expires)
		if err := put(tx, c.Args[0], rec.Value, expires); err != nil {
			return err // cannot be: it is a config
		}
	}
	return rec.Value
}

func getrange(tx *store.Tx, c *Call) Reply {
	rec, _, err := config(tx, c.Args[0])
	if err != nil {
		return err
	}
	size := int64(len(rec.Value))
	start, end := c.integer(1), c.integer(2)
	if start < 0 && end < 0 && start > end {
		return ""
	}
	start, end = fromEnd(start, size), min(fromEnd(end, size), size-1)
	if start > end {
		return ""
	}
	return rec.Value[start : end+1]
}

// fromEnd makes a place that is negative, and so counted from the end, one from the beginning.
func fromEnd(place, size int64) int64 {
	if place < 0 {
		return max(place+size, 0)
	}
	return place
}

func appendTo(tx *store.Tx, c *Call) Reply {
	rec, _, err := config(tx, c.Args[0])
	if err != nil {
		return err
	}
	return change(tx, c, rec, rec.Value+c.Args[1])
}

// change sets what a config has become, keeps its expiry, and answers how long it is.
func change(tx *store.Tx, c *Call, rec store.Record, value string) Reply {
	if err := validate.Value(value, c.session.server.MaxValue); err != nil {
		return refused(err)
	}
	if err := write(tx, c.Args[0], value, rec.Expires); err != nil {
		return err
	}
	return int64(len(value))
}

func setrange(tx *store.Tx, c *Call) Reply {
	offset, part := c.integer(1), c.Args[2]
	if offset < 0 {
		return errOffset
	}
	rec, _, err := config(tx, c.Args[0])
	switch {
	case err != nil:
		return err
	case part == "":
		return int64(len(rec.Value)) // and creates nothing
	case offset > maxString-int64(len(part)):
		return errLongString
	}
	if err := validate.Size(int(offset)+len(part), c.session.server.MaxValue); err != nil {
		return refused(err)
	}
	whole := make([]byte, max(len(rec.Value), int(offset)+len(part)))
	copy(whole, rec.Value)
	copy(whole[offset:], part)
	return change(tx, c, rec, string(whole))
}

// maxString is what Redis allows of a string in any case, in bytes. A server's own limit is
// smaller, and its error says how large it is.
const maxString = 512 << 20

const (
	errOffset     = Error("ERR offset is out of range")
	errLongString = Error("ERR string exceeds maximum allowed size (proto-max-bulk-len)")
)
