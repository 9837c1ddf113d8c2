package resp

import (
	"math"
	"strings"

	"confman/store"
)

// objectCommands tell what a config takes. What Redis knows of how it holds a value is computed
// here, from the value: it is what Redis says of one that was just set.
var objectCommands = []Command{
	{
		Name: "memory", Group: "server", Since: "4.0.0",
		Summary: "A container for commands about memory.",
	},
	{
		Name: "memory|help", Group: "server", Since: "4.0.0", Do: help,
		Summary: "Lists the subcommands.",
	},
	{
		Name: "memory|usage", Synopsis: "key [SAMPLES count]", Flags: Reads | Loose, Group: "server", Since: "4.0.0", Run: memoryUsage,
		Summary: "Returns about how many bytes of memory a config takes on each node, or the configs directly in a namespace, which are all counted.",
	},
	{
		Name: "object", Group: "generic", Since: "2.2.3",
		Summary: "A container for commands about how values are held.",
	},
	{
		Name: "object|encoding", Synopsis: "key", Flags: Reads, Group: "generic", Since: "2.2.3", Run: about(encoding),
		Summary: "Returns how Redis 7.0 would hold a config's value (int, embstr, raw), or a namespace (listpack, hashtable).",
	},
	{
		Name: "object|freq", Synopsis: "key", Flags: Reads, Group: "generic", Since: "4.0.0", Run: about(frequency),
		Summary: "Is an error for what there is: how often something is used is not counted.",
	},
	{
		Name: "object|help", Group: "generic", Since: "6.2.0", Do: help,
		Summary: "Lists the subcommands.",
	},
	{
		Name: "object|idletime", Synopsis: "key", Flags: Reads, Group: "generic", Since: "2.2.3", Run: about(idleTime),
		Summary: "Returns for how many seconds a config, or those directly in a namespace, have not been written.",
	},
	{
		Name: "object|refcount", Synopsis: "key", Flags: Reads, Group: "generic", Since: "2.2.3", Run: about(references),
		Summary: "Returns 1, or 2147483647 for a small integer, which Redis shares among all that have it.",
	},
}

// about makes a command of a function over what a name stands for. The answer is nothing if that
// is nothing.
func about(answer func(tx *store.Tx, name string, all []named) Reply) func(*store.Tx, *Call) Reply {
	return func(tx *store.Tx, c *Call) Reply {
		all := configs(tx, c.Args[0])
		if len(all) == 0 {
			return nil
		}
		return answer(tx, c.Args[0], all)
	}
}

// Redis's bounds: of a string that is one piece of memory with what describes it, and of a hash
// that is one piece.
const (
	maxEmbedded       = 44
	maxListpackFields = 512
	maxListpackText   = 64
)

func encoding(_ *store.Tx, name string, all []named) Reply {
	if all[0].name == name {
		switch value := all[0].Value; {
		case isInteger(value):
			return "int"
		case len(value) <= maxEmbedded:
			return "embstr"
		}
		return "raw"
	}
	for _, one := range all {
		_, key := store.Split(one.name)
		if len(all) > maxListpackFields || len(key) > maxListpackText || len(one.Value) > maxListpackText {
			return "hashtable"
		}
	}
	return "listpack"
}

// isInteger reports whether Redis would hold a value as an integer.
func isInteger(value string) bool {
	_, err := parseInt(value)
	return err == nil
}

// sharedIntegers is how many integers Redis has just once.
const sharedIntegers = 10_000

func references(_ *store.Tx, name string, all []named) Reply {
	if n, err := parseInt(all[0].Value); all[0].name == name && err == nil && n >= 0 && n < sharedIntegers {
		return int64(math.MaxInt32)
	}
	return int64(1)
}

func frequency(*store.Tx, string, []named) Reply { return errNoLFU }

func idleTime(tx *store.Tx, _ string, all []named) Reply {
	var last store.Millis
	for _, one := range all {
		last = max(last, one.Updated)
	}
	return max(0, int64(tx.Now()-last)/1000)
}

// perConfig is what a config takes beside its name and its value, in bytes: the record with its
// revision and its times, and its place in the tree.
const perConfig = 120

// memoryUsage counts every config: there is nothing to estimate from samples.
func memoryUsage(tx *store.Tx, c *Call) Reply {
	if err := c.checkWord(c.args[0], c.Args[0]); err != nil {
		return err
	}
	for words := c.Args[1:]; len(words) > 0; words = words[2:] {
		if len(words) == 1 || !strings.EqualFold(words[0], "SAMPLES") {
			return errSyntax
		}
		if n, err := parseInt(words[1]); err != nil {
			return err
		} else if n < 0 {
			return errSyntax
		}
	}
	var sum int64
	for _, one := range configs(tx, c.Args[0]) {
		sum += int64(len(one.name) + len(one.Value) + perConfig)
	}
	if sum == 0 {
		return nil
	}
	return sum
}

const errNoLFU = Error("ERR An LFU maxmemory policy is not selected, access frequency not tracked. " +
	"Please note that when switching between policies at runtime LRU and LFU data will take some time to adjust.")
