package rdb

import "strconv"

// latest is the last point in time that Redis can note for a field, in unix milliseconds.
const latest = 1<<48 - 2

// hash reads a hash of a kind.
func (r *reader) hash(kind byte) []Field {
	h := &hash{room: r.limit}
	switch kind {
	case kindHash:
		for n := r.length(); n > 0 && h.err == nil && r.err == nil; n-- {
			h.add(r.string(), r.string(), 0)
		}
	case kindExpiring, kindExpiringRC:
		r.expiring(h, kind == kindExpiring)
	case kindZipmap:
		h.unpack(zipmap, r.string(), 2)
	case kindZiplist:
		h.unpack(ziplist, r.string(), 2)
	case kindListpack:
		h.unpack(listpack, r.string(), 2)
	case kindListpackExp:
		r.take(8) // when the first field expires
		h.unpack(listpack, r.string(), 3)
	case kindListpackExpRC:
		h.unpack(listpack, r.string(), 3)
	}
	if h.err != nil {
		r.fail(h.err)
	}
	if len(h.fields) == 0 {
		r.fail(ErrFormat)
	}
	return h.fields
}

// expiring reads fields with their expiries: zero for one that stays, and otherwise one more
// than the milliseconds since the first of them, or the time itself where that is not told.
func (r *reader) expiring(h *hash, relative bool) {
	first := uint64(1)
	if relative {
		if first = r.little(8); first > latest {
			r.fail(ErrFormat)
		}
	}
	for n := r.length(); n > 0 && h.err == nil && r.err == nil; n-- {
		expires := r.length()
		if expires > latest {
			r.fail(ErrFormat)
		} else if expires > 0 {
			expires += first - 1
		}
		h.add(r.string(), r.string(), expires)
	}
}

// A hash collects fields.
type hash struct {
	fields []Field
	names  map[string]struct{}
	group  []string // elements that make no field yet
	room   int      // bytes that further fields may take
	err    error
}

// add takes a field, which must be new. Each counts for two bytes more than it has, because the
// name that it is given is longer.
func (h *hash) add(name, value string, expires uint64) {
	if h.room -= len(name) + len(value) + 2; h.room < 0 {
		h.err = ErrTooLarge
		return
	}
	if h.names == nil {
		h.names = map[string]struct{}{}
	}
	h.names[name] = struct{}{}
	h.fields = append(h.fields, Field{name, value, int64(expires)})
	if len(h.names) < len(h.fields) || expires > latest {
		h.err = ErrFormat
	}
}

// unpack makes fields of a string that holds their elements in turn: name, value and, where they
// come in threes, the expiry.
func (h *hash) unpack(elements func(packed string, each func(string) bool) bool, packed string, size int) {
	whole := elements(packed, func(element string) bool {
		if h.group = append(h.group, element); len(h.group) < size {
			return true
		}
		var expires uint64
		var err error
		if size == 3 {
			expires, err = strconv.ParseUint(h.group[2], 10, 64)
		}
		if err != nil {
			h.err = ErrFormat
		} else {
			h.add(h.group[0], h.group[1], expires)
		}
		h.group = h.group[:0]
		return h.err == nil
	})
	if h.err == nil && (!whole || len(h.group) > 0) {
		h.err = ErrFormat
	}
}
