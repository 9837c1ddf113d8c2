package resp

import "confman/store"

var hashCommands = []Command{
	{
		Name: "hdel", Synopsis: "key field [field ...]", Flags: Writes | Fast, Group: "hash", Since: "2.0.0", Run: in(hdel),
		Summary: "Deletes configs of a namespace.",
	},
	{
		Name: "hexists", Synopsis: "key field", Flags: Reads | Fast, Group: "hash", Since: "2.0.0", Run: in(hexists),
		Summary: "Tells whether a namespace has a config of that name.",
	},
	{
		Name: "hget", Synopsis: "key field", Flags: Reads | Fast, Group: "hash", Since: "2.0.0", Run: in(hget),
		Summary: "Returns the value of a namespace's config.",
	},
	{
		Name: "hgetall", Synopsis: "key", Flags: Reads, Group: "hash", Since: "2.0.0", Run: in(hgetall),
		Summary: "Returns the configs directly in a namespace, names and values.",
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
		Name: "hset", Synopsis: "key field value [field value ...]", Flags: Writes | Fast, Group: "hash", Since: "2.0.0", Run: hset,
		Summary: "Sets configs of a namespace, all of them or none. Their expiry goes.",
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
		if ns != "" {
			if _, found := tx.Get(ns); found {
				return errWrongType
			}
		}
		return run(tx, c, ns)
	}
}

func hset(tx *store.Tx, c *Call) Reply {
	ns := rooted(c.Args[0])
	var added int64
	err := tx.Try(func() error {
		for pairs := c.Args[1:]; len(pairs) > 0; pairs = pairs[2:] {
			name := store.Join(ns, pairs[0])
			if _, found := tx.Get(name); !found {
				added++
			}
			if err := write(tx, name, pairs[1], 0); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return added
}

func hget(tx *store.Tx, c *Call, ns string) Reply {
	if rec, found := tx.Get(store.Join(ns, c.Args[1])); found {
		return rec.Value
	}
	return nil
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

func hexists(tx *store.Tx, c *Call, ns string) Reply {
	if _, found := tx.Get(store.Join(ns, c.Args[1])); found {
		return int64(1)
	}
	return int64(0)
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

func hlen(tx *store.Tx, _ *Call, ns string) Reply { return int64(len(tx.List(ns))) }
