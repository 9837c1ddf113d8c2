package differential

import (
	"slices"
	"strconv"
	"strings"
)

// A Rule is a case of a [transcript.Deviation] that random commands meet.
type Rule struct {
	ID  string // of the deviation
	Why string // a line for people
	// leaves reports that a call is not made, by what its keys may hold.
	leaves func(c *call, held func(key string) holding, space Space) bool
	// expects reports that the difference of two replies is meant. Either may be nil.
	expects func(c *call, confman, redis []byte) bool
}

// Rules are all of them.
var Rules = []Rule{
	{
		ID: "paths", Why: "SET, SETEX, PSETEX and MSET do not replace a hash",
		leaves: func(c *call, held func(string) holding, _ Space) bool {
			return c.is("set", "setex", "psetex", "mset") && slices.ContainsFunc(c.keys, func(k string) bool { return held(k).hash })
		},
	},
	{
		ID: "expiry", Why: "a config that is set in a hash whose configs expire stays",
		leaves: func(c *call, held func(string) holding, _ Space) bool {
			return c.Group == "hash" && c.Writes && !c.is("hdel") &&
				slices.ContainsFunc(c.keys, func(k string) bool { return held(k).hash && held(k).expires })
		},
	},
	{
		ID: "names", Why: "a field with a slash, without a character, or of bytes that are no UTF-8 is none",
		leaves: func(c *call, _ func(string) holding, space Space) bool {
			return slices.ContainsFunc(c.fields(), func(f string) bool { return !slices.Contains(space.fields, f) && !slices.Contains(odd, f) })
		},
	},
	{
		ID: "views", Why: "a listing shows configs by their full names, so that paths are left out of it",
		leaves: func(c *call, _ func(string) holding, space Space) bool { return c.whole() && space.Paths },
	},
	{
		ID: "order", Why: "a cursor that the server has not given is none",
		leaves: func(c *call, _ func(string) holding, _ Space) bool {
			at := map[string]int{"scan": 1, "hscan": 2}[c.Name]
			if at == 0 || at >= len(c.Words) || c.Words[at] == "0" {
				return false
			}
			n, err := strconv.ParseUint(strings.TrimLeft(c.Words[at], "+-"), 10, 64)
			return err == nil && n != 0
		},
	},
	{
		ID: "onedb", Why: "databases but 0",
		leaves: func(c *call, _ func(string) holding, _ Space) bool {
			return c.is("select") && len(c.Words) == 2 && c.Words[1] != "0" || c.is("copy") && c.has("DB") && !c.has("0")
		},
	},
	{
		ID: "limits", Why: "SETRANGE beyond 1 MiB",
		leaves: func(c *call, _ func(string) holding, _ Space) bool {
			if !c.is("setrange") || len(c.Words) < 3 {
				return false
			}
			n, err := strconv.ParseInt(c.Words[2], 10, 64)
			return err == nil && n > 1<<19 && n < 512<<20
		},
	},
	{
		ID: "advice", Why: "WRONGTYPE says which name is in the way",
		expects: func(_ *call, confman, redis []byte) bool {
			return strings.HasPrefix(string(confman), "-WRONGTYPE ") && strings.HasPrefix(string(redis), "-WRONGTYPE ")
		},
	},
	{
		ID: "later", Why: "HELLO acts on its options when it has read all of them",
		expects: func(c *call, confman, redis []byte) bool {
			return c.is("hello") && confman[0] == '-' && redis[0] == '-'
		},
	},
	{
		ID: "computed", Why: "OBJECT and MEMORY USAGE answer with a value of the same kind",
		expects: func(c *call, confman, redis []byte) bool {
			return (c.is("memory|usage") || strings.HasPrefix(c.Name, "object|")) && shape(confman) == shape(redis)
		},
	},
	{
		ID: "server", Why: "what says which server this is, or changes how it runs",
		leaves: func(c *call, _ func(string) holding, _ Space) bool { return slices.Contains(apart, c.Name) },
	},
}

// Two rules are no calls' but the stream's own.
var (
	watchRule = Rule{ID: "paths", Why: "WATCH does not notice what came and went between"}
	ownRule   = Rule{ID: "server", Why: "WAIT for nodes, and HELLO within MULTI"}
)

// apart are commands whose answers are another server's, or whose effects reach beyond a
// stream of commands. Transcripts have them.
var apart = []string{
	"bgrewriteaof", "bgsave", "client|help", "client|info", "client|list", "client|kill", "client|pause", "client|unpause", "client|reply",
	"client|no-evict", "client|caching", "client|tracking", "client|trackinginfo", "client|getredir", "client|unblock",
	"command", "command|count", "command|docs", "command|getkeys", "command|getkeysandflags", "command|help", "command|info", "command|list",
	"config|get", "config|help", "config|rewrite", "config|set", "debug", "info", "latency|doctor", "latency|graph", "latency|help",
	"latency|histogram", "lolwut", "memory|doctor", "memory|help", "memory|stats",
	"memory|purge", "memory|malloc-stats", "object|help", "quit", "save", "shutdown", "slowlog|get", "slowlog|help", "slowlog|len",
}

// shape is what kind of reply one is, without what it holds; errors are what they say.
func shape(raw []byte) string {
	if raw[0] == '-' {
		return string(raw)
	}
	return string(raw[0])
}

// leaves returns the rule that leaves a call out, or nil.
func leaves(c *call, held func(string) holding, space Space) *Rule {
	for i, r := range Rules {
		if r.leaves != nil && r.leaves(c, held, space) {
			return &Rules[i]
		}
	}
	return nil
}
