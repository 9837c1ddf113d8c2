package resp

import (
	"errors"
	"slices"
	"strings"

	"confman/store"
)

// historyCommands tell what configs were. Every version of a config is kept up to a bound, by a number that grows by
// one with each write, and every write has a revision, which grows across the whole store.
var historyCommands = []Command{
	{
		Name: "conf|get", Synopsis: "key [VERSION version | REVISION revision | AT unix-time-milliseconds]",
		Flags: Reads | Fast, Group: "history", Run: confGet,
		Summary: "Returns the value of a config, as it is, as that version of it was, or as it was behind a revision or at a time.",
	},
	{
		Name: "conf|getall", Synopsis: "key [REVISION revision | AT unix-time-milliseconds] [RECURSIVE]",
		Flags: Reads, Group: "history", Run: confGetAll,
		Summary: "Returns the configs directly in a namespace, or with RECURSIVE also those below it, as they are, or as they were behind " +
			"a revision or at a time: what HGETALL would have answered then.",
	},
	{
		Name: "conf|history", Synopsis: "key [COUNT count]", Flags: Reads, Group: "history", Run: confHistory,
		Summary: "Lists the versions of a config that are kept, the newest first: who wrote each and when, its size and digest (none of a secret), and " +
			"how it ended. A config that was deleted keeps its history.",
	},
	{
		Name: "conf|meta", Synopsis: "key", Flags: Reads | Fast, Group: "history", Run: confMeta,
		Summary: "Tells what is known of a config beside its value. The digest of a secret is not shown.",
	},
}

// then returns the moment that REVISION or AT name; without either it is now.
func (c *Call) then(tx *store.Tx) (m store.Moment, err error) {
	switch {
	case c.has("REVISION"):
		n := c.number("REVISION", 0)
		switch {
		case n < 1:
			return m, errRevision
		case uint64(n) > tx.Applied():
			return m, errorf("ERR revision %d is not there yet: this node is at %d", n, tx.Applied())
		}
		m.Revision = uint64(n)
	case c.has("AT"):
		n := c.number("AT", 0)
		switch {
		case n < 1:
			return m, errTime
		case store.Millis(n) > tx.Now():
			return m, errorf("ERR that time has not come yet: by this node's clock it is %d", tx.Now())
		}
		m.At = store.Millis(n)
	}
	return m, nil
}

const (
	errRevision = Error("ERR a revision is a number from 1 on")
	errTime     = Error("ERR a time is in milliseconds since 1970, from 1 on")
	errPositive = Error("ERR COUNT is a number from 1 on")
	errVersion  = Error("ERR a version is a number from 1 on")
)

// number reads the option VERSION.
func (c *Call) version() (n uint64, err error) {
	if v := c.number("VERSION", 0); v > 0 {
		return uint64(v), nil
	}
	return 0, errVersion
}

// fromHistory makes an error of the store about a config's past into one for clients.
func fromHistory(err error, name string) error {
	switch {
	case errors.Is(err, store.ErrForgotten):
		return errorf("GONE what %s was then is not kept any more: CONF HISTORY %s lists what is", name, name)
	case errors.Is(err, store.ErrNoVersion):
		return errorf("ERR %s has no such version: CONF HISTORY %s lists those that it has", name, name)
	}
	return err
}

func confGet(tx *store.Tx, c *Call) Reply {
	name := c.Args[0]
	if c.has("VERSION") {
		n, err := c.version()
		if err != nil {
			return err
		}
		v, err := tx.Version(name, n)
		if err != nil {
			return fromHistory(err, name)
		}
		return v.Value
	}
	m, err := c.then(tx)
	if err != nil {
		return err
	}
	rec, found, err := tx.At(name, m)
	return valueOf(rec, found, fromHistory(err, name))
}

func confGetAll(tx *store.Tx, c *Call) Reply {
	m, err := c.then(tx)
	if err != nil {
		return err
	}
	ns, all := rooted(c.Args[0]), Map{}
	if m.Now() && !c.has("RECURSIVE") {
		return hgetall(tx, c, ns)
	}
	eachKnown(tx, ns, c.has("RECURSIVE"), "", func(name string) bool {
		var rec store.Record
		var found bool
		if rec, found, err = tx.At(name, m); found {
			all = append(all, below(ns, name), rec.Value)
		}
		return err == nil
	})
	if err != nil {
		return fromHistory(err, c.Args[0])
	}
	return all
}

// below returns a name as it is called within a namespace.
func below(ns, name string) string {
	if ns == "" {
		return name
	}
	return strings.TrimPrefix(name, ns+"/")
}

// knownPage is how many names are looked for at a time.
const knownPage = 1000

// eachKnown visits the names in a namespace that a config has or has had, behind one, until visit returns false.
func eachKnown(tx *store.Tx, ns string, recursive bool, after string, visit func(name string) bool) {
	for more := true; more; {
		var names []string
		after = tx.Known(ns, recursive, after, knownPage, func(name string) { names = append(names, name) })
		more = after != ""
		for _, name := range names {
			if !visit(name) {
				return
			}
		}
	}
}

func confHistory(tx *store.Tx, c *Call) Reply {
	count := c.number("COUNT", 0)
	if c.has("COUNT") && count < 1 {
		return errPositive
	}
	name, policies, all := c.Args[0], tx.Policies(), []Reply{}
	tx.History(name, func(v store.Version) bool {
		all = append(all, Map{
			"version", int64(v.Version), "revision", int64(v.Revision), "time", int64(v.Updated), "by", v.By,
			"reason", reasonOf(tx, name, v),
			"size", int64(len(v.Value)), "digest", digestInPassing(policies, name, store.Digest(v.Value)), "state", v.End.How.String(),
			"until_revision", int64(v.End.Revision), "until", int64(v.End.At), "until_by", v.End.By,
		})
		return int64(len(all)) != count
	})
	return all
}

// maxReasoned is up to how many bytes a record of the audit is searched for the reason of one version.
const maxReasoned = 64 << 10

// reasonOf returns the reason that was given for a version, as far as the audit still knows it. It is not looked for
// in what very large transactions have left.
func reasonOf(tx *store.Tx, name string, v store.Version) (reason string) {
	tx.RawPast(v.Revision, 1, func(raw store.RawPast) bool {
		if raw.Revision != v.Revision || len(raw.Record) > maxReasoned {
			return false
		}
		r, _ := store.ReadPast(raw.Revision, raw.Record) // it was read when it was loaded
		for _, txn := range r.Txns {
			if slices.ContainsFunc(txn.Changes, func(c store.PastChange) bool { return c.Name == name && c.Version == v.Version && !c.Gone }) {
				reason = txn.Origin.Reason
			}
		}
		return false
	})
	return reason
}

func confMeta(tx *store.Tx, c *Call) Reply {
	name := c.Args[0]
	rec, found := tx.Get(name)
	kept, oldest := int64(0), rec.Version
	tx.History(name, func(v store.Version) bool {
		if v.End.How != store.Current {
			kept, oldest = kept+1, v.Version
		}
		return true
	})
	if !found {
		return nil
	}
	return Map{
		"name", name, "version", int64(rec.Version), "revision", int64(rec.Revision),
		"created", int64(rec.Created), "updated", int64(rec.Updated), "by", rec.By, "expires", int64(rec.Expires),
		"size", int64(len(rec.Value)), "digest", digestInPassing(tx.Policies(), name, store.Digest(rec.Value)),
		"versions", kept, "oldest", int64(oldest),
	}
}
