package store

import "slices"

// A Tx is the view of the data in which commands run. It sees the data of this node
// and its own writes. It may run more than once before it commits, so nothing in it
// may have an effect but through the Tx.
type Tx struct {
	src    source // the database, under what this entry and this Tx have written
	entry  *layer // what the transactions before this one in its entry wrote, or nil
	number int    // of this one in its entry
	own    *layer // what this one wrote, or nil
	spare  *layer // of which the next one may make its own, or nil
	again  bool   // it wrote to some name more than once
	now    Millis
	store  *Store // whose lock is held
	view   bool   // nothing will be committed, so nothing need be guarded
	txn    Txn
	seen   map[string]bool // keys that have their guards
	places map[string]int  // where in txn.Writes a name stands; nil while they are few
	undo   []func()        // takes back what a Try has written, in reverse
	trying int             // how many of them are running
	wrote  int             // bytes of names and values in txn.Writes
	read   int             // bytes of txn.Guards
	sets   string          // what it is to set a config from now on, in Redis's words, or ""
	gone   string          // what it is to delete one
	until  Millis          // when it is taken back unless it is confirmed; zero if it stays
	full   bool            // it has come to more than a transaction may, and fails

	governed  bool // the settings of namespaces have their guard
	forced    bool // see [Tx.Force]
	unchecked bool // see [Tx.Unchecked]
	grown     tallies
}

// Now is the time that this transaction carries.
func (tx *Tx) Now() Millis { return tx.now }

// As names what it is from now on to set a config, and to delete one, in Redis's words, such as
// "incrby" or "rename_from". It is "" where that is no more than "set" and "del".
func (tx *Tx) As(set, del string) { tx.sets, tx.gone = set, del }

// From names the client that the transaction comes from, for who watches this node's store.
func (tx *Tx) From(client uint64) { tx.txn.Client = client }

// Get returns the config of that name, and whether there is one.
func (tx *Tx) Get(name string) (Record, bool) {
	key := configKey(name)
	rec, _ := loadRecord(tx.src, key)
	live := rec.live(tx.now)
	if !live {
		rec = Record{}
	}
	tx.guard(key, rec.Revision)
	return rec, live
}

// IsNamespace reports whether there are configs directly in a namespace.
func (tx *Tx) IsNamespace(name string) bool {
	tx.guardNamespace(name)
	_, found := anyLive(tx.src, within(name), tx.now)
	return found
}

// Set writes a config; expires is zero for one that stays. It fails with a [KindError]
// if the name is a namespace, or a part of it a config. It reads nothing that the
// transaction would depend on.
func (tx *Tx) Set(name, value string, expires Millis) error {
	if tx.full {
		return nil // what is in the way does not matter any more
	}
	if rec, _ := loadRecord(tx.src, configKey(name)); !rec.live(tx.now) {
		if other, found := inTheWay(tx.src, name, tx.now); found {
			tx.Get(other) // the error depends on it
			return &KindError{Name: name, InTheWay: other}
		}
	}
	tx.write(Write{Name: name, Value: value, Expires: expires})
	return nil
}

// Delete removes a config and reports whether there was one.
func (tx *Tx) Delete(name string) bool {
	if _, found := tx.Get(name); !found || tx.full {
		return false
	}
	tx.write(Write{Name: name, Delete: true})
	return true
}

// Revision returns the revision of the config of that name, or that of the last write in
// the namespace of that name ("/" is the root), or zero if the name is neither.
func (tx *Tx) Revision(name string) uint64 {
	if name == "/" {
		name = ""
	} else if rec, found := tx.Get(name); found {
		return rec.Revision
	}
	tx.guardNamespace(name)
	return loadNamespace(tx.src, namespaceKey(name)).revision
}

// Expect fails with [ErrChanged] unless [Tx.Revision] is the given one.
func (tx *Tx) Expect(name string, revision uint64) error {
	if tx.Revision(name) != revision {
		return ErrChanged
	}
	return nil
}

// Try runs do, and takes back what it wrote if it fails.
func (tx *Tx) Try(do func() error) error {
	mark := len(tx.undo)
	tx.trying++
	err := do()
	for err != nil && len(tx.undo) > mark {
		last := len(tx.undo) - 1
		tx.undo[last]()
		tx.undo = tx.undo[:last]
	}
	if tx.trying--; tx.trying == 0 {
		tx.undo = nil
	}
	return err
}

// takeBack returns what undoes a write to a name.
func (tx *Tx) takeBack(name string) func() {
	place, again := tx.place(name)
	var before Write
	if again {
		before = tx.txn.Writes[place]
	}
	ns, _ := Split(name)
	keys := [2]string{configKey(name), namespaceKey(ns)}
	var old [2]change
	var had [2]bool
	for i, key := range keys {
		old[i], had[i] = tx.own.changes.get(key)
	}
	wrote := tx.wrote
	return func() {
		tx.wrote = wrote
		if again {
			tx.txn.Writes[place] = before
		} else {
			tx.txn.Writes = tx.txn.Writes[:len(tx.txn.Writes)-1]
			delete(tx.places, name)
		}
		for i, key := range keys {
			if had[i] {
				tx.own.changes.set(key, old[i])
			} else {
				tx.own.changes.delete(key)
			}
		}
	}
}

// begin sees to it that there is a layer for what the transaction writes.
func (tx *Tx) begin() {
	if tx.own == nil {
		if tx.spare == nil {
			tx.spare = &layer{}
		}
		tx.own = tx.spare
		*tx.own = layer{under: tx.src, changes: tx.own.changes}
		tx.own.changes.clear()
		tx.src = tx.own
	}
}

// fewWrites are looked through for a name, which takes less than a map of their places.
const fewWrites = 8

// place returns where in txn.Writes a name stands, if it does.
func (tx *Tx) place(name string) (place int, found bool) {
	if tx.places != nil {
		place, found = tx.places[name]
		return place, found
	}
	place = slices.IndexFunc(tx.txn.Writes, func(w Write) bool { return w.Name == name })
	return place, place >= 0
}

// add adds the first write to a name.
func (tx *Tx) add(w Write) {
	tx.txn.Writes = append(tx.txn.Writes, w)
	switch n := len(tx.txn.Writes); {
	case tx.places != nil:
		tx.places[w.Name] = n - 1
	case n > fewWrites:
		tx.places = make(map[string]int, 2*n)
		for i, w := range tx.txn.Writes {
			tx.places[w.Name] = i
		}
	}
}

// write notes a write, in place of an earlier one to the same name. Behind what is too much for
// a transaction nothing more is noted: it fails, and a namespace may have a million configs.
func (tx *Tx) write(w Write) {
	if w.Events = tx.sets; w.Delete {
		w.Events = tx.gone
	}
	place, again := tx.place(w.Name)
	if again {
		w.Events = tx.txn.Writes[place].withEventsOf(w)
	}
	wrote := tx.wrote + w.size()
	if again {
		wrote -= tx.txn.Writes[place].size()
	}
	if tx.full = tx.full || wrote > MaxTxn; tx.full {
		return
	}
	tx.begin()
	if tx.trying > 0 {
		tx.undo = append(tx.undo, tx.takeBack(w.Name))
	}
	if again {
		tx.txn.Writes[place], tx.again = w, true
	} else {
		tx.add(w)
	}
	tx.wrote = wrote
	tx.own.write(w, tx.number, Pending, tx.now, tx.txn.By)
}

// guard notes that the transaction depends on the revision at a key, or on the
// transaction of the same entry that wrote there.
func (tx *Tx) guard(key string, revision uint64) {
	if tx.view || tx.full || tx.seen[key] {
		return
	}
	if tx.own != nil {
		if _, mine := tx.own.decided(key); mine {
			return
		}
	}
	tx.guardBefore(key, revision)
}

// guardBefore notes that the transaction depends on what stood at a key before it wrote there itself.
func (tx *Tx) guardBefore(key string, revision uint64) {
	if tx.full || tx.seen[key] {
		return
	}
	if tx.seen == nil {
		tx.seen = map[string]bool{}
	}
	tx.seen[key] = true
	if txn, earlier := tx.entry.decided(key); earlier {
		tx.after(txn)
		return
	}
	tx.depend(Guard{key, revision})
}

// depend notes a guard. As many bytes may be read as may be written.
func (tx *Tx) depend(g Guard) {
	if tx.read += g.size(); tx.read > MaxTxn {
		tx.full = true
		return
	}
	tx.txn.Guards = append(tx.txn.Guards, g)
}

// guardNamespace notes that the transaction depends on which configs a namespace has:
// on its revision before this entry, and on what the entry has written there. Behind a flush
// nothing before it counts.
func (tx *Tx) guardNamespace(ns string) {
	key := namespaceKey(ns)
	if tx.view || tx.seen[key] || tx.own != nil && tx.own.flushes(key) {
		return
	}
	if tx.seen == nil {
		tx.seen = map[string]bool{}
	}
	tx.seen[key] = true
	if tx.entry.flushes(key) {
		tx.after(tx.entry.flusher)
	} else {
		tx.depend(Guard{key, loadNamespace(tx.entry.under, key).revision})
	}
	s := within(ns)
	tx.entry.changes.from(s.from, func(key string, c change) bool {
		if key >= s.to {
			return false
		}
		tx.after(int(c.txn))
		return true
	})
}

// after notes that the transaction builds on an earlier one of its entry.
func (tx *Tx) after(place int) {
	if !slices.Contains(tx.txn.After, place) {
		tx.txn.After = append(tx.txn.After, place)
	}
}
