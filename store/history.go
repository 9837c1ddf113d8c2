package store

import (
	"cmp"
	"encoding/binary"
	"strconv"
	"strings"

	"confman/validate"

	"github.com/tidwall/btree"
)

// What a config was before is kept: whenever one is written over, deleted, expires or is flushed, the
// version that ends is written down, in a record of its own that never changes. Nothing is written down of a
// time at which there was no config: that is the gap between the end of one version and the next one, which goes on
// counting. Like the past, all of that is a part of the state, and what is dropped depends on nothing but the log.

// DefaultHistoryBytes bounds how much the versions that are kept come to, in bytes of memory with values as if they were
// not compressed, unless the cluster has agreed on something else.
const DefaultHistoryBytes = 256 << 20

// An ended is where a version stands, and when it ended.
type ended struct {
	revision uint64
	key      string
}

// An archive sums up the versions that are kept.
type archive struct {
	order *btree.BTreeG[ended] // the ones that ended first are the first to go
	floor moment               // everything that is not kept ended then at the latest, but for what KEEP and AGE have dropped
	bytes int                  // their weights
	hash  uint64               // sum of the hashes of the records, compressed values left out

	forked bool   // the order is another archive's, which does not know of the moves yet
	moves  []pass // what is still to be done to the order
	more   int    // by how many versions the moves make it longer
}

// A pass puts a version into the order or, for sign -1, takes it out.
type pass struct {
	ended
	sign int
}

// A moment is a revision, and the time that it carried.
type moment struct {
	revision uint64
	at       Millis
}

func newArchive() archive {
	return archive{order: btree.NewBTreeGOptions(func(a, b ended) bool {
		return cmp.Or(cmp.Compare(a.revision, b.revision), cmp.Compare(a.key, b.key)) < 0
	}, btree.Options{NoLocks: true})}
}

// fork returns an archive that changes by itself. The order stays as it is until either is settled or the fork
// has to look at it, which is seldom: a copy of it costs more than all that an entry does to it.
func (a archive) fork() archive {
	a.forked = true
	return a
}

// own gives a fork an order of its own.
func (a *archive) own() {
	if a.forked {
		a.order = a.order.Copy()
		a.settle()
	}
}

// settle does to the order what is still to be done. The archive that it was of is no more.
func (a *archive) settle() {
	a.forked = false
	for _, p := range a.moves {
		a.move(p)
	}
	a.moves, a.more = nil, 0
}

// move puts a version into the order, or takes it out: now or, in a fork, later.
func (a *archive) move(p pass) {
	switch {
	case a.forked:
		a.moves, a.more = append(a.moves, p), a.more+p.sign
	case p.sign > 0:
		a.order.Set(p.ended)
	default:
		a.order.Delete(p.ended)
	}
}

// len returns how many versions are kept.
func (a archive) len() int { return a.order.Len() + a.more }

// follow takes account of a record that was written, or for sign -1 is one no longer.
func (a *archive) follow(key, value string, sign int) {
	if key == versions {
		a.hash += uint64(sign) * hashOf(key, value)
		return
	}
	h := mustHead(key, value)
	a.bytes += sign * h.weight(key)
	a.hash += uint64(sign) * hashOf(key, value[:h.length])
	a.move(pass{ended{h.End.Revision, key}, sign})
}

// load takes account of a record that was loaded.
func (a *archive) load(key, value string) (err error) {
	if key == versions {
		a.floor, err = decodeMoment(value)
	} else if _, _, err = splitVersion(key); err == nil {
		_, err = decodeVersion(value)
	}
	if err == nil {
		a.follow(key, value, +1)
	}
	return err
}

func (m moment) encode() string {
	return string(binary.AppendUvarint(binary.AppendUvarint([]byte{recordFormat}, m.revision), uint64(m.at)))
}

func decodeMoment(s string) (moment, error) {
	d, err := opened(s, recordFormat)
	if err != nil {
		return moment{}, err
	}
	return moment{d.uint(), d.millis()}, d.end()
}

// take takes account of what a layer changes over what is under it. A version ends once, and numbers go on counting
// from the latest one that is kept, so where the layer writes one down there is none under it.
func (a *archive) take(l *layer) {
	l.changes.Ascend(versions, func(key string, c change) bool {
		if key >= versionsEnd {
			return false
		}
		if !c.delete {
			a.follow(key, c.value, +1)
		} else if old, found := l.under.get(key); found {
			a.follow(key, old, -1)
		}
		return true
	})
}

// forgotten is how many versions, and how many records of what has changed, one entry drops at most, beside as many as it
// adds: a bound that is lowered by much is come to in steps, so that nobody waits for it.
const forgotten = 10_000

// forget drops the versions that ended first while they come to more than a limit, but no more than so many.
func (l *layer) forget(a *archive, limit, most int) {
	floor := a.floor
	if a.bytes > limit {
		a.own()
	}
	for ; a.bytes > limit && most > 0; most-- {
		oldest, _ := a.order.Min()
		value, _ := l.get(oldest.key)
		end := mustHead(oldest.key, value).End
		a.follow(oldest.key, value, -1)
		l.changes.Set(oldest.key, change{delete: true})
		a.floor = moment{max(a.floor.revision, end.Revision), max(a.floor.at, end.At)}
	}
	if a.floor == floor {
		return
	}
	if old, found := l.get(versions); found {
		a.follow(versions, old, -1)
	}
	l.changes.Set(versions, change{value: a.floor.encode()})
	a.follow(versions, a.floor.encode(), +1)
}

// A keeper tells of the config at a key how many of its versions are kept, and for how long after they
// have ended; for ever if that is zero.
type keeper func(key string) (keep uint64, age Millis)

// end writes down that the version of a config which a layer has at a key ends, unless it is the system's, and
// drops the ones of that config that are too many or too old.
func (l *layer) end(key string, old Record, end End, txn int) {
	if l.keep == nil || systemKey(key) {
		return
	}
	at := end.At
	if !old.live(at) {
		end.At, end.How = old.Expires, Expired
	}
	v := Version{old, end}
	l.changes.Set(versionKey(key, old.Version), change{value: v.encode(), txn: txn})
	keep, age := l.keep(key)
	awaits, _ := hidden(l, key)
	for n := old.Version; n > keep; n-- {
		if _, kept := l.get(versionKey(key, n-keep)); !kept && n-keep != awaits.Version {
			break
		}
		l.changes.Set(versionKey(key, n-keep), change{delete: true, txn: txn})
	}
	if age > 0 {
		l.dropOlder(key, old.Version, at-age, txn)
		if awaits.Version > 0 && awaits.Version != old.Version && awaits.Expires != 0 && awaits.Expires < at-age {
			l.changes.Set(versionKey(key, awaits.Version), change{delete: true, txn: txn})
		}
	}
}

// dropOlder drops the versions of a config that ended before a time, but for the last one: whoever asks what
// the config was before must be told that this is forgotten, and not that there was none.
func (l *layer) dropOlder(config string, last uint64, than Millis, txn int) {
	var old []string
	l.ascend(versionsOf(config), func(key, value string) bool {
		if key == versionKey(config, last) || mustHead(key, value).End.At >= than {
			return false
		}
		old = append(old, key)
		return true
	})
	for _, key := range old {
		l.changes.Set(key, change{delete: true, txn: txn})
	}
}

// lastVersion returns the number of the latest version of the config at a key that has ended and is kept, or
// zero.
func lastVersion(src source, config string) (number uint64) {
	src.ascend(versionsOf(config), func(key, _ string) bool {
		_, number, _ = splitVersion(key)
		return true
	})
	awaits, _ := hidden(src, config)
	return max(number, awaits.Version)
}

// hidden returns the version of a config that a flush hides, whose end is not written down yet. What the batch had
// changed before the flush is not hidden: its end is.
func hidden(src source, config string) (rec Record, found bool) {
	switch s := src.(type) {
	case *batch:
		if !s.before[config] {
			return hidden(s.under, config)
		}
	case *layer:
		return hidden(s.under, config)
	case spared:
		if !flushed(config) {
			break
		}
		if rec, found = loadRecord(s.source, config); !found {
			return hidden(s.source, config)
		}
	}
	return rec, found
}

// historyBytes names the system's config that bounds what is kept, for all nodes.
const historyBytes = validate.System + "/settings/history-bytes"

// historyBytes returns how many bytes of versions are kept, as the entries of the batch so far have left it.
func (b *batch) historyBytes() int { return b.agreed(historyBytes, DefaultHistoryBytes) }

// agreed returns a number that all nodes have agreed on, or what it is otherwise.
func (b *batch) agreed(name string, otherwise int) int {
	rec, _ := loadRecord(b, configKey(name))
	if n, err := strconv.Atoi(rec.Value); err == nil && n >= 0 {
		return n
	}
	return otherwise
}

// keeper tells what is kept of a config.
func (b *batch) keeper(key string) (keep uint64, age Millis) { return b.policies().kept(key) }

// kept returns how many versions of the config at a key are kept, and for how long after they have ended, which is for
// ever if that is zero.
func (p *Policies) kept(key string) (keep uint64, age Millis) {
	keep = DefaultKeep
	ns, _, _ := strings.Cut(key[1:], "\x00")
	p.ascend(ns, func(_ string, own Settings) {
		keep, age = cmp.Or(own.Keep, keep), cmp.Or(own.Age, age)
	})
	return keep, age
}
