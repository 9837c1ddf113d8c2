package store

import (
	"strings"

	"confman/validate"
)

// Split cuts a config's name into its namespace, which is "" for the root, and its key.
func Split(name string) (namespace, key string) {
	i := strings.LastIndexByte(name, '/')
	return name[:max(i, 0)], name[i+1:]
}

// Join makes a config's name of a namespace, which is "" for the root, and a key.
func Join(namespace, key string) string {
	if namespace == "" {
		return key
	}
	return namespace + "/" + key
}

// The database's keys: a letter says what stands there. Names hold no control
// characters, so a NUL ends a namespace, and all configs of one namespace stand
// side by side:
//
//	c<namespace>\x00<key>   a config's Record
//	n<namespace>            a namespace's revision and size
//	s<node>                 the last entry of a node, and how it ended
//	h<revision>             what that entry has changed
//	h                       up to which revision that is not kept any more
//	v<namespace>\x00<key>\x00<number>
//	                        a Version of a config that has ended: in the file alone
//	v                       up to when everything that is not kept ended
//	b                       where this history was begun, if it was from a backup
const (
	configs    = "c"
	namespaces = "n"
	proposers  = "s"
	pasts      = "h"
	versions   = "v"
	baseKey    = "b"
)

// versionsEnd is behind the keys of all versions.
const versionsEnd = "w"

func configKey(name string) string {
	ns, key := Split(name)
	return configs + ns + "\x00" + key
}

// configName undoes configKey.
func configName(dbKey string) string {
	ns, key, _ := strings.Cut(dbKey[1:], "\x00")
	return Join(ns, key)
}

func namespaceKey(namespace string) string { return namespaces + namespace }

// everything spans all keys of the database.
var everything = span{"", "\xff"}

// span is a range of database keys, from the first to before the second.
type span struct{ from, to string }

// within spans the configs directly in a namespace.
func within(namespace string) span {
	return span{configs + namespace + "\x00", configs + namespace + "\x01"}
}

// below spans the configs in the namespaces under a namespace.
func below(namespace string) span {
	return span{configs + namespace + "/", configs + namespace + "0"} // '0' follows '/'
}

// clients spans what stands in the database for clients' configs or their namespaces, by kind:
// all but the system's.
func clients(kind string) [3]span {
	system := kind + validate.System
	return [3]span{
		{kind, system},
		{system + "\x01", system + "/"},
		{system + "0", kind + "\xff"},
	}
}

// systems spans the system's configs, and those of namespaces that are named like it.
var systems = span{configs + validate.System, configs + validate.System + "\xff"}

// systemNamespace reports whether a namespace is one of the system's.
func systemNamespace(ns string) bool {
	rest, found := strings.CutPrefix(ns, validate.System)
	return found && (rest == "" || rest[0] == '/')
}

// systemKey reports whether a config's key in the database is one of the system's.
func systemKey(key string) bool {
	rest, found := strings.CutPrefix(key, configs+validate.System)
	return found && (rest[:1] == "\x00" || rest[:1] == "/")
}
