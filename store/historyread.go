package store

import (
	"errors"
	"slices"
)

// ErrForgotten says that what a config was then is not kept any more.
var ErrForgotten = errors.New("that is not kept any more")

// ErrNoVersion says that a config never had a version of that number.
var ErrNoVersion = errors.New("there is no such version")

// A Moment is a point in the store's history: behind a revision, or at a time if that is zero, or now if both are.
type Moment struct {
	Revision uint64
	At       Millis
}

// Now reports whether the moment is now.
func (m Moment) Now() bool { return m == Moment{} }

// before reports whether the moment comes before an entry of that revision and time.
func (m Moment) before(revision uint64, at Millis) bool {
	if m.Revision > 0 {
		return m.Revision < revision
	}
	return m.At < at
}

// in reports whether a version stood at the moment. One that expired and was not removed yet stood behind a
// revision, and not at a time.
func (m Moment) in(v Version) bool {
	switch {
	case m.before(v.Revision, v.Updated):
		return false
	case m.Revision == 0 && !v.live(m.At):
		return false
	}
	return v.End.How == Current || v.End.Revision == 0 || m.before(v.End.Revision, v.End.At)
}

// History visits the versions of a config that are kept, the newest first, which is the one that stands or is
// still to be removed. Like all that is told of what was, it guards nothing, and does not see what has been written
// in a transaction that is not applied yet.
func (tx *Tx) History(name string, visit func(Version) bool) { tx.history(name, visit) }

// history is [Tx.History], and returns whether there is more that is too old to be read.
func (tx *Tx) history(name string, visit func(Version) bool) (hidden bool) {
	key := configKey(name)
	db := tx.database()
	if rec, found := loadRecord(db, key); found {
		v := Version{Record: rec}
		if !rec.live(tx.now) {
			v.End = End{At: rec.Expires, How: Expired}
		}
		if !visit(v) {
			return false
		}
	}
	_, age := tx.store.policies(db).kept(key)
	for _, e := range slices.Backward(db.shelf(key)) {
		v := mustVersion(key, e.value)
		if age > 0 && v.End.At < tx.now-age {
			return true
		}
		if !visit(v) {
			return false
		}
	}
	return false
}

// Version returns the version of a config with that number. The error is [ErrForgotten] for one that there was
// and that is not kept, and otherwise [ErrNoVersion].
func (tx *Tx) Version(name string, number uint64) (v Version, err error) {
	err = ErrNoVersion
	hidden := tx.history(name, func(each Version) bool {
		switch {
		case each.Version == number:
			v, err = each, nil
		case each.Version > number && number > 0:
			err = ErrForgotten
		}
		return each.Version > number
	})
	if hidden && number > 0 {
		err = ErrForgotten
	}
	return v, err
}

// At returns what a config was at a moment, and whether there was one. It fails with [ErrForgotten] if that is not
// kept. Only of now does it see what the transaction has written, and guards it.
func (tx *Tx) At(name string, m Moment) (rec Record, found bool, err error) {
	if m.Now() {
		rec, found = tx.Get(name)
		return rec, found, nil
	}
	floor := tx.store.archive.floor
	dropped := m.before(floor.revision, floor.at)
	forgotten := dropped
	hidden := tx.history(name, func(v Version) bool {
		if m.in(v) {
			rec, found = v.Record, true
			return false
		}
		before := m.before(v.Revision, v.Updated)
		forgotten = before && (dropped || v.Version > 1)
		return before
	})
	if (forgotten || hidden) && !found {
		return Record{}, false, ErrForgotten
	}
	return rec, found, nil
}

// Known pages through the names in a namespace, which is "" for the root, that a config has or has had: those
// directly in it, or with recursive below it, too. It visits up to limit of them behind the one named after, which is
// "" at the start, in an order of the store's own, and returns where to go on, or "" at the end. It guards nothing.
func (tx *Tx) Known(ns string, recursive bool, after string, limit int, visit func(name string)) (next string) {
	spans := []span{within(ns)}
	if recursive {
		if spans = append(spans, below(ns)); ns == "" {
			all := clients(configs)
			spans = all[:]
		}
	}
	from := ""
	if after != "" {
		from = configKey(after) + "\x01"
	}
	keys := slices.Concat(tx.present(spans, from, limit+1), tx.remembered(spans, from, limit+1))
	slices.Sort(keys)
	keys = slices.Compact(keys)
	for i, key := range keys[:min(limit, len(keys))] {
		if visit(configName(key)); i == limit-1 && len(keys) > limit {
			next = configName(key)
		}
	}
	return next
}

// present returns the keys of configs in some spans, from one on: of those that there are, and that there were before the transaction
// and its entry.
func (tx *Tx) present(spans []span, from string, limit int) (keys []string) {
	keys = presentIn(tx.src, spans, from, limit)
	if _, untouched := tx.src.(database); !untouched {
		keys = append(keys, presentIn(tx.database(), spans, from, limit)...)
	}
	return keys
}

func presentIn(src source, spans []span, from string, limit int) (keys []string) {
	for _, s := range spans {
		if s.from = max(s.from, from); s.from < s.to && len(keys) < limit {
			src.ascend(s, func(key, _ string) bool {
				keys = append(keys, key)
				return len(keys) < limit
			})
		}
	}
	return keys
}

// remembered returns the keys of the configs in some spans, from one on, of which there are only versions.
func (tx *Tx) remembered(spans []span, from string, limit int) (keys []string) {
	for _, s := range spans {
		tx.store.archive.gone.Ascend(max(s.from, from), func(key string) bool {
			if key < s.to && len(keys) < limit {
				keys = append(keys, key)
				return true
			}
			return false
		})
	}
	return keys
}

// A Difference is how a config stands at two moments. One that is not there has version 0.
type Difference struct {
	Name     string
	From, To Record
}

// Change says in a word what becomes of the config.
func (d Difference) Change() string {
	switch {
	case d.From.Version == 0:
		return "added"
	case d.To.Version == 0:
		return "removed"
	}
	return "changed"
}

// Compare returns how a config stands at two moments, and whether that differs in its value or expiry. What is past its
// expiry counts as gone.
func (tx *Tx) Compare(name string, from, to Moment) (d Difference, differs bool, err error) {
	d.Name = name
	for _, side := range []struct {
		m   Moment
		rec *Record
	}{{from, &d.From}, {to, &d.To}} {
		rec, found, err := tx.At(name, side.m)
		if err != nil {
			return d, false, err
		}
		if found && rec.live(tx.now) {
			*side.rec = rec
		}
	}
	same := (d.From.Version == 0) == (d.To.Version == 0) && d.From.Value == d.To.Value && d.From.Expires == d.To.Expires
	return d, !same, nil
}

// Kept tells how much is kept of what was.
type Kept struct {
	Versions     int // of configs, beside those that stand
	VersionBytes int // of memory, with values as if they were not compressed
	AuditBytes   int // of the records of what has changed and was noted
}

// Kept tells how much the store keeps of what was.
func (s *Store) Kept() Kept {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return Kept{s.archive.versions, s.archive.bytes, s.past.bytes}
}
