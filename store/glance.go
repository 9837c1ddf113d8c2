package store

import (
	"bytes"

	"confman/validate"
)

// A Glance is the data as it stands, for what clients ask most: a config by its name, and all of a namespace. It answers
// what there is; of what it does not find, a transaction knows what to say.
type Glance struct {
	store *Store
	now   Millis
}

// Glance runs look over the data as [Store.View] does, without a transaction. Nothing may be kept of it but values.
func (s *Store) Glance(now Millis, look func(Glance)) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	look(Glance{s, max(now, s.clock)})
}

// Get returns the value of a client's config.
func (g Glance) Get(name []byte) (value string, found bool) {
	switch slash := bytes.LastIndexByte(name, '/'); slash {
	case -1:
		return g.In(nil, name)
	case 0: // no name begins with a slash
		return "", false
	default:
		return g.In(name[:slash], name[slash+1:])
	}
}

// Nothing reports whether there is surely nothing of a name: no config, and no namespace with configs directly in it. Of a
// store that is closed nobody can say so.
func (g Glance) Nothing(name []byte) bool {
	var at [validate.MaxName + 2]byte
	if g.store.index == nil || !validate.PlainName(name) {
		return false
	}
	slash := bytes.LastIndexByte(name, '/')
	b := append(append(at[:0], configs...), name[:max(slash, 0)]...)
	b = append(append(b, 0), name[slash+1:]...)
	if _, found := g.store.index[string(b)]; found { // though it may have expired
		return false
	}
	_, found := g.store.index[string(append(append(b[:0], namespaces...), name...))]
	return !found
}

// In returns the value of the config of that key in a namespace, of which the root is the empty one.
func (g Glance) In(namespace, key []byte) (value string, found bool) {
	var at [validate.MaxName + 2]byte
	if len(namespace)+1+len(key) > validate.MaxName || bytes.HasPrefix(namespace, system) {
		return "", false
	}
	b := append(append(append(append(at[:0], configs...), namespace...), 0), key...)
	record, found := g.store.index[string(b)]
	if !found {
		return "", false
	}
	rec, err := decodeRecord(record)
	if err != nil {
		panic(damaged(string(b), err))
	}
	return rec.Value, rec.live(g.now)
}

// system begins the names of namespaces that are the system's, or named like it.
var system = []byte(validate.System)

// Revision returns at which revision one of the configs directly in a client's namespace was written last.
func (g Glance) Revision(namespace []byte) (revision uint64, found bool) {
	var at [validate.MaxName + 1]byte
	if len(namespace) > validate.MaxName || bytes.HasPrefix(namespace, system) {
		return 0, false
	}
	b := append(append(at[:0], namespaces...), namespace...)
	value, found := g.store.index[string(b)]
	if !found {
		return 0, false
	}
	n, err := decodeNamespace(value)
	if err != nil {
		panic(damaged(string(b), err))
	}
	return n.revision, true
}

// Items visits up to limit of the configs directly in a namespace, in the order of their keys, and reports whether there
// are more. It fails when the store is closed.
func (g Glance) Items(namespace []byte, limit int, visit func(Item)) (more bool, err error) {
	err = g.store.view(g.now, func(tx *Tx) error {
		more = tx.Items(string(namespace), "", limit, visit) != ""
		return nil
	})
	return more, err
}
