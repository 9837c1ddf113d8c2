package store

import "strings"

// An Item is a config as its namespace lists it.
type Item struct {
	Key string
	Record
}

// List returns the configs directly in a namespace, which is "" for the root, in the
// order of their keys.
func (tx *Tx) List(ns string) []Item {
	tx.guardNamespace(ns)
	var items []Item
	s := within(ns)
	tx.src.ascend(s, func(key, value string) bool {
		if rec := mustRecord(key, value); rec.live(tx.now) {
			items = append(items, Item{key[len(s.from):], rec})
		}
		return true
	})
	return items
}

// Names pages through all configs but the system's, in an order of the store's own: it
// visits up to limit of them behind the one named after, which is "" at the start, and
// returns where to go on, or "" at the end. Nothing that it shows is guarded: a walk over
// everything would conflict with every write.
func (tx *Tx) Names(after string, limit int, visit func(name string, rec Record)) (next string) {
	from := configs
	if after != "" {
		from = configKey(after) + "\x00"
	}
	last := ""
	tx.walk(configs, from, func(key, value string) bool {
		if limit == 0 {
			next = last
			return false
		}
		if rec := mustRecord(key, value); rec.live(tx.now) {
			last = configName(key)
			visit(last, rec)
			limit--
		}
		return true
	})
	return next
}

// Namespaces pages through the namespaces that have configs of their own as
// [Tx.Names] does through configs. The root is shown as "/".
func (tx *Tx) Namespaces(after string, limit int, visit func(ns string)) (next string) {
	from := namespaces
	if after != "" {
		from = namespaceKey(strings.TrimPrefix(after, "/")) + "\x00"
	}
	last := ""
	tx.walk(namespaces, from, func(key, _ string) bool {
		if limit == 0 {
			next = last
			return false
		}
		if _, found := anyLive(tx.src, within(key[1:]), tx.now); found {
			if last = key[1:]; last == "" {
				last = "/"
			}
			visit(last)
			limit--
		}
		return true
	})
	return next
}

// Count returns how many configs there are, the system's not counted. It walks over what is
// written in its entry and by itself, not over the configs.
func (tx *Tx) Count() int { return tx.count(tx.src) }

func (tx *Tx) count(src source) (n int) {
	l, changes := src.(*layer)
	if !changes {
		return tx.store.totals.configs - tx.store.expiries.clients.passed(tx.now)
	}
	if !l.flushed {
		n = tx.count(l.under)
	}
	for _, s := range clients(configs) {
		l.changes.Ascend(s.from, func(key string, c change) bool {
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

// walk visits the keys of a kind from a key on, the system's left out.
func (tx *Tx) walk(kind, from string, visit func(key, value string) bool) {
	more := true
	for _, s := range clients(kind) {
		if s.from = max(s.from, from); more && s.from < s.to {
			tx.src.ascend(s, func(key, value string) bool {
				more = visit(key, value)
				return more
			})
		}
	}
}
