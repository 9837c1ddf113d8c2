package store

import "encoding/json"

// The settings of namespaces are wanted for every write and hardly ever change. So they are read once,
// and kept in the store by the revision of the namespace that they stand in; a layer in which they
// change knows that.

// Policies returns the settings of all namespaces. Whatever changes any of them makes the transaction
// run again: it is one guard, whatever is asked of them.
func (tx *Tx) Policies() *Policies {
	tx.guardSettings()
	switch {
	case tx.own != nil && tx.own.unsettled:
		return loadPolicies(tx.own)
	case tx.entry != nil:
		return tx.entry.policies(tx.entry)
	}
	return tx.store.policies(tx.src)
}

// guardSettings notes that the transaction depends on all settings. It is what [Tx.guardNamespace]
// does, for next to nothing: every write comes here.
func (tx *Tx) guardSettings() {
	if tx.view || tx.governed {
		return
	}
	tx.governed = true
	if !tx.entry.unsettled {
		tx.depend(Guard{settingsGuard, tx.entry.settled.revision})
		return
	}
	tx.depend(Guard{settingsGuard, loadNamespace(tx.entry.under, settingsGuard).revision})
	s := within(settingsNamespace)
	tx.entry.changes.from(s.from, func(key string, c change) bool {
		if key < s.to {
			tx.after(int(c.txn))
		}
		return key < s.to
	})
}

// SetSettings says what a namespace, "" for the root, has been told about itself from now on. Settings
// that say nothing are deleted.
func (tx *Tx) SetSettings(ns string, s Settings) error {
	if s.zero() {
		tx.DeleteSettings(ns)
		return nil
	}
	value, err := json.Marshal(s)
	if err != nil {
		return err
	}
	return tx.Set(settingsName(ns), string(value), 0)
}

// DeleteSettings makes a namespace, "" for the root, forget what it has been told about itself, and
// reports whether there was anything.
func (tx *Tx) DeleteSettings(ns string) bool { return tx.Delete(settingsName(ns)) }

// policies returns the settings in a source in which they are those of the store.
func (s *Store) policies(src source) *Policies {
	revision := loadNamespace(src, settingsGuard).revision
	if p := s.settled.Load(); p != nil && p.revision == revision {
		return p
	}
	p := loadPolicies(src)
	s.settled.Store(p)
	return p
}

// policies returns the settings as they are in the layer, which is a source as it stands.
func (l *layer) policies(src source) *Policies {
	if l.settled == nil {
		l.settled = loadPolicies(src)
	}
	return l.settled
}

// policies returns the settings as the entries of the batch so far have left them.
func (b *batch) policies() *Policies { return b.layer.policies(b) }
