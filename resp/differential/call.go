package differential

import (
	"slices"
	"strings"
)

// A call is a step and what is known of it.
type call struct {
	Step
	*Command          // nil if the words call none of the catalog's
	keys     []string // in it
}

// unknown is the command of words that call none.
var unknown = &Command{Name: "unknown"}

func (c *Catalog) call(step Step) *call {
	cmd := c.find(step.Words)
	if cmd == nil {
		return &call{Step: step, Command: unknown}
	}
	next := &call{Step: step, Command: cmd}
	for _, i := range cmd.places(step.Words) {
		next.keys = append(next.keys, step.Words[i])
	}
	return next
}

// is reports whether the call is of one of some commands.
func (c *call) is(names ...string) bool { return slices.Contains(names, c.Name) }

// has reports whether one of some words follows the command's name.
func (c *call) has(tokens ...string) bool {
	for _, w := range c.Words[1:] {
		if slices.Contains(tokens, strings.ToUpper(w)) {
			return true
		}
	}
	return false
}

// whole reports whether the answer depends on all names.
func (c *call) whole() bool { return c.is("dbsize", "keys", "randomkey", "scan") }

// alone reports whether a call is sent by itself, because something is asked before or after it.
func (c *call) alone() bool {
	return c.is("scan", "hscan", "dbsize", "memory|usage", "randomkey", "hrandfield", "dump", "reset", "hello")
}

// blocks reports whether a call would wait for what does not come.
func (c *call) blocks() bool {
	return c.is("wait", "waitaof") && c.Words[len(c.Words)-1] != "1"
}

// fields returns the words that are fields of a hash.
func (c *call) fields() (fields []string) {
	if c.Group != "hash" || len(c.Words) < 3 || len(c.args) < 2 {
		return nil
	}
	switch a, words := c.args[1], c.Words[2:]; {
	case a.kind == "block" && len(a.args) > 0 && a.args[0].name == "field":
		for i := 0; i < len(words); i += len(a.args) {
			fields = append(fields, words[i])
		}
	case a.name == "field" && a.multiple:
		fields = words
	case a.name == "field":
		fields = words[:1]
	}
	return fields
}

// What a name may hold, as far as the steps so far tell. It says too much rather than too
// little: who needs to know asks Redis.
type holding struct{ text, hash, expires bool }

func (h holding) or(o holding) holding {
	return holding{h.text || o.text, h.hash || o.hash, h.expires || o.expires}
}

// anything is what a name holds after a command that may bring whatever there is.
var anything = holding{true, true, true}

// brings tells what a call may make its keys hold.
func (c *call) brings() holding {
	switch {
	case !c.Writes:
		return holding{}
	case c.Group == "string":
		return holding{text: true, expires: c.is("set", "setex", "psetex", "getex")}
	case c.Group == "hash":
		return holding{hash: true}
	case c.is("expire", "pexpire", "expireat", "pexpireat"):
		return holding{expires: true}
	case c.is("del", "unlink", "persist", "flushall", "flushdb"):
		return holding{}
	}
	return anything
}
