package store

import "strings"

// An Item is a config as its namespace lists it.
type Item struct {
	Key string
	Record
}

// List returns the configs directly in a namespace, which is "" for the root, in the
// order of their keys.
func (tx *Tx) List(ns string) (items []Item) {
	tx.Items(ns, "", -1, func(item Item) { items = append(items, item) })
	return items
}

// Items pages through the configs directly in a namespace, which is "" for the root, in the
// order of their keys: it visits up to limit of them, if that is not negative, behind the key
// after, which is "" at the start, and returns where to go on, or "" at the end.
func (tx *Tx) Items(ns, after string, limit int, visit func(Item)) (next string) {
	tx.guardNamespace(ns)
	return tx.items(ns, after, limit, visit)
}

// Roots pages through the configs of the root as [Tx.Items] does, and guards as little as
// [Tx.Names].
func (tx *Tx) Roots(after string, limit int, visit func(name string)) (next string) {
	return tx.items("", after, limit, func(item Item) { visit(item.Key) })
}

func (tx *Tx) items(ns, after string, limit int, visit func(Item)) (next string) {
	s := within(ns)
	prefix := len(s.from)
	if after != "" {
		s.from += after + "\x00"
	}
	last := ""
	tx.src.ascend(s, func(key, value string) bool {
		if limit == 0 {
			next = last
			return false
		}
		if rec := mustRecord(key, value); rec.live(tx.now) {
			last = key[prefix:]
			visit(Item{last, rec})
			limit--
		}
		return true
	})
	return next
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
