package resp

import (
	"context"
	"encoding/hex"
	"math"
	"slices"
	"strings"

	"confman/store"
)

var auditCommands = []Command{
	{
		Name: "conf|audit", Synopsis: "[path] [SINCE revision] [COUNT count] [BY username]", Flags: Loose | Admin | Dangerous, Group: "history",
		Do: proved(confAudit),
		Summary: "Tells who changed what, from where and why, what operators did, and what was denied: the newest COUNT of it (100 unless said, 1000 at most), " +
			"or from a revision on at least as much, in whole revisions and about 1 MiB at most. It is shown in the order in which it happened; " +
			"SINCE the last revision and one goes on behind it, until nothing comes. A namespace shows what happened in it and below, and BY what one user did. " +
			"The oldest is dropped when there is too much; then SINCE answers GONE and says from where on there is anything.",
	},
	{
		Name: "conf|chain", Synopsis: "[SINCE revision] [COUNT count]", Flags: Admin | Dangerous, Group: "history", Do: proved(confChain),
		Summary: "Returns the records that CONF AUDIT reads as they are chained, from a revision on, COUNT of them (100 unless said, 1000 at most) and about 1 MiB: " +
			"so confman audit verify proves that none is missing or altered.",
	},
}

// How many lines of the audit, and records, one answer holds.
const (
	auditCount    = 100
	maxAuditCount = 1000
)

const errAuditCount = Error("ERR COUNT is a number from 1 to 1000")

// auditCounted reads the option COUNT.
func (c *Call) auditCounted() (int, error) {
	n := c.number("COUNT", auditCount)
	if c.has("COUNT") && (n < 1 || n > maxAuditCount) {
		return 0, errAuditCount
	}
	return int(n), nil
}

// since reads the option SINCE; it is zero if there is none.
func (c *Call) since() (uint64, error) {
	n := c.number("SINCE", 0)
	if c.has("SINCE") && n < 1 {
		return 0, errRevision
	}
	return uint64(n), nil
}

// errAuditGone says from where on there is anything.
func errAuditGone(floor uint64) Error {
	return errorf("GONE the audit up to revision %d is not kept any more: go on with SINCE %d", floor, floor+1)
}

// An auditing is a walk over a part of the audit, a page of it at a time so that it holds up nobody.
type auditing struct {
	within string // "" for everything
	by     string // "" for everybody
	since  uint64 // zero for the newest
	count  int

	next  uint64 // where the walk is
	lines []Reply
	size  int
	ended bool
}

func confAudit(ctx context.Context, c *Call) Reply {
	a, err := c.audits()
	for err == nil && !a.ended {
		err = c.session.look(ctx, a.page)
	}
	if err != nil {
		return err
	}
	if a.since == 0 {
		slices.Reverse(a.lines)
		a.lines = a.lines[max(0, len(a.lines)-a.count):]
	}
	return a.lines
}

// audits reads what a call asks for. A namespace stands before all options, which come in pairs; one that
// is called like an option may be written with a slash behind it.
func (c *Call) audits() (a *auditing, err error) {
	a = &auditing{lines: []Reply{}}
	words := c.Args
	if len(words)%2 == 1 {
		if _, _, like := option(c.args[1:], words[0]); like {
			return nil, errSyntax
		}
		ns := strings.TrimSuffix(words[0], "/")
		if ns != "" {
			if err := c.checkWord(arg{kind: "key"}, ns); err != nil {
				return nil, err
			}
		}
		a.within, words = ns, words[1:]
	}
	if err := c.bindOptions(c.args[1:], words); err != nil {
		return nil, err
	}
	a.by = c.options["BY"]
	if a.since, err = c.since(); err != nil {
		return nil, err
	}
	if a.count, err = c.auditCounted(); err != nil {
		return nil, err
	}
	if a.next = a.since; a.since == 0 {
		a.next = math.MaxUint64
	}
	return a, nil
}

// page reads on: from a revision on forwards, or from the newest backwards.
func (a *auditing) page(tx *store.Tx) error {
	var next uint64
	var more bool
	policies := tx.Policies()
	take := func(r store.PastRevision) bool { return a.take(policies, r) }
	if a.since == 0 {
		next, more = tx.PastBackwards(1, a.next, take)
	} else {
		if floor := tx.PastFloor(); floor >= a.next {
			if a.ended = len(a.lines) > 0; a.ended {
				return nil // who goes on is told
			}
			return errAuditGone(floor)
		}
		next, more = tx.Past(a.next, math.MaxUint64, take)
	}
	a.next, a.ended = next, a.ended || !more
	return nil
}

// take takes what is asked for of a revision, and reports whether the walk goes on.
func (a *auditing) take(p *store.Policies, r store.PastRevision) bool {
	var lines []Reply
	size := 0
	for _, t := range r.Txns {
		if a.by == "" || t.By == a.by {
			if changes := a.changes(p, t); len(changes) > 0 {
				lines = append(lines, auditLine(r.Revision, store.Note{At: r.At, By: t.By, Origin: t.Origin, Times: 1}, changes))
			}
		}
		for _, n := range t.Notes {
			if (a.by == "" || n.By == a.by) && a.tells(n) {
				lines = append(lines, auditLine(r.Revision, n, []Reply{}))
			}
		}
	}
	for _, l := range lines {
		size += sizeOf(l)
	}
	if a.ended = len(a.lines) > 0 && a.size+size > maxStreamReply; a.ended {
		return false
	}
	if a.since == 0 {
		slices.Reverse(lines)
	}
	a.lines, a.size = append(a.lines, lines...), a.size+size
	a.ended = len(a.lines) >= a.count
	return !a.ended
}

// changes returns what a transaction changed within the namespace. A flush is everywhere.
func (a *auditing) changes(p *store.Policies, t store.PastTxn) []Reply {
	all := []Reply{}
	for _, c := range t.Changes {
		if c.Flush() || a.holds(c.Name) {
			all = append(all, auditChange(p, c))
		}
	}
	return all
}

// tells reports whether a note is about anything in the namespace.
func (a *auditing) tells(n store.Note) bool {
	return a.within == "" || slices.ContainsFunc(n.Names, a.holds)
}

// holds reports whether a name is the namespace's or below it.
func (a *auditing) holds(name string) bool {
	return a.within == "" || name == a.within || strings.HasPrefix(name, a.within+"/")
}

// auditLine is how the audit shows a note, or a transaction as if it were one.
func auditLine(revision uint64, n store.Note, changes []Reply) Map {
	names := []Reply{}
	for _, name := range n.Names {
		names = append(names, name)
	}
	return Map{
		"revision", int64(revision), "time", int64(n.At), "by", n.By,
		"addr", n.Origin.Addr, "protocol", n.Origin.Protocol, "client", n.Origin.Client, "reason", n.Origin.Reason,
		"act", n.Act, "names", names, "refused", n.Refused, "times", int64(n.Times), "changes", changes,
	}
}

// auditChange is how the audit shows a change.
func auditChange(p *store.Policies, c store.PastChange) Map {
	to, before, now := c.Version, "", ""
	if c.Was > 0 {
		before = digestInPassing(p, c.Name, c.OldDigest)
	}
	if c.Gone || c.Flush() {
		to = 0
	} else {
		now = digestInPassing(p, c.Name, c.Digest)
	}
	return Map{"name", c.Name, "events", c.Events, "from", int64(c.Was), "to", int64(to), "old", before, "new", now}
}

// confChain shows records as they are. "before" is the chain's value in front of the first.
func confChain(ctx context.Context, c *Call) Reply {
	since, err := c.since()
	if err != nil {
		return err
	}
	count, err := c.auditCounted()
	if err != nil {
		return err
	}
	var answer Map
	err = c.session.look(ctx, func(tx *store.Tx) error {
		floor, start := tx.ChainFloor()
		if c.has("SINCE") && floor >= since {
			return errAuditGone(floor)
		}
		from := max(since, floor+1)
		before := ChainBefore(tx, from)
		records, size := []Reply{}, 0
		tx.RawPast(from, count, func(r store.RawPast) bool {
			if size += len(r.Record); len(records) > 0 && size > maxStreamReply {
				return false
			}
			records = append(records, []Reply{int64(r.Revision), r.Record})
			return true
		})
		head := tx.ChainHead()
		answer = Map{
			"floor", int64(floor), "start", hex.EncodeToString(start[:]), "last", int64(lastRecord(tx)), "head", hex.EncodeToString(head[:]),
			"before", hex.EncodeToString(before[:]), "records", records,
		}
		return nil
	})
	if err != nil {
		return err
	}
	return answer
}

// ChainBefore returns the value of the chain in front of a revision's record.
func ChainBefore(tx *store.Tx, revision uint64) store.Chain {
	floor, before := tx.ChainFloor()
	tx.PastBackwards(floor+1, revision-1, func(r store.PastRevision) bool {
		if r.Chain != (store.Chain{}) { // an earlier build's has none
			before = r.Chain
		}
		return r.Chain == store.Chain{}
	})
	return before
}

// lastRecord returns the revision of the newest record. It need not have changed a config.
func lastRecord(tx *store.Tx) (revision uint64) {
	tx.PastBackwards(1, math.MaxUint64, func(r store.PastRevision) bool {
		revision = r.Revision
		return false
	})
	return revision
}
