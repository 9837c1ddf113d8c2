package store

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// A quota bounds what is at and below a namespace. What there is, is counted once, when the quota is
// set or the state is loaded, and from then on goes along with what changes: a tally is no part of the
// state, but follows from it.

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

// under returns the tallies as they are under policies: of namespaces that had no quota before it counts
// what there is.
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

// growth returns by how much those that have a tally grow by what a layer changes of what is under it.
func (t tallies) growth(l *layer) tallies {
	if len(t) == 0 {
		return nil
	}
	grown := tallies{}
	for _, s := range clients(configs) {
		l.changes.Ascend(s.from, func(key string, c change) bool {
			if key >= s.to {
				return false
			}
			var by tally
			if old, found := l.under.get(key); found {
				by = by.plus(tallyOf(key, old), -1)
			}
			if !c.delete {
				by = by.plus(tallyOf(key, c.value), +1)
			}
			if by != (tally{}) {
				t.grow(grown, key, by)
			}
			return true
		})
	}
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

// An excess is what a namespace would hold beyond its quota.
type excess struct {
	ns               string
	what             string // keys or bytes
	quota, had, have int
}

// exceeds returns the first quota that would be exceeded by growth beyond what there was. What does not
// grow may stay over its quota, which may have been set or lowered since.
func (p *Policies) exceeds(was func(ns string) tally, grown tallies) (e excess, found bool) {
	for _, ns := range slices.Sorted(maps.Keys(grown)) {
		had, by, own := was(ns), grown[ns], p.own[ns]
		have := had.plus(by, +1)
		switch {
		case own.MaxKeys > 0 && by.keys > 0 && uint64(have.keys) > own.MaxKeys:
			return excess{ns, "keys", int(own.MaxKeys), had.keys, have.keys}, true
		case own.MaxBytes > 0 && by.bytes > 0 && uint64(have.bytes) > own.MaxBytes:
			return excess{ns, "bytes", int(own.MaxBytes), had.bytes, have.bytes}, true
		}
	}
	return excess{}, false
}

func (e excess) refused() error {
	return &RefusedError{Name: e.ns, Code: "OOM", Text: fmt.Sprintf(
		"namespace %s is at its quota of %d %s: it holds %d, and this would make it %d; delete some, or raise the quota with NS SET %[1]s QUOTA keys bytes",
		title(e.ns), e.quota, e.what, e.had, e.have)}
}

// title is how people write a namespace.
func title(ns string) string {
	if ns == "" {
		return "/"
	}
	return ns
}

// checkQuotas checks that nothing grows beyond its quota, and has that checked again when the transaction
// is applied: others may have written meanwhile. A quota that is set on the way counts from then on.
// Nobody checks a rollback: what comes back was there before.
func (tx *Tx) checkQuotas(p *Policies) error {
	if !p.quotas || len(tx.txn.Rollbacks) > 0 {
		return nil
	}
	tx.grown = tx.store.tallies.growth(tx.own)
	if e, found := p.exceeds(tx.tallied, tx.grown); found {
		return e.refused()
	}
	tx.txn.Bounded = tx.own.unsettled || tx.entry.unsettled
	for _, by := range tx.grown {
		tx.txn.Bounded = tx.txn.Bounded || by.keys > 0 || by.bytes > 0
	}
	return nil
}

// tallied returns what a namespace with a quota held before this transaction.
func (tx *Tx) tallied(ns string) (held tally) {
	if !tx.entry.flushed && !tx.own.flushed {
		held = tx.store.tallies[ns]
	}
	if tx.own.flushed {
		return held
	}
	return held.plus(tx.entry.grown[ns], +1)
}

// grow takes account of a transaction that is kept in the layer of its entry.
func (l *layer) grow(tx *Tx) {
	if l.grown == nil || tx.txn.Flush {
		l.grown = tallies{}
	}
	for ns, by := range tx.grown {
		l.grown[ns] = l.grown[ns].plus(by, +1)
	}
}

// bound takes account of what a transaction's layer makes of the tallies. If that is more than a quota
// allows, nothing happens, and it returns the key of the namespace.
func (b *batch) bound(l *layer, bounded bool) (over string) {
	if len(b.tallies) == 0 {
		return ""
	}
	grown := b.tallies.growth(l)
	was := func(ns string) (held tally) {
		if !l.flushed {
			held = b.tallies[ns]
		}
		return held
	}
	if bounded {
		p := b.policies()
		if l.unsettled {
			p = loadPolicies(l)
		}
		if e, found := p.exceeds(was, grown); found {
			return namespaceKey(e.ns)
		}
	}
	b.tally(l, grown)
	return ""
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

// settle takes account of what a transaction that went through has made of the settings.
func (b *batch) settle(l *layer) {
	if l.unsettled {
		b.unsettled, b.settled = true, nil
		b.tallies = b.tallies.under(b.policies(), b)
	}
}
