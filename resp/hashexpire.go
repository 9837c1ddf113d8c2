package resp

import (
	"slices"
	"strings"

	"confman/store"
)

const (
	errFieldsMissing  = Error("ERR Mandatory argument FIELDS is missing or not at the right position")
	errNumFieldsZero  = Error("ERR Parameter `numFields` should be greater than 0")
	errNumFields      = Error("ERR Number of fields must be a positive integer")
	errNumFieldsMatch = Error("ERR The `numfields` parameter must match the number of arguments")
	errExpireNegative = Error("ERR invalid expire time, must be >= 0")
)

// maxFieldExpiry is the latest time that Redis takes for a field's expiry.
const maxFieldExpiry = 1<<46 - 1

// hashExpireCommands are about when the configs of a namespace will be gone.
var hashExpireCommands = slices.Concat(fieldExpiryCommands, hashExCommands)

// fieldExpiryCommands came with Redis 7.4, redis.io/docs/latest/commands/hexpire and its
// neighbours.
var fieldExpiryCommands = []Command{
	{
		Name: "hexpire", Synopsis: "key seconds [NX | XX | GT | LT] <FIELDS numfields field [field ...]>",
		Flags: Writes | Fast | Loose | Grows, Group: "hash", Since: "7.4.0", Event: "expire", Run: hash(hexpire(1000, false)),
		Summary: "Sets in how many seconds configs of a namespace will be gone.",
	},
	{
		Name: "hexpireat", Synopsis: "key unix-time-seconds [NX | XX | GT | LT] <FIELDS numfields field [field ...]>",
		Flags: Writes | Fast | Loose | Grows, Group: "hash", Since: "7.4.0", Event: "expire", Run: hash(hexpire(1000, true)),
		Summary: "Sets the time, in unix seconds, when configs of a namespace will be gone.",
	},
	{
		Name: "hexpiretime", Synopsis: "key <FIELDS numfields field [field ...]>",
		Flags: Reads | Fast | Loose, Group: "hash", Since: "7.4.0", Run: hash(httl(1000, true)),
		Summary: "Returns when configs of a namespace will be gone, in unix seconds: -1 if one stays, -2 if there is none.",
	},
	{
		Name: "hpersist", Synopsis: "key <FIELDS numfields field [field ...]>",
		Flags: Writes | Fast | Loose, Group: "hash", Since: "7.4.0", Event: "persist", Run: hash(hpersist),
		Summary: "Takes the expiry from configs of a namespace: 1 for each that had one, -1 if it had none, -2 if there is none.",
	},
	{
		Name: "hpexpire", Synopsis: "key milliseconds [NX | XX | GT | LT] <FIELDS numfields field [field ...]>",
		Flags: Writes | Fast | Loose | Grows, Group: "hash", Since: "7.4.0", Event: "expire", Run: hash(hexpire(1, false)),
		Summary: "Sets in how many milliseconds configs of a namespace will be gone.",
	},
	{
		Name: "hpexpireat", Synopsis: "key unix-time-milliseconds [NX | XX | GT | LT] <FIELDS numfields field [field ...]>",
		Flags: Writes | Fast | Loose | Grows, Group: "hash", Since: "7.4.0", Event: "expire", Run: hash(hexpire(1, true)),
		Summary: "Sets the time, in unix milliseconds, when configs of a namespace will be gone.",
	},
	{
		Name: "hpexpiretime", Synopsis: "key <FIELDS numfields field [field ...]>",
		Flags: Reads | Fast | Loose, Group: "hash", Since: "7.4.0", Run: hash(httl(1, true)),
		Summary: "Returns when configs of a namespace will be gone, in unix milliseconds: -1 if one stays, -2 if there is none.",
	},
	{
		Name: "hpttl", Synopsis: "key <FIELDS numfields field [field ...]>",
		Flags: Reads | Fast | Loose, Group: "hash", Since: "7.4.0", Run: hash(httl(1, false)),
		Summary: "Returns in how many milliseconds configs of a namespace will be gone: -1 if one stays, -2 if there is none.",
	},
	{
		Name: "httl", Synopsis: "key <FIELDS numfields field [field ...]>",
		Flags: Reads | Fast | Loose, Group: "hash", Since: "7.4.0", Run: hash(httl(1000, false)),
		Summary: "Returns in how many seconds configs of a namespace will be gone: -1 if one stays, -2 if there is none.",
	},
}

// hash makes a command that reads its words by itself of a function over the namespace that
// the first one names: Redis looks at what stands there before it looks at the others.
func hash(run func(tx *store.Tx, c *Call, ns string) Reply) func(*store.Tx, *Call) Reply {
	return func(tx *store.Tx, c *Call) Reply {
		if err := c.checkWord(c.args[0], c.Args[0]); err != nil {
			return err
		}
		return in(run)(tx, c)
	}
}

// fields reads FIELDS numfields field [field ...]. faulty is what clients are told of a
// numfields that is none.
func (c *Call) fields(words []string, faulty Error) (fields []string, err error) {
	if len(words) == 0 || !strings.EqualFold(words[0], "FIELDS") {
		return nil, errFieldsMissing
	}
	if len(words) == 1 {
		return nil, faulty
	}
	n, err := parseInt(words[1])
	if err != nil || n < 1 {
		return nil, faulty
	}
	if fields = words[2:]; n != int64(len(fields)) {
		return nil, errNumFieldsMatch
	}
	return fields, c.checkFields(fields)
}

// checkFields checks what may be fields of the namespace that is the first argument.
func (c *Call) checkFields(fields []string) error {
	for _, f := range fields {
		if err := c.checkField(f); err != nil {
			return refused(err)
		}
	}
	return nil
}

// fieldExpiry reads an expiry in units of milliseconds since a time.
func (c *Call) fieldExpiry(word string, unit int64, since store.Millis) (store.Millis, error) {
	n, err := parseInt(word)
	switch {
	case err != nil:
		return 0, err
	case n < 0:
		return 0, errExpireNegative
	case n > maxFieldExpiry/unit || n*unit > maxFieldExpiry-int64(since):
		return 0, errExpireTime(c)
	}
	return since + store.Millis(n*unit), nil
}

// What HEXPIRE and its like answer for a field.
const (
	fieldNotThere = int64(-2)
	fieldStays    = int64(-1) // it had no expiry
	fieldKept     = int64(0)  // the condition was not met
	fieldChanged  = int64(1)
	fieldDeleted  = int64(2) // the time has passed
)

// hexpire makes a command that sets when fields are gone, in units of milliseconds from now
// on or, at a time, since 1970.
func hexpire(unit int64, at bool) func(*store.Tx, *Call, string) Reply {
	return func(tx *store.Tx, c *Call, ns string) Reply {
		since := tx.Now()
		if at {
			since = 0
		}
		expires, err := c.fieldExpiry(c.Args[1], unit, since)
		if err != nil {
			return err
		}
		words := c.Args[2:]
		var condition conditions
		switch token := strings.ToUpper(words[0]); token {
		case "NX", "XX", "GT", "LT":
			condition, words = conditions{token}, words[1:]
		}
		fields, err := c.fields(words, errNumFieldsZero)
		if err != nil {
			return err
		}
		return forEach(fields, func(field string) Reply {
			rec, found := tx.Get(store.Join(ns, field))
			switch {
			case !found:
				return fieldNotThere
			case !condition.met(rec.Expires, expires):
				return fieldKept
			}
			return expireField(tx, ns, field, rec.Value, expires)
		})
	}
}

// expireField sets when a config of a namespace is gone, which may be at once, and answers
// as HEXPIRE does.
func expireField(tx *store.Tx, ns, field, value string, expires store.Millis) Reply {
	if expires <= tx.Now() {
		tx.Delete(store.Join(ns, field))
		return fieldDeleted
	}
	if err := writeField(tx, ns, field, value, expires); err != nil {
		return err // cannot be: it is a config
	}
	return fieldChanged
}

func hpersist(tx *store.Tx, c *Call, ns string) Reply {
	fields, err := c.fields(c.Args[1:], errNumFields)
	if err != nil {
		return err
	}
	return forEach(fields, func(field string) Reply {
		rec, found := tx.Get(store.Join(ns, field))
		switch {
		case !found:
			return fieldNotThere
		case rec.Expires == 0:
			return fieldStays
		}
		if err := writeField(tx, ns, field, rec.Value, 0); err != nil {
			return err // cannot be: it is a config
		}
		return fieldChanged
	})
}

// httl makes a command that tells when fields are gone, in units of milliseconds from now on
// or, at a time, since 1970. Redis rounds up here, other than for keys.
func httl(unit int64, at bool) func(*store.Tx, *Call, string) Reply {
	return func(tx *store.Tx, c *Call, ns string) Reply {
		fields, err := c.fields(c.Args[1:], errNumFields)
		if err != nil {
			return err
		}
		since := tx.Now()
		if at {
			since = 0
		}
		return forEach(fields, func(field string) Reply {
			rec, found := tx.Get(store.Join(ns, field))
			switch {
			case !found:
				return fieldNotThere
			case rec.Expires == 0:
				return fieldStays
			}
			return int64((uint64(rec.Expires-since) + uint64(unit) - 1) / uint64(unit)) // it may be the end of all time
		})
	}
}

// forEach answers for each field.
func forEach(fields []string, answer func(field string) Reply) Reply {
	all := make([]Reply, len(fields))
	for i, field := range fields {
		all[i] = answer(field)
	}
	return all
}
