package store

import "github.com/tidwall/buntdb"

// How much one call of [Tx.Past] looks at, so that nobody waits long for it: so many revisions, or a
// few more changes than that.
const (
	pastPage        = 1000
	pastPageChanges = 10_000
)

// Past pages through what is kept of the revisions from one to another, both included, until visit
// returns false. It looks at no more than a page of them: next is where to go on, if there is more.
// Like all that is told of the past it guards nothing, and does not see what has been written in a
// transaction that is not applied yet.
func (tx *Tx) Past(from, to uint64, visit func(PastRevision) bool) (next uint64, more bool) {
	db := tx.database()
	return pagePast(visit, func(each func(key, value string) bool) {
		if from <= to {
			_ = db.AscendGreaterOrEqual("", pastKey(from), func(key, value string) bool {
				return key <= pastKey(to) && each(key, value)
			})
		}
	})
}

// PastBackwards is [Tx.Past] from the latest of these revisions to the earliest.
func (tx *Tx) PastBackwards(from, to uint64, visit func(PastRevision) bool) (next uint64, more bool) {
	db := tx.database()
	return pagePast(visit, func(each func(key, value string) bool) {
		if from <= to {
			_ = db.DescendLessOrEqual("", pastKey(to), func(key, value string) bool {
				return key >= pastKey(from) && each(key, value)
			})
		}
	})
}

// pagePast visits the revisions of a walk, up to a page of them.
func pagePast(visit func(PastRevision) bool, walk func(each func(key, value string) bool)) (next uint64, more bool) {
	revisions, changes := 0, 0
	walk(func(key, value string) bool {
		if revisions == pastPage || changes >= pastPageChanges {
			next, more = mustRevision(key), true
			return false
		}
		r := mustPast(key, value)
		revisions, changes = revisions+1, changes+len(r.All)
		return visit(r)
	})
	return next, more
}

// database is the database under what has been written in this entry.
func (tx *Tx) database() *buntdb.Tx {
	for src := tx.src; ; {
		switch s := src.(type) {
		case database:
			return s.Tx
		case *remembering:
			return s.Tx
		case *layer:
			src = s.under
		case spared:
			src = s.source
		}
	}
}

// PastFloor returns the last revision of whose changes it cannot be told any more what they were:
// zero if all can be told that led to the configs that there are.
func (tx *Tx) PastFloor() uint64 {
	s := tx.store
	if !s.past.begun() && s.configs > 0 {
		return s.applied
	}
	return s.past.floor
}

// CountPast returns of how many changes it can be told what they were.
func (tx *Tx) CountPast() int { return tx.store.past.changes }

// LastPast returns the latest revision that has changed a config, and zero if that is not known.
func (tx *Tx) LastPast() uint64 { return tx.store.past.last }

// Applied returns the revision that the store has applied last.
func (tx *Tx) Applied() uint64 { return tx.store.applied }
