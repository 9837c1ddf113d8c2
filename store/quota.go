package store

import (
	"fmt"
	"maps"
	"slices"
)

// A quota bounds what is at and below a namespace. It is checked when a transaction is evaluated, for the
// error, and when it is applied, for the truth: others may have written meanwhile.

// An excess is what a namespace would hold beyond its quota.
type excess struct {
	ns               string
	what             string // keys or bytes
	quota, had, have int
}

// exceeds returns the first quota that would be exceeded by growth beyond what there was. What does not
// grow may stay over its quota, which may have been set or lowered since.
func (p *Policies) exceeds(was func(ns string) (had tally, counts bool), grown tallies) (e excess, found bool) {
	for _, ns := range slices.Sorted(maps.Keys(grown)) {
		had, counts := was(ns)
		by, own := grown[ns], p.own[ns]
		have := had.plus(by, +1)
		switch {
		case !counts:
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
func (tx *Tx) checkQuotas(p *Policies) error {
	if !p.quotas {
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

// tallied returns what a namespace with a quota held before this transaction: nothing behind a flush.
func (tx *Tx) tallied(ns string) (held tally, counts bool) {
	if tx.own.flushed {
		return tally{}, true
	}
	if !tx.entry.flushed {
		held = tx.store.tallies[ns]
	}
	return held.plus(tx.entry.grown[ns], +1), true
}

// grow takes account of a transaction that is kept in the layer of its entry.
func (l *layer) grow(tx *Tx) {
	if l.grown == nil && len(tx.grown) > 0 || tx.txn.Flush {
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
	if bounded {
		before := b.policies()
		p := before
		if l.unsettled {
			p = loadPolicies(l)
		}
		e, found := p.exceeds(func(ns string) (held tally, counts bool) {
			if !l.flushed {
				held = b.tallies[ns]
			}
			return held, before.own[ns].bounds()
		}, grown)
		if found {
			return namespaceKey(e.ns)
		}
	}
	b.tally(l, grown)
	return ""
}
