package store

import (
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

// A step is one config that a changeset has changed, as it was before.
type step struct {
	name    string
	there   bool // it could be seen
	value   string
	expires Millis
}

// changesetFormat leads every encoded changeset.
const changesetFormat = 1

func encodeChangeset(steps []step) string {
	b := binary.AppendUvarint([]byte{changesetFormat}, uint64(len(steps)))
	for _, s := range steps {
		b = appendBool(appendString(b, s.name), s.there)
		if s.there {
			b = appendString(binary.AppendUvarint(b, uint64(s.expires)), s.value)
		}
	}
	return string(b)
}

func decodeChangeset(value string) (steps []step, err error) {
	d, err := opened(value, changesetFormat)
	if err != nil {
		return nil, err
	}
	for n := d.count(); len(steps) < n && d.err == nil; {
		s := step{name: d.string(), there: d.bool()}
		if s.there {
			s.expires, s.value = d.millis(), d.string()
		}
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
// one has changed that is not confirmed, and with [ErrNoWayBack] if it flushes.
func (tx *Tx) Confirm(until Millis) { tx.until = until }

// await writes down what a transaction has changed that has to be confirmed. It is the last thing to be done:
// the transaction depends on all that it changes, as it stood before.
func (tx *Tx) await() error {
	switch {
	case tx.until == 0 || tx.full || !tx.txn.Writing():
		return nil
	case tx.txn.Flush:
		return ErrNoWayBack
	}
	steps := tx.steps()
	number, err := tx.mayAwait(steps)
	if err != nil || len(steps) == 0 {
		return err
	}
	if wayBack(steps) > MaxTxn {
		return ErrTooLarge
	}
	tx.As("", "")
	return tx.Set(Join(changesets, fmt.Sprintf("%020d", number)), encodeChangeset(steps), tx.until)
}

// awaits reports whether the transaction has to be confirmed. What came behind it in its entry would have the
// same revision, and could not be told from what it has written itself.
func (t Txn) awaits() bool {
	if len(t.Writes) == 0 {
		return false
	}
	last := t.Writes[len(t.Writes)-1]
	ns, _ := Split(last.Name)
	return ns == changesets && !last.Delete
}

// steps returns what the transaction has changed so far.
func (tx *Tx) steps() (steps []step) {
	for _, w := range tx.txn.Writes {
		if ns, _ := Split(w.Name); ns == changesets {
			continue // what it has confirmed stays so
		}
		key := configKey(w.Name)
		s, revision := step{name: w.Name}, uint64(0)
		if rec, _ := loadRecord(tx.entry, key); rec.live(tx.now) {
			s.there, s.value, s.expires, revision = true, rec.Value, rec.Expires, rec.Revision
		}
		tx.guardBefore(key, revision)
		if s.there || !w.Delete {
			steps = append(steps, s)
		}
	}
	return steps
}

// mayAwait returns a number that no changeset has, if none that is not confirmed has a name of these steps. One
// whose time is up counts until it has been taken back.
func (tx *Tx) mayAwait(steps []step) (number uint64, err error) {
	changed := map[string]bool{}
	for _, s := range steps {
		changed[s.name] = true
	}
	tx.guardNamespace(changesets)
	tx.src.ascend(within(changesets), func(key, value string) bool {
		rec := mustRecord(key, value)
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
