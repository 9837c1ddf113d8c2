package differential

import (
	"slices"
	"strconv"
	"strings"
)

// A Rule is a case of a [transcript.Deviation] that random commands meet.
type Rule struct {
	ID  string // of the deviation
	Why string // what is left out, or expected
	// leaves reports that a call is not made, by what its keys may hold.
	leaves func(c *call, held func(key string) holding, space Space) bool
	// expects reports that the difference of two replies is meant. Either may be nil.
	expects func(c *call, confman, redis []byte) bool
}

// Rules are all of them; [WatchRule] and [OwnRule] are no call's but the stream's.
var Rules = []Rule{
	{
		ID: "paths", Why: "SET, SETEX, PSETEX and MSET on a hash",
		leaves: func(c *call, held func(string) holding, _ Space) bool {
			return c.is("set", "setex", "psetex", "mset") && slices.ContainsFunc(c.keys, func(k string) bool { return held(k).hash })
		},
	},
	{
		ID: "expiry", Why: "what sets a field of a hash that has a TTL",
		leaves: func(c *call, held func(string) holding, _ Space) bool {
			return c.Group == "hash" && c.Writes && !c.is("hdel") &&
				slices.ContainsFunc(c.keys, func(k string) bool { return held(k).hash && held(k).expires })
		},
	},
	{
		ID: "names", Why: "fields that are no names",
		leaves: func(c *call, _ func(string) holding, space Space) bool {
			return slices.ContainsFunc(c.fields(), func(f string) bool { return !slices.Contains(space.fields, f) && !slices.Contains(mistakes, f) })
		},
	},
	{
		ID: "views", Why: "listings while there are paths",
		leaves: func(c *call, _ func(string) holding, space Space) bool { return c.whole() && space.Paths },
	},
	{
		ID: "order", Why: "cursors that nobody gave",
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
		ID: "later", Why: "HELLO with more than one option, of which 7.0 carries out those before a wrong one",
		leaves: func(c *call, _ func(string) holding, _ Space) bool {
			one := len(c.Words) == 4 && c.has("SETNAME") || len(c.Words) == 5 && c.has("AUTH")
			return c.is("hello") && len(c.Words) > 3 && !one
		},
	},
	{
		ID: "computed", Why: "what OBJECT and MEMORY USAGE answer, but for its kind",
		expects: func(c *call, confman, redis []byte) bool {
			return (c.is("memory|usage") || strings.HasPrefix(c.Name, "object|")) && shape(confman) == shape(redis)
		},
	},
	{
		ID: "server", Why: "commands about the server and the connection: transcripts have them",
		leaves: func(c *call, _ func(string) holding, _ Space) bool { return slices.Contains(apart, c.Name) },
	},
}

// What a stream leaves out that depends on more than the call.
var (
	WatchRule = Rule{ID: "watch", Why: "EXEC after a watched name came and went"}
	OwnRule   = Rule{ID: "server", Why: "WAIT for nodes; HELLO, DBSIZE and MEMORY USAGE within MULTI"}
)

// apart are commands whose answers are another server's, or whose effects reach beyond a
// stream of commands. Transcripts have them.
var apart = []string{
	"bgrewriteaof", "bgsave", "client|help", "client|info", "client|list", "client|kill", "client|pause", "client|unpause", "client|reply",
	"client|no-evict", "client|caching", "client|tracking", "client|trackinginfo", "client|getredir", "client|unblock",
	"command", "command|count", "command|docs", "command|getkeys", "command|getkeysandflags", "command|help", "command|info", "command|list",
	"conf|audit", "conf|chain", "conf|confirm", "conf|confirmed", "conf|history", "conf|meta", "conf|pending", "conf|reason", "conf|revision", "conf|usage",
	"config|get", "config|help", "config|rewrite", "config|set", "debug", "info", "latency|doctor", "latency|graph", "latency|help",
	"latency|histogram", "lolwut", "memory|doctor", "memory|help", "memory|stats",
	"memory|purge", "memory|malloc-stats", "monitor", "object|help", "quit", "save", "shutdown", "slowlog|get", "slowlog|help", "slowlog|len",
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
