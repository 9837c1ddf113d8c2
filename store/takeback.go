package store

import "fmt"

// What is done to what is taken back.
const (
	eventSetBack     = "set rollback"
	eventDeletedBack = "del rollback"
)

// wayBack is about how many bytes it takes to take steps back. It reads no more than what has made them.
func wayBack(steps []step) int {
	size := len(changesets) + 32
	for _, s := range steps {
		size += Write{Name: s.name, Value: s.value, Events: eventSetBack}.size()
	}
	return size
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
	tx.Unchecked() // it was allowed before
	tx.As(eventSetBack, eventDeletedBack)
	defer tx.As("", "")
	steps := mustChangeset(key, rec)
	again := tx.changedAgain(steps, rec.Revision)
	for _, deleting := range []bool{true, false} { // what is in the way goes first
		for _, s := range steps {
			there := s.there && (s.expires == 0 || tx.now < s.expires)
			switch {
			case again[s.name] || there == deleting:
			case deleting:
				tx.Delete(s.name)
			default:
				again[s.name] = !tx.setBack(s)
			}
		}
	}
	tx.noteLeft(steps, again)
}

// setBack sets a config to what it was, unless its name cannot be one any more; that nothing comes in its way
// meanwhile, Apply checks.
func (tx *Tx) setBack(s step) bool {
	if _, found := inTheWay(tx.src, s.name, tx.now); found {
		return false
	}
	return tx.Set(s.name, s.value, s.expires) == nil
}

// changedAgain tells which of a changeset's configs somebody has changed since it was committed at a revision:
// the others are at that revision, or gone, and nothing but that they have expired is told of them since.
func (tx *Tx) changedAgain(steps []step, revision uint64) map[string]bool {
	again := map[string]bool{}
	var gone []string
	for _, s := range steps {
		if rec, found := tx.Get(s.name); found {
			again[s.name] = rec.Revision != revision
		} else if !systemKey(configKey(s.name)) { // of the system's nothing is told
			gone = append(gone, s.name)
		}
	}
	if len(gone) == 0 {
		return again
	}
	last, known := tx.lastChanges(revision)
	for _, name := range gone {
		_, earlier := tx.entry.decided(configKey(name))
		again[name] = earlier || !known || last[name] != revision
	}
	return again
}

// lastChanges returns at which revision something was done to each config last, from one on, but that it expired;
// unless that is not known any more, or all were deleted meanwhile.
func (tx *Tx) lastChanges(from uint64) (last map[string]uint64, known bool) {
	last, known = map[string]uint64{}, tx.PastFloor() < from
	for more := known; more && known; {
		from, more = tx.Past(from, tx.Applied(), func(r PastRevision) bool {
			for _, c := range r.All {
				known = known && !c.Flush()
				if c.Events != eventExpired {
					last[c.Name] = r.Revision
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
