package store

// An index finds records by their keys. BuntDB keeps the records in order, which walks need; but a search in a tree of a
// million compares twenty keys, and most of what a store is asked for is one config by its name. The index shares BuntDB's
// strings, so it takes about 50 bytes a record. What is kept of the past is only ever walked over, and not in it.
type index map[string]string

// indexed reports whether a record of that key is in the index.
func indexed(key string) bool { return key[:1] != pasts && key[:1] != versions }

// note takes account of a record that was written or deleted.
func (x index) note(key string, c change) {
	switch {
	case !indexed(key):
	case c.delete:
		delete(x, key)
	default:
		x[key] = c.value
	}
}
