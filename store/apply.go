package store

import "slices"

// Indexed is an entry and its revision: its index in the raft log, behind the store's base.
type Indexed struct {
	Index uint64
	Entry Entry
}

// An Outcome tells for each transaction of an entry the key whose guard failed, or ""
// if it was carried out. It is nil for an entry that was applied in an earlier life of
// the process, or was overtaken by a later one of its node.
type Outcome []string

// Apply carries out raft log entries: in the file first, then in memory. It is
// deterministic: what it does depends on the entries, their indexes, and the store as
// earlier entries left it. After an error, which can only come from the file, the
// store has stopped, and nothing can be applied any more. One goroutine calls it.
func (s *Store) Apply(entries []Indexed) ([]Outcome, error) {
	s.changing.Lock()
	defer s.changing.Unlock()
	outcomes := make([]Outcome, 0, len(entries))
	for len(outcomes) < len(entries) {
		some, err := s.applySome(entries[len(outcomes):])
		if err != nil {
			return nil, err
		}
		outcomes = append(outcomes, some...)
	}
	if s.file.overgrown() && s.startRewrite() != nil {
		return outcomes, s.file.stopped() // it goes on with the file that it has if it can
	}
	return outcomes, nil
}

// applySome carries out the first of some entries, in one batch: all of them, or those up to one that
// flushes, because what a flush does to history is done when its batch ends.
func (s *Store) applySome(entries []Indexed) (outcomes []Outcome, err error) {
	tallies, settles, err := s.tallyAhead(entries)
	if err != nil {
		return nil, err
	}
	b, err := s.newBatch(tallies)
	if err != nil {
		return nil, err
	}
	for len(outcomes) < len(entries) && !b.flushed {
		var outcome Outcome
		if e := entries[len(outcomes)]; e.Index > b.applied {
			outcome = b.apply(e)
		}
		outcomes = append(outcomes, outcome)
	}
	if settles {
		b.tallies = b.tallies.under(b.policies(), b)
	}
	b.end()
	if b.applied == s.applied {
		return outcomes, nil
	}
	return outcomes, s.commit(b)
}

// apply carries out one entry in the batch. The entry of no node changes nothing.
func (b *batch) apply(e Indexed) Outcome {
	b.applied = e.Index
	if e.Entry.Node == 0 {
		return nil
	}
	last, found := loadProposer(b, e.Entry.Node)
	if found && e.Entry.Seq <= last.seq {
		if e.Entry.Seq == last.seq {
			return last.outcome
		}
		return nil
	}
	b.clock = max(b.clock, e.Entry.At)
	told, kept := len(b.told), b.archive.versions
	outcome := b.carryOut(e)
	b.keep(e, b.told[told:])
	if !b.flushed {
		b.archive.close()
		b.forget(b.historyBytes(), forgotten+max(0, b.archive.versions-kept))
	}
	saveProposer(b, e.Entry.Node, proposer{e.Entry.Seq, b.clock, outcome, e.carriedOut()})
	return outcome
}

// carryOut decides over the transactions of an entry: guards speak of the store as it
// was before the entry; what a transaction saw of others in the entry, After names.
func (b *batch) carryOut(e Indexed) Outcome {
	outcome := make(Outcome, len(e.Entry.Txns))
	b.told = slices.Grow(b.told, len(e.Entry.Txns))
	for i, txn := range e.Entry.Txns {
		outcome[i] = b.failedGuard(txn)
	}
	for i, txn := range e.Entry.Txns {
		for _, j := range txn.After {
			if outcome[i] == "" {
				outcome[i] = outcome[j]
			}
		}
		if outcome[i] == "" {
			outcome[i] = b.write(txn, i, e)
		}
	}
	return outcome
}

// failedGuard returns the key of the first guard that does not hold, or "".
func (b *batch) failedGuard(txn Txn) string {
	i := slices.IndexFunc(txn.Guards, func(g Guard) bool {
		if g.Key == settingsGuard { // every write has this guard
			return b.policies().revision != g.Revision
		}
		return current(b, g.Key, b.clock) != g.Revision
	})
	if i < 0 {
		return ""
	}
	return txn.Guards[i].Key
}

// current returns the revision that a guard of this key speaks of: zero if nothing can
// be seen there.
func current(src source, key string, now Millis) uint64 {
	switch key[:min(len(key), 1)] {
	case namespaces:
		return loadNamespace(src, key).revision
	case configs:
		if rec, _ := loadRecord(src, key); rec.live(now) {
			return rec.Revision
		}
	}
	return 0
}

// write carries out a transaction's writes, unless they would make a name both config
// and namespace, or exceed a quota; then it returns the key in the way. A flush comes first and deletions come
// next, so only the state that the transaction leaves behind counts.
func (b *batch) write(txn Txn, place int, e Indexed) string {
	l := b.spare
	*l = layer{under: b, noting: true, ending: true, changes: l.changes, ends: l.ends[:0]}
	l.changes.clear()
	writeAll(l, txn, place, e.Index, b.clock)
	for _, made := range l.notes {
		if !made.Created {
			continue // it was a config already, so nothing is in the way
		}
		if other, found := inTheWay(l, made.Name, b.clock); found {
			return configKey(other)
		}
	}
	if over := b.bound(l, txn.Bounded); over != "" {
		return over
	}
	if txn.Flush {
		b.flushAll(place, End{Revision: e.Index, At: b.clock, By: txn.By, How: Flushed})
	}
	b.expired += l.expired
	b.take(l)
	if txn.Flush || len(l.notes)+len(txn.Notes) > 0 {
		b.told = append(b.told, Changes{
			Revision: e.Index, At: b.clock, Node: e.Entry.Node, Seq: e.Entry.Seq, Client: txn.Client, By: txn.By, Origin: txn.Origin,
			Notes: txn.Notes, Flush: txn.Flush, All: l.notes,
		})
	}
	return ""
}

// take makes the changes of a layer the batch's.
func (b *batch) take(l *layer) {
	if len(l.ends) > 0 {
		p := b.policies()
		for _, e := range l.ends {
			b.shelve(p, e)
		}
	}
	b.layer.take(l)
}

// shelve writes down that a version has ended, under policies: behind the one before it, if a flush has hidden that.
func (b *batch) shelve(p *Policies, e ending) {
	if rec, found := hidden(b, e.config); found {
		b.shelveHidden(e.config, rec)
		b.before[e.config] = true
	}
	keep, age := p.kept(e.config)
	b.archive.end(e, keep, age)
}

// shelveHidden writes down the end of a version that a flush has hidden.
func (b *batch) shelveHidden(config string, rec Record) {
	keep, age := b.keeping.kept(config)
	b.archive.end(ending{config, rec, b.flushing}, keep, age)
}

// forget drops the versions that are too much.
func (b *batch) forget(limit, most int) {
	if floor := b.archive.forget(limit, most); floor != "" {
		b.changes.set(versions, change{value: floor})
	}
}

func (b *batch) shelf(config string) []*ended { return b.archive.shelf(config) }

// writeAll carries out all of a transaction's writes in a layer.
func writeAll(l *layer, txn Txn, place int, revision uint64, at Millis) {
	if txn.Flush {
		l.flush(place)
	}
	for _, deleting := range []bool{true, false} {
		for _, w := range txn.Writes {
			if w.Delete == deleting {
				l.write(w, place, revision, at, txn.By)
			}
		}
	}
}
