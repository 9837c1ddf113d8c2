package store

import (
	"maps"
	"strings"
)

// What is at and below a namespace that has a quota is counted once, when the quota is set or the state is
// loaded, and from then on goes along with what changes: a tally is no part of the state, but follows
// from it.

// A tally is how many configs there are, expired ones that nobody has removed yet included, and how
// many bytes their names and values take.
type tally struct{ keys, bytes int }

// tallies are those of all namespaces that have a quota, or how much they have grown. A map that others
// may have is not changed any more.
type tallies map[string]tally

// tallyOf returns the tally of one config, by what stands in the database.
func tallyOf(key, value string) tally {
	name := len(key) - 1 // a slash takes the place of the NUL
	if key[1] == 0 {
		name--
	}
	return tally{1, name + len(mustRecord(key, value).Value)}
}

func (t tally) plus(n tally, sign int) tally {
	return tally{t.keys + sign*n.keys, t.bytes + sign*n.bytes}
}

// tallyBelow walks over what is at and below a namespace.
func tallyBelow(src source, ns string) (sum tally) {
	for _, s := range subtree(ns) {
		src.ascend(s, func(key, value string) bool {
			sum = sum.plus(tallyOf(key, value), +1)
			return true
		})
	}
	return sum
}

// under returns the tallies of the namespaces that have a quota under policies. Those that are not among
// the given ones it counts.
func (t tallies) under(p *Policies, src source) tallies {
	if !p.quotas {
		return nil
	}
	all := tallies{}
	for ns, own := range p.own {
		if !own.bounds() {
			continue
		}
		n, known := t[ns]
		if !known {
			n = tallyBelow(src, ns)
		}
		all[ns] = n
	}
	return all
}

// tallyAhead returns the tallies with those of all namespaces that entries may set a quota of, and
// whether they change settings at all. What there is before the entries is counted a page at a time, so
// that nobody who reads waits for it.
func (s *Store) tallyAhead(entries []Indexed) (all tallies, settles bool, err error) {
	all = s.tallies
	for _, e := range entries {
		for _, txn := range e.Entry.Txns {
			for _, w := range txn.Writes {
				ns, own, some := w.settings()
				settles = settles || some
				if _, known := all[ns]; known || !own.bounds() {
					continue
				}
				if len(all) == len(s.tallies) {
					all = maps.Clone(all)
				}
				if all == nil {
					all = tallies{}
				}
				if all[ns], err = s.tallyBelow(ns); err != nil {
					return nil, false, err
				}
			}
		}
	}
	return all, settles, nil
}

func (s *Store) tallyBelow(ns string) (sum tally, err error) {
	for after, more := "", true; more && err == nil; more = after != "" {
		err = s.View(0, func(tx *Tx) error {
			var page tally
			page.keys, page.bytes, after = tx.Usage(ns, after, pageRecords)
			sum = sum.plus(page, +1)
			return nil
		})
	}
	return sum, err
}

// growth returns by how much those that have a tally grow by what a layer changes of what is under it.
func (t tallies) growth(l *layer) tallies {
	if len(t) == 0 {
		return nil
	}
	var grown tallies
	l.changes.all(func(key string, c change) bool {
		if key[:1] != configs || systemKey(key) {
			return true
		}
		var by tally
		if old, found := l.under.get(key); found {
			by = by.plus(tallyOf(key, old), -1)
		}
		if !c.delete {
			by = by.plus(tallyOf(key, c.value), +1)
		}
		if by != (tally{}) {
			if grown == nil {
				grown = tallies{}
			}
			t.grow(grown, key, by)
		}
		return true
	})
	return grown
}

// grow adds what a config has grown by to the growth of the namespaces above it that have a tally.
func (t tallies) grow(grown tallies, key string, by tally) {
	ns, _, _ := strings.Cut(key[1:], "\x00")
	for at := range path(ns) {
		if _, tallied := t[at]; tallied {
			grown[at] = grown[at].plus(by, +1)
		}
	}
}

// tally adds what has grown to the tallies. The batch makes them its own first.
func (b *batch) tally(l *layer, grown tallies) {
	if len(grown) == 0 && !l.flushed {
		return
	}
	if !b.tallying {
		b.tallies, b.tallying = maps.Clone(b.tallies), true
	}
	if l.flushed {
		for ns := range b.tallies {
			b.tallies[ns] = tally{}
		}
	}
	for ns, by := range grown {
		b.tallies[ns] = b.tallies[ns].plus(by, +1)
	}
}
