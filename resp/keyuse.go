package resp

import (
	"slices"
	"strings"
)

// keyUses tell how commands use their keys, where that does not follow from their flags, in
// the words of Redis's key specifications: a letter for reading and one for writing (RO, RW, OW to
// overwrite, RM to remove), and what becomes of the value. Keys that are used in another way than the first
// stand behind a comma.
var keyUses = map[string]string{
	"append": "RW insert", "hsetnx": "RW insert",
	"decr": "RW access update", "decrby": "RW access update", "incr": "RW access update", "incrby": "RW access update",
	"incrbyfloat": "RW access update", "hincrby": "RW access update", "hincrbyfloat": "RW access update",
	"getset": "RW access update", "getex": "RW access update", "hgetex": "RW access update",
	"set":  "RW access update variable_flags",
	"mset": "OW update", "setex": "OW update", "psetex": "OW update", "restore": "OW update",
	"msetnx": "OW insert", "setnx": "OW insert",
	"copy": "RO access, OW update", "rename": "RW access delete, OW update", "renamenx": "RW access delete, OW insert",
	"del": "RM delete", "unlink": "RM delete", "delex": "RM delete",
	"getdel": "RW access delete", "hgetdel": "RW access delete", "hdel": "RW delete",

	// They tell about a key, and nothing of what it holds.
	"exists": "RO", "touch": "RO", "type": "RO", "watch": "RO", "strlen": "RO",
	"hexists": "RO", "hlen": "RO", "hstrlen": "RO", "xlen": "RO", "memory|usage": "RO", "conf|usage": "RO",
	"object|encoding": "RO", "object|freq": "RO", "object|idletime": "RO", "object|refcount": "RO",
}

// keyUse returns how a command uses each of its keys, the last of them for all that follow.
func (c *Command) keyUse() []string {
	switch uses := keyUses[c.Name]; {
	case uses != "":
		return strings.Split(uses, ", ")
	case c.Flags&Writes != 0:
		return []string{"RW update"}
	}
	return []string{"RO access"}
}

// keySpecs say where the keys stand and how they are used.
func (c *Command) keySpecs() []Reply {
	first, last, step := keyPlaces(c.Name, c.args)
	specs := []Reply{}
	if token := c.behind(); token != "" {
		return append(specs, Map{
			"flags", statuses(strings.Fields(c.keyUse()[0])),
			"begin_search",
			Map{"type", "keyword", "spec", Map{"keyword", token, "startfrom", int64(1)}},
			"find_keys",
			Map{"type", "range", "spec", Map{"lastkey", int64(-1), "keystep", int64(1), "limit", int64(2)}},
		})
	}
	if first == 0 {
		return specs
	}
	uses := c.keyUse()
	for i, use := range uses {
		behind := last // counted from the first, or from the end
		if last > 0 {
			behind = last - first
		}
		if len(uses) > 1 { // each key has a specification of its own
			behind = 0
		}
		specs = append(specs, Map{
			"flags", statuses(strings.Fields(use)),
			"begin_search",
			Map{"type", "index", "spec", Map{"index", int64(first + i*step)}},
			"find_keys",
			Map{"type", "range", "spec", Map{"lastkey", int64(behind), "keystep", int64(step), "limit", int64(0)}},
		})
	}
	return specs
}

// behind returns the token behind which the command's keys stand, and then as many other words; ""
// for one whose keys have places of their own.
func (c *Command) behind() string {
	for _, a := range c.args {
		if a.token != "" && len(a.args) == 2 && a.args[0].kind == "key" && a.args[0].multiple {
			return a.token
		}
	}
	return ""
}

// keysBehind returns the keys behind a token in a command's words.
func keysBehind(token string, words []string) []string {
	at := slices.IndexFunc(words, func(w string) bool { return strings.EqualFold(w, token) }) + 1
	if at == 0 {
		return nil
	}
	return words[at : at+(len(words)-at)/2]
}

// keysIn returns the keys of a command's words, and how each is used.
func (c *Command) keysIn(words []string) (keys []string, uses [][]string) {
	first, last, step := keyPlaces(c.Name, c.args)
	if token := c.behind(); token != "" {
		for _, key := range keysBehind(token, words) {
			keys, uses = append(keys, key), append(uses, strings.Fields(c.keyUse()[0]))
		}
		return keys, uses
	}
	if first == 0 {
		return nil, nil
	}
	if last < 0 {
		last += len(words)
	}
	each := c.keyUse()
	for i := first; i <= last; i += step {
		use := strings.Fields(each[min(len(keys), len(each)-1)])
		if c.Name == "set" { // what it does is known now
			use = []string{"OW", "update"}
			if slices.ContainsFunc(words[3:], func(w string) bool { return strings.EqualFold(w, "get") }) {
				use = []string{"RW", "access", "update"}
			}
		}
		keys, uses = append(keys, words[i]), append(uses, use)
	}
	return keys, uses
}

// keysOf returns the keys of a call.
func (c *Call) keysOf() (keys []string) {
	first, last, step := keyPlaces(c.Name, c.args)
	if last < 0 {
		last += len(c.words)
	}
	for i := first; i <= last; i += step {
		keys = append(keys, c.words[i])
	}
	return keys
}
