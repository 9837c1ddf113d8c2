package store

import (
	"sort"

	"github.com/tidwall/btree"
)

// A Chance returns a number from 0 to below n, each as likely as the others. The store knows
// no chance of its own.
type Chance func(n int) int

// milestones are about one of each stride of the database's keys, in order. With their help
// any key is drawn as likely as any other, without a walk over all of them: one draws a
// milestone and how far to go on from there, and draws again if the next milestone comes first.
// So it does not matter that some milestones have more behind them than others.
type milestones struct{ keys btree.Set[string] }

const (
	stride = 64
	// reach is how far from a milestone is drawn. One in e^16 keys is farther from the one
	// before it and is never drawn.
	reach = 16 * stride
	// few milestones are not worth it: one walks over all that is between them.
	few = 2 * reach / stride
	// draws bounds how often one draws, until one takes the next that can be seen. Where a
	// tenth can be, it comes to that once in a million times.
	draws = 2048
)

// note takes account of a record that was written or deleted.
func (m *milestones) note(key string, there bool) {
	switch {
	case key[:1] == pasts, key[:1] == versions: // nobody draws these
	case fnv1a(key)%stride != 0:
	case there:
		m.keys.Insert(key)
	default:
		m.keys.Delete(key)
	}
}

// fnv1a is the hash of Fowler, Noll and Vo, as in hash/fnv, without a copy of the key.
func fnv1a(key string) uint32 {
	h := uint32(2166136261)
	for i := range len(key) {
		h = (h ^ uint32(key[i])) * 16777619
	}
	return h
}

// follow takes account of what a layer changes.
func (m *milestones) follow(l *layer) {
	l.changes.all(func(key string, c change) bool {
		m.note(key, !c.delete)
		return true
	})
}

// before returns how many milestones stand before a key.
func (m *milestones) before(key string) int {
	return sort.Search(m.keys.Len(), func(i int) bool {
		at, _ := m.keys.GetAt(i)
		return at >= key
	})
}

// A stretch is a span of keys with the milestones in it, which make it one gap more than
// they are.
type stretch struct {
	span
	first, inside int
}

// gap returns the gap of that number: what lies between two milestones.
func (m *milestones) gap(s stretch, n int) span {
	gap := s.span
	if n > 0 {
		gap.from, _ = m.keys.GetAt(s.first + n - 1)
	}
	if n < s.inside {
		gap.to, _ = m.keys.GetAt(s.first + n)
	}
	return gap
}

// draw returns one of the records in some spans of which seen holds, by chance.
func (tx *Tx) draw(spans []span, chance Chance, seen func(key, value string) bool) (key, value string, found bool) {
	m, gaps := tx.store.milestones, 0
	var all []stretch
	for _, s := range spans {
		first := m.before(s.from)
		all = append(all, stretch{s, first, m.before(s.to) - first})
		gaps += 1 + all[len(all)-1].inside
	}
	if gaps > few {
		for range draws {
			n := chance(gaps)
			i := 0
			for ; n > all[i].inside; i++ {
				n -= all[i].inside + 1
			}
			if key, value, found = tx.walkOn(m.gap(all[i], n), chance(reach)); found && seen(key, value) {
				return key, value, true
			}
		}
	}
	n := 0
	for _, s := range spans {
		tx.src.ascend(s, func(k, v string) bool {
			if seen(k, v) {
				if n++; chance(n) == 0 {
					key, value, found = k, v, true
				}
			}
			return true
		})
	}
	return key, value, n > 0
}

// walkOn returns the record that stands so many places behind the beginning of a span.
func (tx *Tx) walkOn(s span, places int) (key, value string, found bool) {
	tx.src.ascend(s, func(k, v string) bool {
		if places == 0 {
			key, value, found = k, v, true
		}
		places--
		return !found
	})
	return key, value, found
}

// Draw returns one of the configs directly in a namespace, which is "" for the root, by chance.
func (tx *Tx) Draw(ns string, chance Chance) (item Item, found bool) {
	tx.guardNamespace(ns)
	s := within(ns)
	key, value, found := tx.draw([]span{s}, chance, tx.seenConfig)
	if !found {
		return Item{}, false
	}
	return Item{key[len(s.from):], mustRecord(key, value)}, true
}

// DrawName returns the name of one of all configs but the system's, by chance. Like
// [Tx.Names] it guards nothing.
func (tx *Tx) DrawName(chance Chance) (name string, found bool) {
	spans := clients(configs)
	key, _, found := tx.draw(spans[:], chance, tx.seenConfig)
	if !found {
		return "", false
	}
	return configName(key), true
}

// DrawKey returns, by chance, a config of the root or another namespace that has configs of
// its own. It guards nothing.
func (tx *Tx) DrawKey(chance Chance) (name string, found bool) {
	spaces := clients(namespaces)
	key, _, found := tx.draw(append(spaces[:], within("")), chance, func(key, value string) bool {
		if key[:1] == configs {
			return tx.seenConfig(key, value)
		}
		_, live := anyLive(tx.src, within(key[1:]), tx.now)
		return live && key != namespaceKey("")
	})
	switch {
	case !found:
		return "", false
	case key[:1] == namespaces:
		return key[1:], true
	}
	return configName(key), true
}

func (tx *Tx) seenConfig(key, value string) bool { return mustRecord(key, value).live(tx.now) }
