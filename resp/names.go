package resp

import (
	"confman/store"
)

// rooted returns a namespace as the store names it: the root, "/" to clients, is "".
func rooted(namespace string) string {
	if namespace == "/" {
		return ""
	}
	return namespace
}

// config returns a config, or WRONGTYPE if its name is a namespace.
func config(tx *store.Tx, name string) (rec store.Record, found bool, err error) {
	if rec, found = tx.Get(name); !found && tx.IsNamespace(name) {
		return rec, false, errWrongType
	}
	return rec, found, nil
}

// A named config has its full name with it.
type named struct {
	name string
	store.Record
}

// configs returns what a name stands for: the config, or those directly in the namespace.
func configs(tx *store.Tx, name string) []named {
	if name != "/" {
		if rec, found := tx.Get(name); found {
			return []named{{name, rec}}
		}
	}
	ns := rooted(name)
	var all []named
	for _, item := range tx.List(ns) {
		all = append(all, named{store.Join(ns, item.Key), item.Record})
	}
	return all
}

// kind returns what TYPE answers for a name.
func kind(tx *store.Tx, name string) string {
	if name != "/" {
		if _, found := tx.Get(name); found {
			return "string"
		}
	}
	if tx.IsNamespace(rooted(name)) {
		return "hash"
	}
	return "none"
}

// write sets a config and returns nil, or what clients are told of the error.
func write(tx *store.Tx, name, value string, expires store.Millis) error {
	if err := tx.Set(name, value, expires); err != nil {
		return fromSet(err)
	}
	return nil
}
