package resp

import (
	"context"

	"confman/store"
)

// changesetCommands tell at which revision a write stands, and make a transaction revert by itself unless it
// is confirmed, as network gear does.
var changesetCommands = []Command{
	{
		Name: "conf|confirm", Synopsis: "seconds", Flags: Writes | Fast, Group: "transactions", Run: confirm,
		Summary: "Between MULTI and EXEC: all that the transaction changes is taken back after that time, unless CONF CONFIRMED is called " +
			"before. Answers, as an element of EXEC's reply, the revision to confirm, or 0 if nothing was changed. What somebody changes meanwhile stays.",
	},
	{
		Name: "conf|confirmed", Synopsis: "revision", Flags: Writes | Fast, Group: "transactions", Run: confirmed,
		Summary: "Has a transaction stay that awaits confirmation, by its revision. On any node.",
	},
	{
		Name: "conf|pending", Flags: Reads, Group: "transactions", Run: pending,
		Summary: "Lists the transactions that await confirmation.",
	},
	{
		Name: "conf|revision", Flags: Fast, Group: "transactions", Do: revision,
		Summary: "Returns the revision of this connection's last write that went through, or 0. Queued behind MULTI it answers for the transaction. " +
			"Writes that were committed together have the same one.",
	},
}

// maxConfirm is how many seconds a transaction may await confirmation.
const maxConfirm = 24 * 60 * 60

// ownRevision stands, in the replies of a transaction, for the revision at which it is committed, until that is
// known.
type ownRevision struct{}

// hasCommitted takes note of the revision at which a transaction was committed, which is zero if it wrote
// nothing, and tells it to those of its commands that answer it.
func (s *session) hasCommitted(revision uint64, replies []Reply) {
	if revision > 0 {
		s.revision = revision
	}
	for i, r := range replies {
		if _, own := r.(ownRevision); own {
			replies[i] = int64(revision)
		}
	}
}

// mayConfirm checks CONF CONFIRM before it is queued: if it failed when the transaction runs, the others would
// be carried out for good.
func (s *session) mayConfirm(c *Call) error {
	if c.Name != "conf|confirm" {
		return nil
	}
	for _, other := range s.queue {
		if other.Name == c.Name {
			return errConfirmTwice
		}
	}
	if err := c.bind(); err != nil {
		return err
	}
	if seconds := c.integer(0); seconds < 1 || seconds > maxConfirm {
		return errConfirmTime
	}
	return nil
}

func confirm(tx *store.Tx, c *Call) Reply {
	if !c.queued {
		return errConfirmAlone
	}
	tx.Confirm(tx.Now() + store.Millis(1000*c.integer(0)))
	return ownRevision{}
}

func confirmed(tx *store.Tx, c *Call) Reply {
	revision, err := parseRevision(c.Args[0])
	switch {
	case err != nil:
		return err
	case !tx.Confirmed(revision):
		return errorf("NOCONFIRM nothing awaits confirmation at revision %d: it was confirmed, or taken back", revision)
	}
	return ok
}

func pending(tx *store.Tx, _ *Call) Reply {
	all := []Reply{}
	for _, c := range tx.Unconfirmed() {
		left := (c.Deadline - tx.Now() + 999) / 1000
		all = append(all, Map{
			"revision", int64(c.Revision), "deadline", int64(c.Deadline), "left", int64(left), "by", c.By, "names", bulks(c.Names),
		})
	}
	return all
}

func revision(_ context.Context, c *Call) Reply { return int64(c.session.revision) }

// parseRevision reads a revision: 0 is that of what is not there.
func parseRevision(word string) (uint64, error) {
	n, err := parseInt(word)
	if err != nil || n < 0 {
		return 0, errNoRevision
	}
	return uint64(n), nil
}

const (
	errNoRevision   = Error("ERR a revision is a number, 0 or more: CONF REVISION and CONF PENDING tell them")
	errConfirmAlone = Error("ERR CONF CONFIRM belongs between MULTI and EXEC: it makes that transaction revert by itself")
	errConfirmTwice = Error("ERR CONF CONFIRM stands in this transaction already")
	errConfirmTime  = Error("ERR seconds must be between 1 and 86400, which is a day")
)
