package store

import "slices"

// A flush deletes all configs of clients. There may be millions of them, so nobody writes
// down each: a layer that flushes hides what is under it, and in the end the store goes on
// with another database, into which only what was spared is copied.

// flushable spans all that a flush deletes, in the order of the keys.
var flushable = func() []span {
	c, n := clients(configs), clients(namespaces)
	return slices.Concat(c[:], n[:])
}()

// unflushable spans all that a flush leaves, in the order of the keys.
var unflushable = func() (gaps []span) {
	from := everything.from
	for _, f := range flushable {
		gaps = append(gaps, span{from, f.from})
		from = f.to
	}
	return append(gaps, span{from, everything.to})
}()

// flushed reports whether a flush deletes what stands at a key.
func flushed(key string) bool {
	return slices.ContainsFunc(flushable, func(s span) bool { return s.from <= key && key < s.to })
}

// spared is what a flush leaves of a source.
type spared struct{ source }

func (s spared) get(key string) (string, bool) {
	if flushed(key) {
		return "", false
	}
	return s.source.get(key)
}

func (s spared) ascend(in span, visit func(key, value string) bool) {
	more := true
	for _, gap := range unflushable {
		gap = span{max(gap.from, in.from), min(gap.to, in.to)}
		if more && gap.from < gap.to {
			s.source.ascend(gap, func(key, value string) bool {
				more = visit(key, value)
				return more
			})
		}
	}
}

// flush deletes what clients have, as a transaction of the given place does. What the layer
// held before is left as it was, for whoever has a copy.
func (l *layer) flush(place int) {
	if !l.flushed {
		l.under, l.flushed = spared{l.under}, true
	}
	l.flusher = place
	var left changed
	l.changes.all(func(key string, c change) bool {
		if !flushed(key) {
			left.set(key, c)
		}
		return true
	})
	l.changes = left
}

// flushAll deletes what clients have, as a transaction of the given place does. The versions end of which that
// is the end: those that the batch has made at once, the other ones in [successor.endFlushed].
func (b *batch) flushAll(place int, end End) {
	first := !b.flushed
	if first {
		b.flushing, b.before, b.keeping = end, map[string]bool{}, b.policies()
	}
	p := b.policies()
	for _, s := range clients(configs) {
		b.changes.from(s.from, func(key string, c change) bool {
			if key >= s.to {
				return false
			}
			if first {
				b.before[key] = true
			}
			if !c.delete {
				b.shelve(p, ending{key, mustRecord(key, c.value), end})
			}
			return true
		})
	}
	b.flush(place)
}

// flushes reports whether what the layer has at a key does not come from under it, because
// of a flush.
func (l *layer) flushes(key string) bool { return l.flushed && flushed(key) }

// decided reports whether what stands at a key comes from the layer itself, and from the
// transaction of which place in its entry.
func (l *layer) decided(key string) (txn int, here bool) {
	if c, changed := l.changes.get(key); changed {
		return int(c.txn), true
	}
	return l.flusher, l.flushes(key)
}

// empty reports whether the layer changes nothing.
func (l *layer) empty() bool { return l.changes.len() == 0 && !l.flushed }

// Flush deletes every config but the system's, however many there are. It reads nothing
// that the transaction would depend on. What the transaction has written before is moot.
func (tx *Tx) Flush() {
	tx.begin()
	own, places, writes, wrote, before := *tx.own, tx.places, tx.txn.Writes, tx.wrote, tx.txn.Flush
	if tx.trying > 0 {
		tx.undo = append(tx.undo, func() {
			*tx.own, tx.places, tx.txn.Writes, tx.wrote, tx.txn.Flush = own, places, writes, wrote, before
		})
	}
	tx.own.flush(0)
	tx.places, tx.txn.Writes, tx.wrote, tx.txn.Flush = nil, nil, 0, true
	for _, w := range writes {
		if !flushed(configKey(w.Name)) {
			tx.add(w)
			tx.wrote += w.size()
		}
	}
}
