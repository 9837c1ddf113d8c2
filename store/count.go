package store

// What is counted here is counted without a walk over it: the database's numbers are kept, less
// what has expired and was not removed yet, which is little; and what is written in an entry and
// by a transaction itself is walked over.

// Count returns how many configs there are, the system's not counted.
func (tx *Tx) Count() int {
	spans := clients(configs)
	return tx.count(tx.src, spans[:], func(source) int {
		return tx.store.totals.configs - tx.store.expiries.clients.passed(tx.now)
	})
}

// Len returns how many configs are directly in a namespace, which is "" for the root and none
// of the system's.
func (tx *Tx) Len(ns string) int {
	tx.guardNamespace(ns)
	return tx.length(ns)
}

func (tx *Tx) length(ns string) int {
	s := within(ns)
	return tx.count(tx.src, []span{s}, func(db source) int {
		n := int(loadNamespace(db, namespaceKey(ns)).configs)
		if n < tx.store.expiries.clients.passed(tx.now) { // much has expired, and nobody may remove it for long
			return countLive(db, s, tx.now)
		}
		tx.expired(func(key string) {
			if s.from <= key && key < s.to {
				n--
			}
		})
		return n
	})
}

// count returns how many configs can be seen in some spans of a source: those that the database
// has, and what the layers over it change.
func (tx *Tx) count(src source, spans []span, stored func(db source) int) (n int) {
	l, changes := src.(*layer)
	if !changes {
		return stored(src)
	}
	if !l.flushed {
		n = tx.count(l.under, spans, stored)
	}
	for _, s := range spans {
		l.changes.from(s.from, func(key string, c change) bool {
			if key >= s.to {
				return false
			}
			if old, _ := loadRecord(l.under, key); old.live(tx.now) {
				n--
			}
			if !c.delete && mustRecord(key, c.value).live(tx.now) {
				n++
			}
			return true
		})
	}
	return n
}

// countLive walks over a span of configs.
func countLive(src source, s span, now Millis) (n int) {
	src.ascend(s, func(key, value string) bool {
		if mustRecord(key, value).live(now) {
			n++
		}
		return true
	})
	return n
}

// expired visits the keys of clients' configs in the database that have expired.
func (tx *Tx) expired(visit func(key string)) {
	tx.store.expiries.clients.Scan(func(d deadline) bool {
		if tx.now < d.at {
			return false
		}
		visit(d.key)
		return true
	})
}

// CountKeys returns how many names there are if a namespace counts once, instead of its
// configs: the configs of the root, and all other namespaces that have configs of their own but
// the system's. It guards nothing.
func (tx *Tx) CountKeys() int { return tx.length("") + tx.countNamespaces() }

// countNamespaces walks over them if something is written in its entry or by the transaction.
func (tx *Tx) countNamespaces() (n int) {
	if tx.own != nil || tx.entry != nil && !tx.entry.empty() {
		tx.Namespaces("/", -1, func(string) { n++ })
		return n
	}
	n = tx.store.totals.namespaces
	seen := map[string]bool{"": true}
	tx.expired(func(key string) {
		ns, _ := Split(configName(key))
		if seen[ns] {
			return
		}
		seen[ns] = true
		if _, live := anyLive(tx.src, within(ns), tx.now); !live {
			n--
		}
	})
	return n
}
