package store

import (
	"strconv"

	"github.com/tidwall/buntdb"
)

// source is what can be read: the database, or a layer over another source.
type source interface {
	get(key string) (value string, found bool)
	ascend(s span, visit func(key, value string) bool)
	shelf(config string) []*ended // the versions of the config at a key that are kept
}

// database is BuntDB as a source, with the index of what is in it, if there is one, and the versions that have ended.
type database struct {
	*buntdb.Tx
	index   index
	archive *archive // or nil
}

func (d database) get(key string) (string, bool) {
	if d.index != nil && indexed(key) {
		value, found := d.index[key]
		return value, found
	}
	value, err := d.Get(key)
	return value, err == nil
}

func (d database) ascend(s span, visit func(key, value string) bool) {
	// The only error is that of a transaction that has ended.
	_ = d.AscendRange("", s.from, s.to, visit)
}

func (d database) shelf(config string) []*ended {
	if d.archive == nil {
		return nil
	}
	return d.archive.shelves[config]
}

// A layer holds changes over a source, and is a source itself.
type layer struct {
	under   source
	changes changed
	flushed bool   // of what is under it only what is spared shows
	flusher int    // place in its entry of the transaction that flushed last
	expired uint64 // how many records were found expired that were deleted or written over
	noting  bool   // what is written is noted
	notes   []Change
	ending  bool // versions that end are noted
	ends    []ending

	unsettled bool      // settings of namespaces change in it
	settled   *Policies // as they are in it, or nil if nobody has asked since
	grown     tallies   // of an entry's: by how much namespaces with a quota have grown in it
}

// change is what a layer has at a key.
type change struct {
	value  string
	delete bool
	txn    int32  // place in its entry of the transaction that made it
	last   uint64 // the number of the version that ended when a client's config was deleted
}

func (l *layer) get(key string) (string, bool) {
	if c, changed := l.changes.get(key); changed {
		return c.value, !c.delete
	}
	return l.under.get(key)
}

func (l *layer) shelf(config string) []*ended { return l.under.shelf(config) }

// ascend merges the changes with what is under them.
func (l *layer) ascend(s span, visit func(key, value string) bool) {
	it := l.changes.seek(s.from)
	visiting := true
	// upTo visits the changes before a key, and tells what the layer has at the key.
	upTo := func(key string) (at change, changed bool) {
		for visiting && it.more && it.key() < key {
			if c := it.change(); !c.delete {
				visiting = visit(it.key(), c.value)
			}
			it.next()
		}
		if it.more && it.key() == key {
			at, changed = it.change(), true
			it.next()
		}
		return at, changed
	}
	l.under.ascend(s, func(key, value string) bool {
		c, changed := upTo(key)
		switch {
		case !visiting:
		case !changed:
			visiting = visit(key, value)
		case !c.delete:
			visiting = visit(key, c.value)
		}
		return visiting
	})
	upTo(s.to)
}

// write carries one write out in the layer, as a transaction of the given place,
// revision and time does.
func (l *layer) write(w Write, txn int, revision uint64, at Millis, by string) {
	key := configKey(w.Name)
	ns, _ := Split(w.Name)
	spaceKey := namespaceKey(ns)
	if ns == settingsNamespace {
		l.unsettled, l.settled = true, nil
	}
	old, found := loadRecord(l, key)
	space := loadNamespace(l, spaceKey)
	if found && !old.live(at) {
		l.expired++
	}
	switch {
	case w.Delete && !found:
		return
	case w.Delete:
		space.configs--
		last := l.end(key, old, End{revision, at, by, Deleted})
		l.changes.set(key, change{delete: true, txn: int32(txn), last: last})
		l.noted(w, old, found, Record{}, at)
	default:
		rec := Record{Value: w.Value, Version: old.Version + 1, Revision: revision, Created: at, Updated: at, Expires: w.Expires, By: by}
		if found {
			l.end(key, old, End{revision, at, by, Replaced})
		} else {
			space.configs++
			rec.Version = lastVersion(l, key) + 1
		}
		if old.live(at) {
			rec.Created = old.Created
		}
		l.changes.set(key, change{value: rec.encode(), txn: int32(txn)})
		l.noted(w, old, found, rec, at)
	}
	if n := len(l.notes); l.noting && n > 0 {
		l.notes[n-1].First = !w.Delete && !found && space.configs == 1
		l.notes[n-1].Last = w.Delete && space.configs == 0
	}
	space.revision = revision
	l.changes.set(spaceKey, change{value: space.encode(), delete: space.configs == 0, txn: int32(txn)})
}

// take makes the changes of a layer over this one its own.
func (l *layer) take(above *layer) {
	above.changes.all(func(key string, c change) bool {
		l.changes.set(key, c)
		return true
	})
	if above.unsettled {
		l.unsettled, l.settled = true, nil
	}
}

// loadRecord returns the record at a key, live or not.
func loadRecord(s source, key string) (rec Record, found bool) {
	value, found := s.get(key)
	if !found {
		return Record{}, false
	}
	return mustRecord(key, value), true
}

// loadNamespace returns what is kept of a namespace, or zeros.
func loadNamespace(s source, key string) namespace {
	value, found := s.get(key)
	if !found {
		return namespace{}
	}
	n, err := decodeNamespace(value)
	if err != nil {
		panic(damaged(key, err))
	}
	return n
}

// mustRecord decodes a record of the database. Its bytes passed a checksum, so a fault
// is damage in memory or a bug, and a damaged replica must not go on.
func mustRecord(key, value string) Record {
	rec, err := decodeRecord(value)
	if err != nil {
		panic(damaged(key, err))
	}
	return rec
}

func damaged(key string, err error) string {
	return "store: cannot read " + strconv.Quote(key) + ": " + err.Error()
}

// anyLive returns the name of the first config in a range that can be seen.
func anyLive(src source, s span, now Millis) (name string, found bool) {
	src.ascend(s, func(key, value string) bool {
		if mustRecord(key, value).live(now) {
			name, found = configName(key), true
		}
		return !found
	})
	return name, found
}

// inTheWay returns the config that keeps name from being one: an ancestor that is a
// config, or one below it, which makes it a namespace.
func inTheWay(src source, name string, now Millis) (other string, found bool) {
	for i := range len(name) {
		if name[i] != '/' {
			continue
		}
		if rec, _ := loadRecord(src, configKey(name[:i])); rec.live(now) {
			return name[:i], true
		}
	}
	in, under := within(name), below(name)
	src.ascend(span{in.from, under.to}, func(string, string) bool { // mostly there is nothing at all
		found = true
		return false
	})
	if !found {
		return "", false
	}
	if other, found = anyLive(src, in, now); found {
		return other, true
	}
	return anyLive(src, under, now)
}
