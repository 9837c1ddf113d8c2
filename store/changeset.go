package store

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"strconv"

	"confman/validate"
)

// A transaction may have to be confirmed: unless it is in time, all that it has changed is taken back, by
// whoever leads then. So what it changed is written down with it, as a config of the system that expires at
// the deadline. What it held before stands there too, so that the way back depends on nothing else.

// changesets is the namespace of what awaits confirmation. Each transaction that awaits it has one config there.
const changesets = validate.System + "/changesets"

// A Changeset is a transaction that awaits confirmation.
type Changeset struct {
	Revision uint64 // at which it was committed
	Deadline Millis // when it is taken back
	By       string
	Names    []string // of what it changed
}

// A step is one config that a changeset has changed.
type step struct {
	name   string
	left   uint64 // the version that it has left there; zero if it has deleted the config
	before Record // what was there: version, value and expiry; of version zero if nothing was
}

// changesetFormat leads every encoded changeset.
const changesetFormat = 1

func encodeChangeset(steps []step) string {
	b := binary.AppendUvarint([]byte{changesetFormat}, uint64(len(steps)))
	for _, s := range steps {
		b = binary.AppendUvarint(appendString(b, s.name), s.left)
		b = binary.AppendUvarint(b, s.before.Version)
		b = binary.AppendUvarint(b, uint64(s.before.Expires))
		b = appendString(b, s.before.Value)
	}
	return string(b)
}

func decodeChangeset(value string) (steps []step, err error) {
	d, err := opened(value, changesetFormat)
	if err != nil {
		return nil, err
	}
	for n := d.count(); len(steps) < n && d.err == nil; {
		s := step{name: d.string(), left: d.uint()}
		s.before = Record{Version: d.uint(), Expires: d.millis(), Value: d.string()}
		steps = append(steps, s)
	}
	return steps, d.end()
}

// mustChangeset decodes a changeset of the database.
func mustChangeset(key string, rec Record) []step {
	steps, err := decodeChangeset(rec.Value)
	if err != nil {
		panic(damaged(key, err))
	}
	return steps
}

// Confirm has all that the transaction changes taken back at a time, unless [Tx.Confirmed] is called before
// that with the revision at which it was committed. It is refused with [ErrAwaited] if it changes what another
// one has changed that is not confirmed, and with [ErrNoWayBack] if it flushes or rolls a namespace back.
func (tx *Tx) Confirm(until Millis) { tx.until = until }

// await writes down what a transaction has changed that has to be confirmed. It is the last thing to be done:
// the transaction depends on all that it changes, as it stood before.
func (tx *Tx) await() error {
	switch {
	case tx.until == 0 || tx.full || !tx.txn.Writing():
		return nil
	case tx.txn.Flush, len(tx.txn.Rollbacks) > 0:
		return ErrNoWayBack
	}
	steps := tx.steps()
	number, err := tx.mayAwait(steps)
	if err != nil || len(steps) == 0 {
		return err
	}
	tx.As("", "")
	return tx.Set(Join(changesets, fmt.Sprintf("%020d", number)), encodeChangeset(steps), tx.until)
}

// steps returns what the transaction has changed so far.
func (tx *Tx) steps() (steps []step) {
	for _, w := range tx.txn.Writes {
		if ns, _ := Split(w.Name); ns == changesets {
			continue // what it has confirmed stays so
		}
		key := configKey(w.Name)
		before, _ := loadRecord(tx.entry, key)
		if !before.live(tx.now) {
			before = Record{}
		}
		tx.guardBefore(key, before.Revision)
		left, _ := loadRecord(tx.own, key)
		if left.Version > 0 || before.Version > 0 {
			steps = append(steps, step{w.Name, left.Version, before})
		}
	}
	return steps
}

// mayAwait returns a number that no changeset has, if none that is not confirmed has a name of these steps. One
// whose time is up counts until it has been taken back. Two of an entry would have the same revision, by which
// they are confirmed: so the second one has to wait for the next.
func (tx *Tx) mayAwait(steps []step) (number uint64, err error) {
	changed := map[string]bool{}
	for _, s := range steps {
		changed[s.name] = true
	}
	tx.guardNamespace(changesets)
	tx.src.ascend(within(changesets), func(key, value string) bool {
		rec := mustRecord(key, value)
		if rec.Revision == Pending {
			err = ErrNextEntry
			return false
		}
		for _, s := range mustChangeset(key, rec) {
			if changed[s.name] {
				err = fmt.Errorf("%s %w of revision %d: CONF CONFIRMED %d first, or wait", s.name, ErrAwaited, rec.Revision, rec.Revision)
				return false
			}
		}
		_, id := Split(configName(key))
		number, _ = strconv.ParseUint(id, 10, 64) // it is one
		return true
	})
	return number + 1, err
}

// Confirmed has a transaction stay that was committed at a revision, and reports whether that awaited
// confirmation.
func (tx *Tx) Confirmed(revision uint64) (awaited bool) {
	for _, item := range tx.List(changesets) {
		if item.Revision == revision {
			return tx.Delete(Join(changesets, item.Key))
		}
	}
	return false
}

// Unconfirmed returns what awaits confirmation, in the order in which it was committed.
func (tx *Tx) Unconfirmed() (all []Changeset) {
	for _, item := range tx.List(changesets) {
		c := Changeset{Revision: item.Revision, Deadline: item.Expires, By: item.By}
		for _, s := range mustChangeset(item.Key, item.Record) {
			c.Names = append(c.Names, s.name)
		}
		all = append(all, c)
	}
	return all
}

// takeBackOverdue takes back the first changeset whose time is up, and reports whether there was one.
func (tx *Tx) takeBackOverdue() (found bool) {
	tx.store.expiries.system.Scan(func(d deadline) bool {
		if tx.now < d.at {
			return false
		}
		if ns, _ := Split(configName(d.key)); ns != changesets {
			return true
		}
		rec, there := loadRecord(tx.src, d.key)
		if found = there && !rec.live(tx.now); found {
			tx.takeBackAll(d.key, rec)
		}
		return !found
	})
	return found
}

// takeBackAll makes what a changeset has changed what it was before. What somebody has changed again since stays,
// and is noted. That it is confirmed meanwhile, the revision of its namespace tells.
func (tx *Tx) takeBackAll(key string, rec Record) {
	tx.guardNamespace(changesets)
	tx.write(Write{Name: configName(key), Delete: true})
	tx.txn.Origin.Reason = fmt.Sprintf("not confirmed: revision %d", rec.Revision)
	tx.As("rollback", "rollback")
	defer tx.As("", "")
	steps := mustChangeset(key, rec)
	again := tx.changedAgain(steps, rec.Revision)
	for _, deleting := range []bool{true, false} { // what is in the way goes first
		for _, s := range steps {
			there := s.before.live(tx.now)
			switch {
			case again[s.name] || there == deleting:
			case deleting:
				tx.Delete(s.name)
			default:
				again[s.name] = tx.Set(s.name, s.before.Value, s.before.Expires) != nil
			}
		}
	}
	tx.noteLeft(steps, again)
}

// changedAgain tells which of a changeset's configs somebody has changed since it was committed at a revision: the
// others are at that revision, of the version that it has left, or gone because it has deleted them, or because
// they have expired.
func (tx *Tx) changedAgain(steps []step, revision uint64) map[string]bool {
	again := map[string]bool{}
	var gone []step
	for _, s := range steps {
		rec, found := tx.Get(s.name)
		switch {
		case found:
			again[s.name] = rec.Revision != revision || rec.Version != s.left
		case !systemKey(configKey(s.name)):
			gone = append(gone, s)
		}
	}
	if len(gone) == 0 {
		return again
	}
	last, known := tx.lastChanges(revision)
	for _, s := range gone {
		_, earlier := tx.entry.decided(configKey(s.name))
		c, told := last[s.name]
		again[s.name] = earlier || !known || !told || c.at != revision || c.version != cmp.Or(s.left, s.before.Version)
	}
	return again
}

// A lastChange is when something was done to a config last, but that it expired, and what version it had then.
type lastChange struct{ at, version uint64 }

// lastChanges returns what was done to configs last, from a revision on, unless that is not known any more
// or all were deleted meanwhile.
func (tx *Tx) lastChanges(from uint64) (last map[string]lastChange, known bool) {
	last, known = map[string]lastChange{}, tx.PastFloor() < from
	for more := known; more && known; {
		from, more = tx.Past(from, tx.Applied(), func(r PastRevision) bool {
			for _, c := range r.All {
				known = known && !c.Flush()
				if c.Events != eventExpired {
					last[c.Name] = lastChange{r.Revision, c.Version}
				}
			}
			return known
		})
	}
	return last, known
}

// noteLeft notes for the audit which configs were not taken back, because they were changed again.
func (tx *Tx) noteLeft(steps []step, again map[string]bool) {
	n := Note{At: tx.now, By: tx.txn.By, Origin: tx.txn.Origin, Act: "CONF CONFIRM", Refused: "changed again since: it stays as it is", Times: 1}
	for _, s := range steps {
		if again[s.name] {
			n.Names = append(n.Names, s.name)
		}
	}
	if len(n.Names) > 0 {
		tx.txn.Notes = append(tx.txn.Notes, n)
	}
}
