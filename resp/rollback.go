package resp

import (
	"confman/store"
)

var rollbackCommands = []Command{
	{
		Name:     "conf|rollback",
		Synopsis: "key <VERSION version | REVISION revision | AT unix-time-milliseconds> [RECURSIVE] [DRYRUN] [FORCE] [COUNT count] [AFTER after]",
		Flags:    Writes, Group: "history", Run: confRollback,
		Summary: "Sets a config to what a version of it was; or a config, or all configs directly in a namespace (with RECURSIVE also those below it), to " +
			"what they were behind a revision or at a time, and deletes those that were not there. That is one transaction, and makes new versions: " +
			"history is never rewritten. Returns how many configs it changed; DRYRUN returns what it would change. What is too large for one transaction " +
			"goes in parts: with COUNT it returns where to go on with AFTER, which is empty at the end, and how many it changed.",
	},
}

// overhead is about what a write takes beside its name and value, in bytes.
const overhead = 16

func confRollback(tx *store.Tx, c *Call) Reply {
	plan, next, err := c.planRollback(tx)
	switch {
	case err != nil:
		return err
	case c.has("DRYRUN"):
		all := make([]Reply, len(plan))
		for i, d := range plan {
			all[i] = showDifference(tx, d)
		}
		return all
	}
	if c.has("FORCE") {
		tx.Force()
	}
	if err := tx.Try(func() error { return rollBack(tx, plan) }); err != nil {
		return fromSet(err)
	}
	if c.has("COUNT") {
		return []Reply{next, int64(len(plan))}
	}
	return int64(len(plan))
}

// rollBack writes what is planned: what is to be gone goes first, because a name that it takes may be wanted.
func rollBack(tx *store.Tx, plan []store.Difference) error {
	for _, d := range plan {
		if d.To.Version == 0 {
			tx.As("set rollback", "del rollback")
			tx.Delete(d.Name)
		}
	}
	for _, d := range plan {
		if d.To.Version > 0 {
			tx.As("set rollback", "del rollback")
			if err := tx.Set(d.Name, d.To.Value, d.To.Expires); err != nil {
				return err
			}
		}
	}
	return nil
}

// planRollback returns what the rollback has to change, and where to go on if COUNT ends it.
func (c *Call) planRollback(tx *store.Tx) (plan []store.Difference, next string, err error) {
	name := c.Args[0]
	if c.has("VERSION") {
		plan, err = c.planVersion(tx)
		return plan, "", err
	}
	m, err := c.then(tx)
	switch {
	case err != nil:
		return nil, "", err
	case m.Now():
		return nil, "", errSyntax
	}
	count, size := c.number("COUNT", 0), 0
	if c.has("COUNT") && count < 1 {
		return nil, "", errPositive
	}
	forced := c.has("FORCE") || c.has("DRYRUN")
	take := func(name string) bool {
		d, differs, failed := tx.Compare(name, store.Moment{}, m)
		switch ns, _ := store.Split(name); {
		case failed != nil:
			err = fromHistory(failed, name)
		case differs && !forced && name != c.Args[0] && tx.Policies().Protects(ns):
			err = errorf("PROTECTED namespace %s is protected: to roll back all of it say FORCE, or take the protection off first with "+
				"NS SET %s UNPROTECT", title(ns), title(ns))
		case differs:
			plan, size = append(plan, d), size+len(name)+len(d.To.Value)+overhead
		}
		if count > 0 && int64(len(plan)) == count {
			next = name
		} else if size > store.MaxTxn && !c.has("DRYRUN") {
			err = errLongRollback
		}
		return err == nil && next == ""
	}
	after := c.options["AFTER"]
	if name == "/" || after != "" || take(name) {
		eachKnown(tx, rooted(name), c.has("RECURSIVE"), after, take)
	}
	return plan, next, err
}

// planVersion returns what sets a config to what one of its versions was.
func (c *Call) planVersion(tx *store.Tx) ([]store.Difference, error) {
	name := c.Args[0]
	n, err := c.version()
	if err != nil {
		return nil, err
	}
	v, err := tx.Version(name, n)
	if err != nil {
		return nil, fromHistory(err, name)
	}
	now, _ := tx.Get(name)
	if v.Expires > 0 && v.Expires <= tx.Now() {
		v.Expires = 0 // it is wanted again
	}
	if now.Version > 0 && now.Value == v.Value && now.Expires == v.Expires {
		return nil, nil
	}
	return []store.Difference{{Name: name, From: now, To: v.Record}}, nil
}

const errLongRollback = Error("ERR that is more than one transaction may write, which is 4 MiB: roll back in parts, with COUNT 1000, and again " +
	"with AFTER what it returns until that is empty")
