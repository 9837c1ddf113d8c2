package store

import (
	"slices"
	"strings"

	"github.com/tidwall/btree"
)

// changed holds changes by their keys, in the order of those: in a slice while they are few, as those of nearly every transaction
// are, and then in a tree. The zero value is empty.
type changed struct {
	few  []keyed
	many *btree.Map[string, change] // instead of few, or nil
}

// A keyed is a change and its key.
type keyed struct {
	key string
	change
}

// fewChanges is up to how many changes are held in a slice.
const fewChanges = 8

func (m *changed) find(key string) (at int, found bool) {
	return slices.BinarySearchFunc(m.few, key, func(k keyed, key string) int { return strings.Compare(k.key, key) })
}

func (m *changed) get(key string) (c change, found bool) {
	if m.many != nil {
		return m.many.Get(key)
	}
	if at, found := m.find(key); found {
		return m.few[at].change, true
	}
	return change{}, false
}

func (m *changed) set(key string, c change) {
	if m.many != nil {
		m.many.Set(key, c)
		return
	}
	at, found := m.find(key)
	switch {
	case found:
		m.few[at].change = c
	case len(m.few) < fewChanges:
		m.few = slices.Insert(m.few, at, keyed{key, c})
	default:
		m.many = &btree.Map[string, change]{}
		for _, k := range m.few {
			m.many.Set(k.key, k.change)
		}
		m.few = nil
		m.many.Set(key, c)
	}
}

func (m *changed) delete(key string) {
	if m.many != nil {
		m.many.Delete(key)
	} else if at, found := m.find(key); found {
		m.few = slices.Delete(m.few, at, at+1)
	}
}

func (m *changed) len() int {
	if m.many != nil {
		return m.many.Len()
	}
	return len(m.few)
}

// clear leaves nothing but room.
func (m *changed) clear() {
	clear(m.few)
	m.few, m.many = m.few[:0], nil
}

// all visits the changes.
func (m *changed) all(visit func(key string, c change) bool) {
	if m.many != nil {
		m.many.Scan(visit)
		return
	}
	m.from("", visit)
}

// from visits the changes from a key on.
func (m *changed) from(key string, visit func(key string, c change) bool) {
	for w := m.seek(key); w.more && visit(w.key(), w.change()); {
		w.next()
	}
}

// A walk goes over changes. It ends with the next change that is made.
type walk struct {
	more bool
	few  []keyed
	many *btree.MapIter[string, change]
}

func (m *changed) seek(key string) (w walk) {
	if m.many != nil {
		it := m.many.Iter()
		return walk{more: it.Seek(key), many: &it}
	}
	at, _ := m.find(key)
	return walk{more: at < len(m.few), few: m.few[at:]}
}

func (w *walk) key() string {
	if w.many != nil {
		return w.many.Key()
	}
	return w.few[0].key
}

func (w *walk) change() change {
	if w.many != nil {
		return w.many.Value()
	}
	return w.few[0].change
}

func (w *walk) next() {
	if w.many != nil {
		w.more = w.many.Next()
		return
	}
	w.few = w.few[1:]
	w.more = len(w.few) > 0
}
