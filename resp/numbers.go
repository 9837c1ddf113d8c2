package resp

import (
	"math"
	"strconv"

	"confman/store"
)

// numberCommands take a config's value for a number.
var numberCommands = []Command{
	{
		Name: "decr", Synopsis: "key", Flags: Writes | Fast, Group: "string", Since: "1.0.0", Run: decr,
		Summary: "Takes one from the integer in a config. A config that is not there counts as 0.",
	},
	{
		Name: "decrby", Synopsis: "key decrement", Flags: Writes | Fast, Group: "string", Since: "1.0.0", Run: decrby,
		Summary: "Takes a number from the integer in a config. A config that is not there counts as 0.",
	},
	{
		Name: "incr", Synopsis: "key", Flags: Writes | Fast, Group: "string", Since: "1.0.0", Run: incr,
		Summary: "Adds one to the integer in a config. A config that is not there counts as 0.",
	},
	{
		Name: "incrby", Synopsis: "key increment", Flags: Writes | Fast, Group: "string", Since: "1.0.0", Run: incrby,
		Summary: "Adds a number to the integer in a config. A config that is not there counts as 0.",
	},
}

func incr(tx *store.Tx, c *Call) Reply   { return add(tx, c.Args[0], 1) }
func decr(tx *store.Tx, c *Call) Reply   { return add(tx, c.Args[0], -1) }
func incrby(tx *store.Tx, c *Call) Reply { return add(tx, c.Args[0], c.integer(1)) }

func decrby(tx *store.Tx, c *Call) Reply {
	n := c.integer(1)
	if n == math.MinInt64 {
		return errDecrement
	}
	return add(tx, c.Args[0], -n)
}

// add adds to the integer in a config, and keeps its expiry.
func add(tx *store.Tx, name string, n int64) Reply {
	rec, found := tx.Get(name)
	if !found {
		rec.Value = "0"
	}
	old, err := parseInt(rec.Value)
	switch {
	case err != nil:
		return err
	case n > 0 && old > math.MaxInt64-n, n < 0 && old < math.MinInt64-n:
		return errOverflow
	}
	if err := write(tx, name, strconv.FormatInt(old+n, 10), rec.Expires); err != nil {
		return err
	}
	return old + n
}
