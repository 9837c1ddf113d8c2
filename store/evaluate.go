package store

import "github.com/tidwall/buntdb"

// An Update is a function to evaluate, and on whose behalf.
type Update struct {
	By string
	Do func(*Tx) error
}

// Evaluate runs updates over the data, each on top of those before it, and hands each
// one's transaction to keep. An update that ends in an error keeps its guards, so that
// the error can be checked like any other answer, and loses its writes. What keep refuses
// leaves nothing for the updates after it to see. Behind a transaction that has to be confirmed nothing shares
// its entry: the other updates are not evaluated, and end in [ErrNextEntry]. Evaluate itself changes nothing.
func (s *Store) Evaluate(now Millis, updates []Update, keep func(i int, txn Txn, err error) bool) error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.db.View(func(db *buntdb.Tx) error {
		now := max(now, s.clock)
		entry := &layer{under: s.in(db), settled: s.policies(s.in(db))}
		kept, last := 0, false
		var tx Tx // one after the other
		for i, u := range updates {
			if last {
				keep(i, Txn{}, ErrNextEntry)
				continue
			}
			tx = Tx{src: entry, entry: entry, number: kept, now: now, store: s, txn: Txn{By: u.By}, spare: tx.spare}
			err := tx.evaluate(u)
			if keep(i, tx.txn, err) {
				tx.leave()
				entry.grow(&tx)
				kept++
				last = tx.txn.awaits()
			}
		}
		return nil
	})
}

// leave leaves what a transaction has written to those behind it in its entry.
func (tx *Tx) leave() {
	switch {
	case tx.own == nil:
	case tx.again || tx.txn.Flush: // its layer holds steps that the entry will not take
		writeAll(tx.entry, tx.txn, tx.number, Pending, tx.now)
	default:
		tx.entry.take(tx.own)
	}
}

// evaluate runs one update.
func (tx *Tx) evaluate(u Update) error {
	err := u.Do(tx)
	if err == nil {
		err = tx.check()
	}
	if err == nil {
		err = tx.await()
	}
	if tx.full { // what it depends on would be too much for an entry, too
		*tx = Tx{}
		return ErrTooLarge
	}
	if err != nil {
		tx.own, tx.txn.Writes, tx.txn.Notes, tx.grown = nil, nil, nil, nil
		tx.txn.Flush, tx.txn.Bounded = false, false
	}
	return err
}
