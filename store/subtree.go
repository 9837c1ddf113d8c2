package store

// subtree spans the configs of clients at and below a namespace.
func subtree(ns string) []span {
	if ns == "" {
		all := clients(configs)
		return all[:]
	}
	return []span{within(ns), below(ns)}
}

// spaces spans what stands in the database for a namespace of clients and those below it.
func spaces(ns string) []span {
	if ns == "" {
		all := clients(namespaces)
		return all[:]
	}
	key := namespaceKey(ns)
	return []span{{key, key + "\x00"}, {key + "/", key + "0"}}
}

// Usage counts the configs at and below a namespace, "" for the root, and the bytes of their names and
// values, as quotas do: with those that have expired and were not removed yet. If the namespace has no
// quota, it walks over up to limit configs, behind the one named after, which is "" at the start, and
// returns where to go on, or "" at the end. It guards nothing.
func (tx *Tx) Usage(ns, after string, limit int) (keys, bytes int, next string) {
	if n, counted := tx.store.tallies[ns]; counted && tx.view && after == "" {
		return n.keys, n.bytes, ""
	}
	from, last := "", ""
	if after != "" {
		from = configKey(after) + "\x00"
	}
	var sum tally
	for _, s := range subtree(ns) {
		if s.from = max(s.from, from); next != "" || s.from >= s.to {
			continue
		}
		tx.src.ascend(s, func(key, value string) bool {
			if sum.keys == limit {
				next = last
				return false
			}
			sum, last = sum.plus(tallyOf(key, value), +1), configName(key)
			return true
		})
	}
	return sum.keys, sum.bytes, next
}

// AnyBelow returns the name of one of the configs at and below a namespace, "" for the root.
func (tx *Tx) AnyBelow(ns string) (name string, found bool) {
	for _, s := range subtree(ns) {
		if name, found = anyLive(tx.src, s, tx.now); found {
			tx.Get(name)
			break
		}
	}
	return name, found
}

// DeleteBelow deletes the configs at and below a namespace, "" for the root, and returns how many. The
// transaction depends on which there are in the namespaces that have some.
func (tx *Tx) DeleteBelow(ns string) int {
	var names []string
	size := 0
	for _, s := range subtree(ns) {
		tx.src.ascend(s, func(key, value string) bool {
			if mustRecord(key, value).live(tx.now) {
				names = append(names, configName(key))
				size += len(key)
			}
			return size <= 2*MaxTxn // that is too much anyway
		})
	}
	for _, name := range names {
		in, _ := Split(name)
		tx.guardNamespace(in)
		tx.write(Write{Name: name, Delete: true})
	}
	return len(names)
}
