package resp

import (
	"errors"
	"slices"
	"strings"

	"confman/resp/rdb"
	"confman/store"
	"confman/validate"
)

// dumpCommands carry configs to other servers and back.
var dumpCommands = []Command{
	{
		Name: "dump", Synopsis: "key", Flags: Reads, Group: "generic", Since: "2.6.0", Run: dump,
		Summary: "Returns a config, or a namespace as a hash of the configs directly in it, in a form that RESTORE takes, here and in Redis. " +
			"Only expiries that differ from one another are in it: PTTL tells the others.",
	},
	{
		Name: "restore", Flags: Writes | Grows | Dangerous | Loose, Group: "generic", Since: "2.6.0", Event: "restore", Run: restore,
		Synopsis: "key ttl serialized-value [REPLACE] [ABSTTL] [IDLETIME seconds] [FREQ frequency]",
		Summary: "Makes a config of a string that DUMP returned, here or in Redis, or the configs of a namespace of a hash. They expire in so many milliseconds, " +
			"or as their fields would if that is earlier; 0 is never. REPLACE puts it in the place of whatever has the name.",
	},
}

// dump leaves an expiry that all configs of a namespace share to PTTL, as it does with a config's:
// so older servers can take the hash, which know no expiries of fields.
func dump(tx *store.Tx, c *Call) Reply {
	all := configs(tx, c.Args[0])
	switch {
	case len(all) == 0:
		return nil
	case all[0].name == c.Args[0]:
		return rdb.Value{Text: all[0].Value}.Encode()
	}
	differ := slices.ContainsFunc(all, func(one named) bool { return one.Expires != all[0].Expires })
	var v rdb.Value
	for _, one := range all {
		_, key := store.Split(one.name)
		f := rdb.Field{Name: key, Value: one.Value}
		if differ {
			f.Expires = int64(one.Expires)
		}
		v.Hash = append(v.Hash, f)
	}
	return v.Encode()
}

func restore(tx *store.Tx, c *Call) Reply {
	name := c.Args[0]
	if err := c.checkWord(c.args[0], name); err != nil {
		return err
	}
	given, err := restoreOptions(c.Args[3:])
	if err != nil {
		return err
	}
	if !given.replace && kind(tx, name) != "none" {
		return errBusyKey
	}
	expires, err := restoreExpiry(tx, c.Args[1], given)
	if err != nil {
		return err
	}
	wanted, err := restored(c, expires)
	if err != nil {
		return err
	}
	err = tx.Try(func() error {
		tx.As("restore", "restore") // what is replaced is not told of
		for _, old := range configs(tx, name) {
			tx.Delete(old.name)
		}
		for _, one := range wanted {
			if one.Expires != 0 && one.Expires <= tx.Now() {
				continue // gone before it came
			}
			if err := write(tx, one.name, one.Value, one.Expires); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return ok
}

// restoring are the options of RESTORE that mean something here.
type restoring struct{ replace, absolute bool }

// restoreOptions reads them. Idle times and frequencies, of which Redis takes one or the other,
// are only checked: what is not evicted needs none.
func restoreOptions(words []string) (given restoring, err error) {
	idle, frequency := false, false
	for ; len(words) > 0; words = words[1:] {
		switch token := strings.ToUpper(words[0]); {
		case token == "REPLACE":
			given.replace = true
		case token == "ABSTTL":
			given.absolute = true
		case token == "IDLETIME" && len(words) > 1 && !frequency:
			n, err := parseInt(words[1])
			switch {
			case err != nil:
				return given, err
			case n < 0:
				return given, errIdleTime
			}
			idle, words = true, words[1:]
		case token == "FREQ" && len(words) > 1 && !idle:
			n, err := parseInt(words[1])
			switch {
			case err != nil:
				return given, err
			case n < 0 || n > 255:
				return given, errFrequency
			}
			frequency, words = true, words[1:]
		default:
			return given, errSyntax
		}
	}
	return given, nil
}

// restoreExpiry returns when what is restored will be gone, or zero. A time to live that goes
// beyond all time has been over for long, as in Redis.
func restoreExpiry(tx *store.Tx, word string, given restoring) (store.Millis, error) {
	n, err := parseInt(word)
	switch {
	case err != nil:
		return 0, err
	case n < 0:
		return 0, errRestoreTTL
	case n == 0 || given.absolute:
		return store.Millis(n), nil
	}
	if at, fits := after(n, 1, tx.Now()); fits {
		return at, nil
	}
	return 1, nil
}

// restored returns the configs that a payload makes.
func restored(c *Call, expires store.Millis) ([]named, error) {
	v, err := rdb.Decode(c.Args[2], store.MaxTxn)
	switch {
	case errors.Is(err, rdb.ErrFooter):
		return nil, errPayload
	case errors.Is(err, rdb.ErrTooLarge):
		return nil, refused(store.ErrTooLarge)
	case err != nil:
		return nil, errFormat
	}
	name := c.Args[0]
	all := []named{{name, store.Record{Value: v.Text, Expires: expires}}}
	if v.Hash == nil {
		err = validate.Name(name) // it may be the root, which is no config
	} else {
		all, err = restoredHash(c, v.Hash, expires)
	}
	for i := 0; i < len(all) && err == nil; i++ {
		err = validate.Value(all[i].Value, c.session.server.MaxValue)
	}
	if err != nil {
		return nil, refused(err)
	}
	return all, nil
}

// restoredHash returns the configs that a hash makes. Each goes when its field does or all of
// them do, whatever is first.
func restoredHash(c *Call, fields []rdb.Field, expires store.Millis) ([]named, error) {
	all := make([]named, len(fields))
	for i, f := range fields {
		if err := c.checkField(f.Name); err != nil {
			return nil, err
		}
		at := expires
		if own := store.Millis(f.Expires); own != 0 && (at == 0 || own < at) {
			at = own
		}
		all[i] = named{store.Join(rooted(c.Args[0]), f.Name), store.Record{Value: f.Value, Expires: at}}
	}
	return all, nil
}

const (
	errBusyKey    = Error("BUSYKEY Target key name already exists.")
	errRestoreTTL = Error("ERR Invalid TTL value, must be >= 0")
	errIdleTime   = Error("ERR Invalid IDLETIME value, must be >= 0")
	errFrequency  = Error("ERR Invalid FREQ value, must be >= 0 and <= 255")
	errPayload    = Error("ERR DUMP payload version or checksum are wrong")
	errFormat     = Error("ERR Bad data format")
)
