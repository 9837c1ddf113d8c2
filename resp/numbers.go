package resp

import (
	"math"
	"math/big"
	"strconv"

	"confman/store"
	"confman/validate"
)

// numberCommands take a config's value for a number.
var numberCommands = []Command{
	{
		Name: "decr", Synopsis: "key", Flags: Writes | Grows | Fast, Group: "string", Since: "1.0.0", Event: "incrby", Run: decr,
		Summary: "Takes one from the integer in a config. A config that is not there counts as 0.",
	},
	{
		Name: "decrby", Synopsis: "key decrement", Flags: Writes | Grows | Fast, Group: "string", Since: "1.0.0", Event: "incrby", Run: decrby,
		Summary: "Takes a number from the integer in a config. A config that is not there counts as 0.",
	},
	{
		Name: "incr", Synopsis: "key", Flags: Writes | Grows | Fast, Group: "string", Since: "1.0.0", Event: "incrby", Run: incr,
		Summary: "Adds one to the integer in a config. A config that is not there counts as 0.",
	},
	{
		Name: "incrby", Synopsis: "key increment", Flags: Writes | Grows | Fast, Group: "string", Since: "1.0.0", Event: "incrby", Run: incrby,
		Summary: "Adds a number to the integer in a config. A config that is not there counts as 0.",
	},
	{
		Name: "incrbyfloat", Synopsis: "key float", Flags: Writes | Grows | Fast, Group: "string", Since: "2.6.0", Event: "incrbyfloat", Run: incrbyfloat,
		Summary: "Adds a number to the one in a config, which need not be an integer. A config that is not there counts as 0.",
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
	rec, found, err := config(tx, name)
	if err != nil {
		return err
	}
	sum, err := plus(rec, found, n)
	if err != nil {
		return err
	}
	if err := write(tx, name, strconv.FormatInt(sum, 10), rec.Expires); err != nil {
		return err
	}
	return sum
}

// plus adds to the integer in a config that may be there.
func plus(rec store.Record, found bool, n int64) (sum int64, err error) {
	if found {
		if sum, err = parseInt(rec.Value); err != nil {
			return 0, err
		}
	}
	if n > 0 && sum > math.MaxInt64-n || n < 0 && sum < math.MinInt64-n {
		return 0, errOverflow
	}
	return sum + n, nil
}

// incrbyfloat, as in Redis, looks at the config first, then at its value, then at the increment.
func incrbyfloat(tx *store.Tx, c *Call) Reply {
	rec, found, err := config(tx, c.Args[0])
	if err != nil {
		return err
	}
	if !found {
		rec.Value = "0"
	}
	old, isNumber := parseLongDouble(rec.Value)
	increment, isOne := parseLongDouble(c.Args[1])
	if !isNumber || !isOne {
		return errFloat
	}
	text, err := c.total(old, increment)
	if err != nil {
		return err
	}
	if err := write(tx, c.Args[0], text, rec.Expires); err != nil {
		return err
	}
	return text
}

const (
	errFloat = Error("ERR value is not a valid float")
	errNaN   = Error("ERR increment would produce NaN or Infinity")
)

// total is what two numbers come to, if a value may be that.
func (c *Call) total(old, increment *big.Float) (text string, err error) {
	sum, finite := addLongDouble(old, increment)
	if !finite {
		return "", errNaN
	}
	text = formatLongDouble(sum)
	if err := validate.Value(text, c.session.server.MaxValue); err != nil {
		return "", refused(err)
	}
	return text, nil
}
