package resp

import (
	"math"
	"slices"
	"strings"

	"confman/store"
)

// expireCommands are about when names will be gone: a config, or the configs directly in a namespace.
var expireCommands = []Command{
	{
		Name: "expire", Synopsis: "key seconds [NX | XX | GT | LT]", Flags: Writes | Fast | Loose, Group: "generic", Since: "1.0.0", Event: "expire", Run: expire,
		Summary: "Sets in how many seconds a config, or all configs directly in a namespace, will be gone.",
	},
	{
		Name: "expireat", Synopsis: "key unix-time-seconds [NX | XX | GT | LT]", Flags: Writes | Fast | Loose, Group: "generic", Since: "1.2.0", Event: "expire", Run: expireat,
		Summary: "Sets when a config, or all configs directly in a namespace, will be gone, in seconds since 1970.",
	},
	{
		Name: "expiretime", Synopsis: "key", Flags: Reads | Fast, Group: "generic", Since: "7.0.0", Run: expiretime,
		Summary: "Returns when a config, or the last one of a namespace, will be gone, in seconds since 1970: -1 if it stays, -2 if there is none.",
	},
	{
		Name: "persist", Synopsis: "key", Flags: Writes | Fast, Group: "generic", Since: "2.2.0", Event: "persist", Run: persist,
		Summary: "Takes the expiry from a config, or from all configs directly in a namespace.",
	},
	{
		Name: "pexpire", Synopsis: "key milliseconds [NX | XX | GT | LT]", Flags: Writes | Fast | Loose, Group: "generic", Since: "2.6.0", Event: "expire", Run: pexpire,
		Summary: "Sets in how many milliseconds a config, or all configs directly in a namespace, will be gone.",
	},
	{
		Name: "pexpireat", Synopsis: "key unix-time-milliseconds [NX | XX | GT | LT]", Flags: Writes | Fast | Loose, Group: "generic", Since: "2.6.0", Event: "expire", Run: pexpireat,
		Summary: "Sets when a config, or all configs directly in a namespace, will be gone, in milliseconds since 1970.",
	},
	{
		Name: "pexpiretime", Synopsis: "key", Flags: Reads | Fast, Group: "generic", Since: "7.0.0", Run: pexpiretime,
		Summary: "Returns when a config, or the last one of a namespace, will be gone, in milliseconds since 1970: -1 if it stays, -2 if there is none.",
	},
	{
		Name: "pttl", Synopsis: "key", Flags: Reads | Fast, Group: "generic", Since: "2.6.0", Run: pttl,
		Summary: "Returns in how many milliseconds a config, or the last one of a namespace, will be gone: -1 if it stays, -2 if there is none.",
	},
	{
		Name: "ttl", Synopsis: "key", Flags: Reads | Fast, Group: "generic", Since: "1.0.0", Run: ttl,
		Summary: "Returns in how many seconds a config, or the last one of a namespace, will be gone: -1 if it stays, -2 if there is none.",
	},
}

// lifetimes are the options that say when a config will be gone. What they are given is looked
// at when all options have been read.
var lifetimes = []string{"EX", "PX", "EXAT", "PXAT"}

// expiry returns the time that EX, PX, EXAT or PXAT ask for, or zero.
func (c *Call) expiry(tx *store.Tx) (store.Millis, error) {
	for _, token := range lifetimes {
		if word, given := c.options[token]; given {
			unit, since := int64(1), store.Millis(0)
			if strings.HasPrefix(token, "EX") {
				unit = 1000
			}
			if !strings.HasSuffix(token, "AT") {
				since = tx.Now()
			}
			return c.moment(word, unit, since)
		}
	}
	return 0, nil
}

// moment reads a time in units of milliseconds since another one. It must be above zero.
func (c *Call) moment(word string, unit int64, since store.Millis) (store.Millis, error) {
	n, err := parseInt(word)
	if err != nil {
		return 0, err
	}
	at, fits := after(n, unit, since)
	if n <= 0 || !fits {
		return 0, errExpireTime(c)
	}
	return at, nil
}

// after returns the time n units of milliseconds after another one.
func after(n, unit int64, since store.Millis) (at store.Millis, fits bool) {
	if n > math.MaxInt64/unit || n < math.MinInt64/unit || n > 0 && n*unit > math.MaxInt64-int64(since) {
		return 0, false
	}
	return since + store.Millis(n*unit), true
}

func expire(tx *store.Tx, c *Call) Reply    { return expireIn(tx, c, 1000, tx.Now()) }
func pexpire(tx *store.Tx, c *Call) Reply   { return expireIn(tx, c, 1, tx.Now()) }
func expireat(tx *store.Tx, c *Call) Reply  { return expireIn(tx, c, 1000, 0) }
func pexpireat(tx *store.Tx, c *Call) Reply { return expireIn(tx, c, 1, 0) }

// expireIn sets when a name is gone, in units of milliseconds since a time.
func expireIn(tx *store.Tx, c *Call, unit int64, since store.Millis) Reply {
	if err := c.checkWord(c.args[0], c.Args[0]); err != nil {
		return err
	}
	given, err := expireConditions(c.Args[2:])
	if err != nil {
		return err
	}
	n, err := parseInt(c.Args[1])
	if err != nil {
		return err
	}
	at, fits := after(n, unit, since)
	if !fits {
		return errExpireTime(c)
	}
	all := configs(tx, c.Args[0])
	if len(all) == 0 || !given.met(lasting(all), at) {
		return int64(0)
	}
	for _, one := range all {
		if at <= tx.Now() {
			tx.Delete(one.name)
		} else if err := write(tx, one.name, one.Value, at); err != nil {
			return err // cannot be: it is a config
		}
	}
	return int64(1)
}

// conditions are the options of EXPIRE.
type conditions []string

// expireConditions reads them: unlike other options, some may be combined.
func expireConditions(words []string) (conditions, error) {
	var given conditions
	for _, w := range words {
		token := strings.ToUpper(w)
		if !slices.Contains([]string{"NX", "XX", "GT", "LT"}, token) {
			return nil, errorf("ERR Unsupported option %s", w)
		}
		given = append(given, token)
	}
	switch {
	case given.have("NX") && (given.have("XX") || given.have("GT") || given.have("LT")):
		return nil, errExpireNX
	case given.have("GT") && given.have("LT"):
		return nil, errExpireGTLT
	}
	return given, nil
}

func (c conditions) have(token string) bool { return slices.Contains(c, token) }

// met reports whether an expiry may take another's place; zero means never.
func (c conditions) met(old, at store.Millis) bool {
	switch {
	case c.have("NX") && old != 0,
		c.have("XX") && old == 0,
		c.have("GT") && (old == 0 || at <= old),
		c.have("LT") && old != 0 && at >= old:
		return false
	}
	return true
}

// lasting returns when the last of some configs expires, or zero if one of them stays.
func lasting(all []named) (last store.Millis) {
	for _, one := range all {
		if one.Expires == 0 {
			return 0
		}
		last = max(last, one.Expires)
	}
	return last
}

func persist(tx *store.Tx, c *Call) Reply {
	persisted := int64(0)
	for _, one := range configs(tx, c.Args[0]) {
		if one.Expires == 0 {
			continue
		}
		if err := write(tx, one.name, one.Value, 0); err != nil {
			return err // cannot be: it is a config
		}
		persisted = 1
	}
	return persisted
}

func ttl(tx *store.Tx, c *Call) Reply         { return seconds(untilGone(tx, c.Args[0], tx.Now())) }
func pttl(tx *store.Tx, c *Call) Reply        { return untilGone(tx, c.Args[0], tx.Now()) }
func expiretime(tx *store.Tx, c *Call) Reply  { return seconds(untilGone(tx, c.Args[0], 0)) }
func pexpiretime(tx *store.Tx, c *Call) Reply { return untilGone(tx, c.Args[0], 0) }

// untilGone returns the milliseconds from a time until a name is gone, -1 if it stays, -2 if it is
// not there.
func untilGone(tx *store.Tx, name string, since store.Millis) int64 {
	all := configs(tx, name)
	last := lasting(all)
	switch {
	case len(all) == 0:
		return -2
	case last == 0:
		return -1
	}
	return int64(last - since)
}

// seconds rounds milliseconds as Redis does, and leaves what is none.
func seconds(ms int64) int64 {
	if ms < 0 {
		return ms
	}
	return int64((uint64(ms) + 500) / 1000)
}

// asExpiry says of what is set from now on that no more changes than when it expires.
func asExpiry(tx *store.Tx, expires store.Millis) {
	if expires == 0 {
		tx.As("persist", "")
	} else {
		tx.As("expire", "")
	}
}
