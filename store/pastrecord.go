package store

import (
	"encoding/binary"
	"slices"
)

// A PastChange is what is kept of a [Change], or of a flush, whose name is "".
type PastChange struct {
	Name      string
	Events    string // in Redis's words, as in a Change
	Version   uint64 // that it has now, or had last
	Was       uint64 // the version before, and zero if it was not there, or if a record of an earlier build does not say so
	By        string
	Digest    uint64 // of the value; zero if the config is gone
	OldDigest uint64 // of the value before; zero if Was is
	Gone      bool   // it is deleted, or has expired
}

// Flush reports whether every config but the system's was deleted.
func (c PastChange) Flush() bool { return c.Name == "" }

// A PastTxn is what one transaction has changed and noted.
type PastTxn struct {
	By      string
	Origin  Origin
	Changes []PastChange // a part of its revision's
	Notes   []Note
}

// A PastRevision is all that one entry of the log has changed and noted, in the order in which that happened.
type PastRevision struct {
	Revision uint64
	At       Millis // the store's time then
	All      []PastChange
	Txns     []PastTxn
	Chain    Chain // over this record and all before it; zero in records of earlier builds
}

// pastFormat leads the records; those of format 1 know of no origins, notes and versions before, and stand in no chain.
const pastFormat = 2

// The flags of an encoded change. One that is only "set" or "del" names no events.
const (
	pastGone   = 1 << iota // and has no digest
	pastEvents             // what was done follows
	pastFlags  = pastGone | pastEvents
)

// leastPastChange is how many bytes an encoded change takes at least: flags, the length of its name, and its version.
const leastPastChange = 3

// encodePast returns the record of what an entry has changed, but for the chain, and how many changes that are; or
// nothing if it has noted nothing either, and none of what it has changed is the clients'.
func encodePast(at Millis, told []Changes) (body []byte, total int) {
	txns, size := 0, onStack
	for _, c := range told {
		if n := c.clients(); n > 0 || c.Flush || len(c.Notes) > 0 {
			txns++
			size += c.size()
			if total += n; c.Flush {
				total++
			}
		}
	}
	if txns == 0 {
		return nil, 0
	}
	b := append(make([]byte, 0, size), pastFormat)
	b = binary.AppendUvarint(b, uint64(total))
	b = binary.AppendUvarint(b, uint64(at))
	b = binary.AppendUvarint(b, uint64(txns))
	for _, c := range told {
		if n := c.clients(); n > 0 || c.Flush || len(c.Notes) > 0 {
			b = c.appendPast(b, n)
		}
	}
	return b, total
}

// size is about how many bytes a transaction takes in a record.
func (c Changes) size() int {
	n := len(c.By) + c.Origin.size()
	for _, one := range c.All {
		n += len(one.Name) + len(one.Events) + leastPastChange + 3*8
	}
	for _, note := range c.Notes {
		n += note.size()
	}
	return n
}

// clients returns how many of the configs that a transaction has changed are the clients'.
func (c Changes) clients() (n int) {
	for _, one := range c.All {
		if ns, _ := Split(one.Name); !systemNamespace(ns) {
			n++
		}
	}
	return n
}

// appendPast appends what is kept of a transaction, which has changed so many configs of clients.
func (c Changes) appendPast(b []byte, clients int) []byte {
	b = c.Origin.append(appendString(b, c.By))
	b = binary.AppendUvarint(appendBool(b, c.Flush), uint64(clients))
	for _, one := range c.All {
		if ns, _ := Split(one.Name); !systemNamespace(ns) {
			b = one.appendPast(b)
		}
	}
	b = binary.AppendUvarint(b, uint64(len(c.Notes)))
	for _, note := range c.Notes {
		b = note.append(b)
	}
	return b
}

func (c Change) appendPast(b []byte) []byte {
	flags, implied := byte(0), eventSet
	if c.Gone {
		flags, implied = pastGone, eventDelete
	}
	if c.Events != implied {
		flags |= pastEvents
	}
	b = binary.AppendUvarint(appendString(append(b, flags), c.Name), c.Version)
	b = binary.AppendUvarint(b, c.Was)
	if flags&pastEvents != 0 {
		b = appendString(b, c.Events)
	}
	if !c.Gone {
		b = binary.BigEndian.AppendUint64(b, Digest(c.Value))
	}
	if c.Was > 0 {
		b = binary.BigEndian.AppendUint64(b, Digest(c.Old))
	}
	return b
}

// decodePast reads a revision's record. It does not know which revision it is of.
func decodePast(s string) (PastRevision, error) {
	d, err := opened(s, pastFormat)
	if err != nil {
		return PastRevision{}, err
	}
	format := s[0]
	r := PastRevision{Chain: chainOf(s)}
	if format >= pastFormat {
		if len(d.s) < len(r.Chain) {
			return PastRevision{}, errMalformed
		}
		d.s = d.s[:len(d.s)-len(r.Chain)]
	}
	total := d.uint()
	r.At = d.millis()
	txns := uint64(len(s))
	if format > 1 {
		txns = d.uint()
	}
	for uint64(len(r.Txns)) < txns && d.err == nil && (format > 1 || uint64(len(r.All)) < total) {
		r.decodeTxn(d, format)
	}
	if uint64(len(r.All)) != total {
		d.fail()
	}
	r.share()
	return r, d.end()
}

// decodeTxn reads a transaction of a record of a format.
func (r *PastRevision) decodeTxn(d *decoder, format byte) {
	t := PastTxn{By: d.string()}
	if format > 1 {
		t.Origin = d.origin()
	}
	flush := d.bool()
	n := d.count()
	if flush {
		t.Changes = append(t.Changes, PastChange{Events: eventFlush, By: t.By})
	} else if n == 0 && format == 1 {
		d.fail()
	}
	t.Changes = slices.Grow(t.Changes, min(n, len(d.s)/leastPastChange))
	for ; n > 0 && d.err == nil; n-- {
		t.Changes = append(t.Changes, decodePastChange(d, t.By, format))
	}
	if format > 1 {
		for n := d.count(); n > 0 && d.err == nil; n-- {
			t.Notes = append(t.Notes, d.note())
		}
	}
	if len(t.Changes)+len(t.Notes) == 0 {
		d.fail()
	}
	r.Txns = append(r.Txns, t)
	if r.All == nil {
		r.All = t.Changes // most revisions have one transaction only
	} else {
		r.All = append(r.All, t.Changes...)
	}
}

// share has the transactions hold parts of all changes, instead of copies.
func (r *PastRevision) share() {
	at := 0
	for i := range r.Txns {
		n := len(r.Txns[i].Changes)
		r.Txns[i].Changes = r.All[at : at+n : at+n]
		at += n
	}
}

func decodePastChange(d *decoder, by string, format byte) PastChange {
	flags := d.uint()
	if flags&^pastFlags != 0 {
		d.fail()
	}
	c := PastChange{Name: d.string(), Version: d.uint(), By: by, Events: eventSet, Gone: flags&pastGone != 0}
	if format > 1 {
		c.Was = d.uint()
	}
	if c.Name == "" {
		d.fail()
	}
	if c.Gone {
		c.Events = eventDelete
	}
	if flags&pastEvents != 0 {
		c.Events = d.string()
	}
	if !c.Gone {
		c.Digest = d.fixed()
	}
	if c.Was > 0 {
		c.OldDigest = d.fixed()
	}
	return c
}

// The floor has had a chain since format 2.

func encodeFloor(revision uint64, start Chain) string {
	return string(append(binary.AppendUvarint([]byte{pastFormat}, revision), start[:]...))
}

func decodeFloor(s string) (revision uint64, start Chain, err error) {
	d, err := opened(s, pastFormat)
	if err != nil {
		return 0, start, err
	}
	revision = d.uint()
	if s[0] > 1 && len(d.s) == len(start) {
		copy(start[:], d.s)
		d.s = ""
	}
	return revision, start, d.end()
}
