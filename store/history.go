package store

import (
	"cmp"
	"encoding/binary"
	"strconv"

	"confman/validate"

	"github.com/tidwall/btree"
)

// What a config was before is kept: whenever one is written over, deleted, expires or is flushed, the
// version that ends is written down, in a record of its own that never changes. Nothing is written down of a
// time at which there was no config: that is the gap between the end of one version and the next one, which goes on
// counting. Like the past, all of that is a part of the state, and what is dropped depends on nothing but the log.

// DefaultKeep is how many versions of each config are kept beside the one that stands, if its namespace does
// not say otherwise.
const DefaultKeep = 100

// DefaultHistoryBytes bounds how much the versions that are kept come to, in bytes of keys and uncompressed
// values, unless the cluster has agreed on something else.
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

// fork returns an archive that changes by itself.
func (a archive) fork() archive {
	a.order = a.order.Copy()
	return a
}

// follow takes account of a record that was written, or for sign -1 is one no longer.
func (a *archive) follow(key, value string, sign int) {
	if key == versions {
		a.hash += uint64(sign) * hashOf(key, value)
		return
	}
	h := mustHead(key, value)
	a.bytes += sign * h.weight(key)
	a.hash += uint64(sign) * hashOf(key, value[:h.length])
	if e := (ended{h.End.Revision, key}); sign > 0 {
		a.order.Set(e)
	} else {
		a.order.Delete(e)
	}
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

// follow has the batch's archive take account of a change that the batch is about to take over.
func (b *batch) follow(key string, c change) {
	if key[:1] != versions {
		return
	}
	if old, found := b.get(key); found {
		b.archive.follow(key, old, -1)
	}
	if !c.delete {
		b.archive.follow(key, c.value, +1)
	}
}

// forget drops the versions that ended first while there are too many.
func (b *batch) forget() {
	limit := b.historyBytes()
	for b.archive.bytes > limit {
		oldest, _ := b.archive.order.Min()
		value, _ := b.get(oldest.key)
		end := mustHead(oldest.key, value).End
		b.archive.follow(oldest.key, value, -1)
		b.changes.Set(oldest.key, change{delete: true})
		if floor := (moment{max(b.archive.floor.revision, end.Revision), max(b.archive.floor.at, end.At)}); floor != b.archive.floor {
			b.archive.floor = floor
			b.follow(versions, change{value: floor.encode()})
			b.changes.Set(versions, change{value: floor.encode()})
		}
	}
}

// A keeper tells of the config at a key how many of its versions are kept, and for how long after they
// have ended; for ever if that is zero.
type keeper func(key string) (keep uint64, age Millis)

// end writes down that the version of a config which a layer has at a key ends, unless it is the system's, and
// drops the ones of that config that are too many or too old.
func (l *layer) end(key string, old Record, how How, by string, txn int, revision uint64, at Millis) {
	if l.keep == nil || systemKey(key) {
		return
	}
	v := Version{old, End{Revision: revision, At: at, By: by, How: how}}
	if !old.live(at) {
		v.End.At, v.End.How = old.Expires, Expired
	}
	l.changes.Set(versionKey(key, old.Version), change{value: v.encode(), txn: txn})
	keep, age := l.keep(key)
	for n := old.Version; n > keep; n-- {
		if _, kept := l.get(versionKey(key, n-keep)); !kept {
			break
		}
		l.changes.Set(versionKey(key, n-keep), change{delete: true, txn: txn})
	}
	if age > 0 {
		l.dropOlder(key, old.Version, at-age, txn)
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

// endAll writes down that all configs end that a flush deletes.
func (l *layer) endAll(by string, txn int, revision uint64, at Millis) {
	if l.keep == nil {
		return
	}
	var keys []string
	var olds []Record
	for _, s := range clients(configs) {
		l.ascend(s, func(key, value string) bool {
			keys, olds = append(keys, key), append(olds, mustRecord(key, value))
			return true
		})
	}
	for i, key := range keys {
		l.end(key, olds[i], Flushed, by, txn, revision, at)
	}
}

// lastVersion returns the number of the latest version of the config at a key that has ended and is kept, or
// zero.
func lastVersion(src source, config string) (number uint64) {
	src.ascend(versionsOf(config), func(key, _ string) bool {
		_, number, _ = splitVersion(key)
		return true
	})
	return number
}

// historyBytes names the system's config that bounds what is kept, for all nodes.
const historyBytes = validate.System + "/settings/history-bytes"

// historyBytes returns how many bytes of versions are kept.
func (b *batch) historyBytes() int {
	rec, _ := loadRecord(b, configKey(historyBytes))
	n, err := strconv.Atoi(rec.Value)
	if err != nil || n < 0 {
		return DefaultHistoryBytes
	}
	return n
}

// keeper tells what is kept of a config.
func (b *batch) keeper(string) (keep uint64, age Millis) { return DefaultKeep, 0 }
