package resp

import (
	"math"
	"strings"

	"confman/store"
)

const (
	errFieldCount     = Error("ERR invalid number of fields")
	errMissingExpire  = Error("ERR missing expire time")
	errOneCondition   = Error("ERR Only one of FXX or FNX arguments can be specified")
	errOneFieldExpiry = Error("ERR Only one of EX, PX, EXAT, PXAT or KEEPTTL arguments can be specified")
)

// hashExCommands came with Redis 8.0, redis.io/docs/latest/commands/hsetex and its neighbours.
var hashExCommands = []Command{
	{
		Name: "hgetdel", Synopsis: "key <FIELDS numfields field [field ...]>", Flags: Writes | Fast | Loose, Group: "hash", Since: "8.0.0",
		Run:     hash(hgetdel),
		Summary: "Returns the values of a namespace's configs and deletes them.",
	},
	{
		Name: "hgetex", Flags: Writes | Fast | Loose, Group: "hash", Since: "8.0.0", Run: hash(hgetex),
		Synopsis: "key [EX seconds | PX milliseconds | EXAT unix-time-seconds | PXAT unix-time-milliseconds | PERSIST] " +
			"<FIELDS numfields field [field ...]>",
		Summary: "Returns the values of a namespace's configs, and sets when they will be gone or takes their expiry.",
	},
	{
		Name: "hsetex", Flags: Writes | Fast | Loose | Grows, Group: "hash", Since: "8.0.0", Run: hsetex,
		Synopsis: "key [FNX | FXX] [EX seconds | PX milliseconds | EXAT unix-time-seconds | PXAT unix-time-milliseconds | KEEPTTL] " +
			"<FIELDS numfields field value [field value ...]>",
		Summary: "Sets configs of a namespace and their expiry, all of them or none: with FNX if none of them is there, with FXX if all are.",
	},
}

// fieldExpiryUnits are the options that set an expiry: in which unit, and whether from now on.
var fieldExpiryUnits = map[string]struct {
	millis   int64
	relative bool
}{"EX": {1000, true}, "PX": {1, true}, "EXAT": {1000, false}, "PXAT": {1, false}}

// expiryOption reads the value of an option that sets an expiry.
func (c *Call) expiryOption(tx *store.Tx, token, value string) (store.Millis, error) {
	unit := fieldExpiryUnits[token]
	if unit.relative {
		return c.fieldExpiry(value, unit.millis, tx.Now())
	}
	return c.fieldExpiry(value, unit.millis, 0)
}

func hgetdel(tx *store.Tx, c *Call, ns string) Reply {
	fields, err := c.fields(c.Args[1:], errNumFields)
	if err != nil {
		return err
	}
	return forEach(fields, func(field string) Reply {
		name := store.Join(ns, field)
		rec, found := tx.Get(name)
		if !found {
			return nil
		}
		tx.Delete(name)
		return rec.Value
	})
}

func hgetex(tx *store.Tx, c *Call, ns string) Reply {
	words := c.Args[1:]
	token := strings.ToUpper(words[0])
	_, expiring := fieldExpiryUnits[token]
	var expires store.Millis
	var err error
	switch {
	case expiring:
		if expires, err = c.expiryOption(tx, token, words[1]); err != nil {
			return err
		}
		words = words[2:]
	case token == "PERSIST":
		words = words[1:]
	}
	fields, err := c.fields(words, errNumFields)
	if err != nil {
		return err
	}
	return forEach(fields, func(field string) Reply {
		rec, found := tx.Get(store.Join(ns, field))
		if !found {
			return nil
		}
		asExpiry(tx, expires)
		if expiring {
			expireField(tx, ns, field, rec.Value, expires)
		} else if token == "PERSIST" && rec.Expires != 0 {
			if err := writeField(tx, ns, field, rec.Value, 0); err != nil {
				return err // cannot be: it is a config
			}
		}
		return rec.Value
	})
}

// What HSETEX was asked for.
type setting struct {
	condition string // FNX, FXX or none
	expiry    string // EX and so on, KEEPTTL or none
	expires   store.Millis
	pairs     []string
}

// setting reads HSETEX's words: all options stand before FIELDS, in any order.
func (c *Call) setting(tx *store.Tx) (s setting, err error) {
	for i := 1; i < len(c.Args); i++ {
		token := strings.ToUpper(c.Args[i])
		_, expiring := fieldExpiryUnits[token]
		switch {
		case token == "FIELDS":
			s.pairs, err = c.pairsOf(c.Args[i+1:])
			return s, err
		case token == "FNX" || token == "FXX":
			if s.condition != "" {
				return s, errOneCondition
			}
			s.condition = token
		case !expiring && token != "KEEPTTL":
			return s, errorf("ERR unknown argument: %s", c.Args[i])
		case s.expiry != "":
			return s, errOneFieldExpiry
		case token == "KEEPTTL":
			s.expiry = token
		case i+1 == len(c.Args):
			return s, errMissingExpire
		default:
			i++
			if s.expires, err = c.expiryOption(tx, token, c.Args[i]); err != nil {
				return s, err
			}
			s.expiry = token
		}
	}
	return s, errArity(c.Command)
}

// pairsOf reads numfields field value [field value ...].
func (c *Call) pairsOf(words []string) ([]string, error) {
	if len(words) < 3 {
		return nil, errArity(c.Command)
	}
	n, err := parseInt(words[0])
	if err != nil || n < 1 || n > math.MaxInt32 {
		return nil, errFieldCount
	}
	pairs := words[1:]
	if len(pairs)%2 != 0 || n != int64(len(pairs)/2) {
		return nil, errArity(c.Command)
	}
	value := arg{name: "value", kind: "string"}
	for i := 0; i < len(pairs); i += 2 {
		if err := c.checkFields(pairs[i : i+1]); err != nil {
			return nil, err
		}
		if err := c.checkWord(value, pairs[i+1]); err != nil {
			return nil, err
		}
	}
	return pairs, nil
}

func hsetex(tx *store.Tx, c *Call) Reply {
	if err := c.checkWord(c.args[0], c.Args[0]); err != nil {
		return err
	}
	s, err := c.setting(tx)
	if err != nil {
		return err
	}
	return in(func(tx *store.Tx, _ *Call, ns string) Reply {
		if !s.met(tx, ns) {
			return int64(0)
		}
		if err := tx.Try(func() error { return s.write(tx, ns) }); err != nil {
			return err
		}
		return int64(1)
	})(tx, c)
}

// met reports whether the fields are as FNX or FXX wants them.
func (s setting) met(tx *store.Tx, ns string) bool {
	if s.condition == "" {
		return true
	}
	for i := 0; i < len(s.pairs); i += 2 {
		if _, found := tx.Get(store.Join(ns, s.pairs[i])); found != (s.condition == "FXX") {
			return false
		}
	}
	return true
}

// write sets the fields. What has expired by now is set and gone in the same moment.
func (s setting) write(tx *store.Tx, ns string) error {
	if s.expiry != "" && s.expiry != "KEEPTTL" {
		tx.As("set expire", "")
	}
	for pairs := s.pairs; len(pairs) > 0; pairs = pairs[2:] {
		field, expires := pairs[0], s.expires
		if s.expiry == "KEEPTTL" {
			rec, _ := tx.Get(store.Join(ns, field))
			expires = rec.Expires
		} else if s.expiry != "" && expires <= tx.Now() {
			tx.Delete(store.Join(ns, field))
			continue
		}
		if err := writeField(tx, ns, field, pairs[1], expires); err != nil {
			return err
		}
	}
	return nil
}
