package resp

import (
	"slices"

	"confman/store"
)

// set reads nothing unless an option asks for it, so that a plain SET never conflicts.
func set(tx *store.Tx, c *Call) Reply {
	expires, err := c.expiry(tx)
	if err != nil {
		return err
	}
	if expires != 0 {
		tx.As("set expire", "")
	}
	var old store.Record
	var found bool
	var other error // the name is a namespace
	if c.has("NX", "XX", "GET", "KEEPTTL") || c.has(comparisons...) {
		old, found, other = config(tx, c.Args[0])
	}
	done, undone := Reply(ok), Reply(nil)
	if c.has("GET") {
		if other != nil {
			return other
		}
		done = valueOf(old, found, nil)
		undone = done
	}
	met, err := c.met(old, found, other)
	switch {
	case err != nil:
		return err
	case !met:
		return undone
	case c.has("KEEPTTL"):
		expires = old.Expires
	}
	if err := put(tx, c.Args[0], c.Args[1], expires); err != nil {
		return err
	}
	return done
}

// met reports whether SET's condition is met by what stands at the name: a config, if it was
// found, or a namespace, of which the error speaks.
func (c *Call) met(old store.Record, found bool, other error) (bool, error) {
	there := found || other != nil
	i := slices.IndexFunc(comparisons, func(token string) bool { return c.has(token) })
	switch {
	case i < 0:
		return !(c.has("NX") && there || c.has("XX") && !there), nil
	case !there && comparisons[i] != "IFREV":
		return c.has("IFNE", "IFDNE"), nil
	case other != nil:
		return false, other
	}
	return compare(comparisons[i], c.options[comparisons[i]], old)
}

// put sets a config. One that has expired by then is set and gone in the same moment.
func put(tx *store.Tx, name, value string, expires store.Millis) error {
	if expires == 0 || expires > tx.Now() {
		return write(tx, name, value, expires)
	}
	err := write(tx, name, value, 0) // for the error
	if err == nil {
		tx.Delete(name)
	}
	return err
}

func setnx(tx *store.Tx, c *Call) Reply {
	if kind(tx, c.Args[0]) != "none" {
		return int64(0)
	}
	if err := write(tx, c.Args[0], c.Args[1], 0); err != nil {
		return err
	}
	return int64(1)
}

func setex(tx *store.Tx, c *Call) Reply  { return setIn(tx, c, 1000) }
func psetex(tx *store.Tx, c *Call) Reply { return setIn(tx, c, 1) }

// setIn sets a config that will be gone in so many units of milliseconds.
func setIn(tx *store.Tx, c *Call, unit int64) Reply {
	expires, err := c.moment(c.Args[1], unit, tx.Now())
	if err != nil {
		return err
	}
	tx.As("set expire", "")
	if err := put(tx, c.Args[0], c.Args[2], expires); err != nil {
		return err
	}
	return ok
}

func getset(tx *store.Tx, c *Call) Reply {
	old, found, err := config(tx, c.Args[0])
	if err != nil {
		return err
	}
	if err := write(tx, c.Args[0], c.Args[1], 0); err != nil {
		return err
	}
	return valueOf(old, found, nil)
}

func mset(tx *store.Tx, c *Call) Reply {
	if err := writeAll(tx, c.Args); err != nil {
		return err
	}
	return ok
}

func msetnx(tx *store.Tx, c *Call) Reply {
	for i := 0; i < len(c.Args); i += 2 {
		if kind(tx, c.Args[i]) != "none" {
			return int64(0)
		}
	}
	if err := writeAll(tx, c.Args); err != nil {
		return err
	}
	return int64(1)
}

// writeAll sets configs, names and values in turn: all of them or none.
func writeAll(tx *store.Tx, pairs []string) error {
	return tx.Try(func() error {
		for ; len(pairs) > 0; pairs = pairs[2:] {
			if err := write(tx, pairs[0], pairs[1], 0); err != nil {
				return err
			}
		}
		return nil
	})
}
