package store

import "encoding/binary"

// Millis is a point in time in unix milliseconds; zero means never. The store knows
// no other time, and takes it from those who call.
type Millis int64

// Record is one config: its value, and what is known of it.
type Record struct {
	Value    string
	Version  uint64 // how often it has been written since it was created
	Revision uint64 // of the entry that wrote it: grows across the whole store
	Created  Millis
	Updated  Millis
	Expires  Millis // when it is gone; zero if never
	By       string // who wrote it
}

// Pending is the revision of what an update sees of its own writes, and of those
// before it in the same entry: their place in the log is not known yet.
const Pending = ^uint64(0)

// live reports whether the record can be seen at the given time.
func (r Record) live(now Millis) bool {
	return r.Version > 0 && (r.Expires == 0 || now < r.Expires)
}

// recordFormat leads every encoded record.
const recordFormat = 1

func (r Record) encode() string {
	b := append(make([]byte, 0, onStack), recordFormat)
	b = binary.AppendUvarint(b, r.Version)
	b = binary.AppendUvarint(b, r.Revision)
	b = binary.AppendUvarint(b, uint64(r.Created))
	b = binary.AppendUvarint(b, uint64(r.Updated))
	b = binary.AppendUvarint(b, uint64(r.Expires))
	b = appendString(b, r.By)
	return joined(binary.AppendUvarint(b, uint64(len(r.Value))), r.Value)
}

func decodeRecord(s string) (Record, error) {
	d, err := opened(s, recordFormat)
	if err != nil {
		return Record{}, err
	}
	r := Record{
		Version:  d.uint(),
		Revision: d.uint(),
		Created:  d.millis(),
		Updated:  d.millis(),
		Expires:  d.millis(),
		By:       d.string(),
		Value:    d.string(),
	}
	return r, d.end()
}

// namespace is what the store keeps of a namespace that has configs of its own.
type namespace struct {
	revision uint64 // of the last write to one of its configs
	configs  uint64 // how many it has, expired ones included
}

func (n namespace) encode() string {
	b := append(make([]byte, 0, onStack), recordFormat)
	b = binary.AppendUvarint(b, n.revision)
	return string(binary.AppendUvarint(b, n.configs))
}

func decodeNamespace(s string) (namespace, error) {
	d, err := opened(s, recordFormat)
	if err != nil {
		return namespace{}, err
	}
	return namespace{d.uint(), d.uint()}, d.end()
}
