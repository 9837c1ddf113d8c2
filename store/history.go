package store

import (
	"cmp"
	"strconv"
	"strings"

	"confman/validate"
)

// What a config was before is kept: whenever one is written over, deleted, expires or is flushed, the
// version that ends is written down, in a record of its own that never changes. Nothing is written down of a
// time at which there was no config: that is the gap between the end of one version and the next one, which goes on
// counting. Like the past, all of that is a part of the state, and what is dropped depends on nothing but the log.

// DefaultHistoryBytes bounds how much the versions that are kept come to, in bytes of memory with values as if they were
// not compressed, unless the cluster has agreed on something else.
const DefaultHistoryBytes = 256 << 20

// An ending is a version of the config at a key that has ended.
type ending struct {
	config string
	Record
	End
}

// end notes that the version of a config which a layer has at a key ends, and returns its number; zero if it is the system's, of
// which none are kept.
func (l *layer) end(key string, old Record, end End) (number uint64) {
	if systemKey(key) {
		return 0
	}
	if l.ending {
		l.ends = append(l.ends, ending{key, old, end})
	}
	return old.Version
}

// lastVersion returns the number of the latest version of the config at a key that has ended and is kept, or
// zero.
func lastVersion(src source, config string) (number uint64) {
	if l, above := src.(*layer); above {
		if c, changed := l.changes.get(config); changed && c.delete {
			return c.last
		}
		return lastVersion(l.under, config)
	}
	awaits, _ := hidden(src, config)
	return max(last(src.shelf(config)), awaits.Version)
}

// hidden returns the version of a config that a flush hides, whose end is not written down yet.
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
