package resp

import (
	"errors"

	"confman/store"
)

// hashCommands take a namespace for a hash, and its configs for the fields.
var hashCommands = []Command{
	{
		Name: "hdel", Synopsis: "key field [field ...]", Flags: Writes | Fast, Group: "hash", Since: "2.0.0", Run: in(hdel),
		Summary: "Deletes configs of a namespace.",
	},
	{
		Name: "hexists", Synopsis: "key field", Flags: Reads | Fast, Group: "hash", Since: "2.0.0", Run: hexists,
		Summary: "Tells whether a namespace has a config of that name.",
	},
	{
		Name: "hget", Synopsis: "key field", Flags: Reads | Fast, Group: "hash", Since: "2.0.0", Run: hget,
		Summary: "Returns the value of a namespace's config.",
	},
	{
		Name: "hgetall", Synopsis: "key", Flags: Reads, Group: "hash", Since: "2.0.0", Run: in(hgetall),
		Summary: "Returns the configs directly in a namespace, names and values.",
	},
	{
		Name: "hincrby", Synopsis: "key field increment", Flags: Writes | Fast | Grows, Group: "hash", Since: "2.0.0", Event: "incrby", Run: hincrby,
		Summary: "Adds a number to the integer in a namespace's config, and keeps its expiry. A config that is not there counts as 0.",
	},
	{
		Name: "hincrbyfloat", Synopsis: "key field float", Flags: Writes | Fast | Grows, Group: "hash", Since: "2.6.0", Event: "incrbyfloat", Run: hincrbyfloat,
		Summary: "Adds a number to the one in a namespace's config, which need not be an integer, and keeps its expiry. " +
			"A config that is not there counts as 0.",
	},
	{
		Name: "hkeys", Synopsis: "key", Flags: Reads, Group: "hash", Since: "2.0.0", Run: in(hkeys),
		Summary: "Returns the names of the configs directly in a namespace.",
	},
	{
		Name: "hlen", Synopsis: "key", Flags: Reads | Fast, Group: "hash", Since: "2.0.0", Run: in(hlen),
		Summary: "Returns how many configs are directly in a namespace.",
	},
	{
		Name: "hmget", Synopsis: "key field [field ...]", Flags: Reads | Fast, Group: "hash", Since: "2.0.0", Run: in(hmget),
		Summary: "Returns the values of a namespace's configs, and nothing for those that are not there.",
	},
	{
		Name: "hmset", Synopsis: "key field value [field value ...]", Flags: Writes | Fast | Grows, Group: "hash", Since: "2.0.0", Run: hmset,
		Summary: "Sets configs of a namespace as HSET does, and answers OK.",
	},
	{
		Name: "hrandfield", Synopsis: "key [count [WITHVALUES]]", Flags: Reads | Loose, Group: "hash", Since: "6.2.0", Run: hrandfield,
		Summary: "Returns configs of a namespace by chance: each at most once, or, if the count is negative, each as often as it is drawn.",
	},
	{
		Name: "hset", Synopsis: "key field value [field value ...]", Flags: Writes | Fast | Grows, Group: "hash", Since: "2.0.0", Run: hset,
		Summary: "Sets configs of a namespace, all of them or none. Their expiry goes.",
	},
	{
		Name: "hsetnx", Synopsis: "key field value", Flags: Writes | Fast | Grows, Group: "hash", Since: "2.0.0", Run: hsetnx,
		Summary: "Sets a config of a namespace if it is not there.",
	},
	{
		Name: "hstrlen", Synopsis: "key field", Flags: Reads | Fast, Group: "hash", Since: "3.2.0", Run: hstrlen,
		Summary: "Returns the length of the value of a namespace's config in bytes.",
	},
	{
		Name: "hvals", Synopsis: "key", Flags: Reads, Group: "hash", Since: "2.0.0", Run: in(hvals),
		Summary: "Returns the values of the configs directly in a namespace.",
	},
}

// in makes a command of a function over the namespace that the first argument names. If
// that is a config, the answer is WRONGTYPE.
func in(run func(tx *store.Tx, c *Call, ns string) Reply) func(*store.Tx, *Call) Reply {
	return func(tx *store.Tx, c *Call) Reply {
		ns := rooted(c.Args[0])
		if isConfig(tx, ns) {
			return errWrongType
		}
		return run(tx, c, ns)
	}
}

// isConfig reports whether what should be a namespace is a config.
func isConfig(tx *store.Tx, ns string) bool {
	if ns == "" {
		return false
	}
	_, found := tx.Get(ns)
	return found
}

// field returns the config that the first two arguments name. Where it is, the namespace is
// one, so only where it is not need that be asked.
func field(tx *store.Tx, c *Call) (rec store.Record, found bool, err error) {
	ns := rooted(c.Args[0])
	if rec, found = tx.Get(store.Join(ns, c.Args[1])); !found && isConfig(tx, ns) {
		return rec, false, errWrongType
	}
	return rec, found, nil
}

// writeField sets a config of a namespace and returns nil, or what clients are told of the
// error: Redis's words where Redis has an error too, which is if the namespace is a config.
func writeField(tx *store.Tx, ns, field, value string, expires store.Millis) error {
	err := tx.Set(store.Join(ns, field), value, expires)
	var kind *store.KindError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &kind) && kind.InTheWay == ns:
		return errWrongType
	}
	return fromSet(err)
}

func hset(tx *store.Tx, c *Call) Reply {
	added, err := setFields(tx, c)
	if err != nil {
		return err
	}
	return added
}

func hmset(tx *store.Tx, c *Call) Reply {
	if _, err := setFields(tx, c); err != nil {
		return err
	}
	return ok
}

// setFields sets the fields and values behind the key, all or none, and counts those that
// were not there.
func setFields(tx *store.Tx, c *Call) (added int64, err error) {
	ns := rooted(c.Args[0])
	err = tx.Try(func() error {
		for pairs := c.Args[1:]; len(pairs) > 0; pairs = pairs[2:] {
			if _, found := tx.Get(store.Join(ns, pairs[0])); !found {
				added++
			}
			if err := writeField(tx, ns, pairs[0], pairs[1], 0); err != nil {
				return err
			}
		}
		return nil
	})
	return added, err
}

func hsetnx(tx *store.Tx, c *Call) Reply {
	ns := rooted(c.Args[0])
	if _, found := tx.Get(store.Join(ns, c.Args[1])); found {
		return int64(0)
	}
	if err := writeField(tx, ns, c.Args[1], c.Args[2], 0); err != nil {
		return err
	}
	return int64(1)
}

func hget(tx *store.Tx, c *Call) Reply {
	rec, found, err := field(tx, c)
	return valueOf(rec, found, err)
}

func hstrlen(tx *store.Tx, c *Call) Reply {
	rec, _, err := field(tx, c)
	if err != nil {
		return err
	}
	return int64(len(rec.Value))
}

func hexists(tx *store.Tx, c *Call) Reply {
	_, found, err := field(tx, c)
	switch {
	case err != nil:
		return err
	case found:
		return int64(1)
	}
	return int64(0)
}

func hmget(tx *store.Tx, c *Call, ns string) Reply {
	values := make([]Reply, len(c.Args)-1)
	for i, field := range c.Args[1:] {
		if rec, found := tx.Get(store.Join(ns, field)); found {
			values[i] = rec.Value
		}
	}
	return values
}

func hdel(tx *store.Tx, c *Call, ns string) Reply {
	var n int64
	for _, field := range c.Args[1:] {
		if tx.Delete(store.Join(ns, field)) {
			n++
		}
	}
	return n
}

func hgetall(tx *store.Tx, _ *Call, ns string) Reply {
	all := Map{}
	for _, item := range tx.List(ns) {
		all = append(all, item.Key, item.Value)
	}
	return all
}

func hkeys(tx *store.Tx, _ *Call, ns string) Reply {
	all := []Reply{}
	for _, item := range tx.List(ns) {
		all = append(all, item.Key)
	}
	return all
}

func hvals(tx *store.Tx, _ *Call, ns string) Reply {
	all := []Reply{}
	for _, item := range tx.List(ns) {
		all = append(all, item.Value)
	}
	return all
}

func hlen(tx *store.Tx, _ *Call, ns string) Reply { return int64(tx.Len(ns)) }
