package resp

import (
	"strconv"

	"confman/store"
)

const (
	errHashInteger = Error("ERR hash value is not an integer")
	errHashFloat   = Error("ERR hash value is not a float")
	errInfinite    = Error("ERR value is NaN or Infinity")
)

// hincrby adds to the integer in a field, and keeps its expiry.
func hincrby(tx *store.Tx, c *Call) Reply {
	ns, n := rooted(c.Args[0]), c.integer(2)
	rec, found := tx.Get(store.Join(ns, c.Args[1]))
	sum, err := plus(rec, found, n)
	switch err {
	case nil:
	case errOverflow:
		return err
	default:
		return errHashInteger
	}
	if err := writeField(tx, ns, c.Args[1], strconv.FormatInt(sum, 10), rec.Expires); err != nil {
		return err
	}
	return sum
}

// hincrbyfloat, other than INCRBYFLOAT, looks at the increment first.
func hincrbyfloat(tx *store.Tx, c *Call) Reply {
	increment, isNumber := parseLongDouble(c.Args[2])
	switch {
	case !isNumber:
		return errFloat
	case increment.IsInf():
		return errInfinite
	}
	ns := rooted(c.Args[0])
	rec, found := tx.Get(store.Join(ns, c.Args[1]))
	if !found {
		rec.Value = "0"
	}
	old, isNumber := parseLongDouble(rec.Value)
	if !isNumber {
		return errHashFloat
	}
	text, err := c.total(old, increment)
	if err != nil {
		return err
	}
	if err := writeField(tx, ns, c.Args[1], text, rec.Expires); err != nil {
		return err
	}
	return text
}
