package store

import (
	"encoding/binary"
	"fmt"
	"strconv"

	"github.com/zeebo/xxh3"
)

// What transactions have changed is kept for a while, so that every node can tell it to who was
// not there: to each revision that changed clients' configs belongs one record of the database.
// It is a part of the state like the configs: who has copied the state can tell as much as all others,
// and what is dropped, and when, depends on nothing but the log.

// How much is kept of what has changed. When it comes to more, the oldest revisions are dropped,
// each as a whole; the newest one always stays.
const (
	maxPast      = 100_000  // changes
	maxPastBytes = 16 << 20 // keys and values of their records
)

// A PastChange is what is kept of a [Change], or of a flush, whose name is "".
type PastChange struct {
	Name    string
	Events  string // in Redis's words, as in a Change
	Version uint64
	By      string
	Digest  uint64 // of the value; zero if the config is gone
	Gone    bool   // it is deleted, or has expired
}

// Flush reports whether every config but the system's was deleted.
func (c PastChange) Flush() bool { return c.Name == "" }

// A PastRevision is all that one entry of the log has changed, in the order in which that happened.
type PastRevision struct {
	Revision uint64
	At       Millis // the store's time then
	All      []PastChange
}

// past sums up what is kept.
type past struct {
	floor   uint64 // the last revision that is not kept any more, or was before anything was kept
	last    uint64 // the newest one that is kept
	changes int
	bytes   int
	hash    uint64 // sum of the hashes of the records
}

// full reports whether something has to be dropped.
func (p past) full() bool { return p.changes > maxPast || p.bytes > maxPastBytes }

// begun reports whether any change has been kept yet.
func (p past) begun() bool { return p.last > 0 }

// note takes account of a revision's record that was written or, for sign -1, dropped.
func (p *past) note(key, value string, sign int) {
	d, err := opened(value, recordFormat)
	if err != nil {
		panic(damaged(key, err))
	}
	p.changes += sign * d.count()
	p.bytes += sign * (len(key) + len(value))
}

// Digest is the digest of a value that DIGEST answers: its 64-bit xxh3.
func Digest(value string) uint64 { return xxh3.HashString(value) }

func pastKey(revision uint64) string { return fmt.Sprintf("%s%016x", pasts, revision) }

// pastsEnd is behind the keys of all revisions.
const pastsEnd = pasts + "~"

// keep keeps what an entry has changed, and drops what is too much.
func (b *batch) keep(e Indexed, told []Changes) {
	value := encodePast(b.clock, told)
	if value == "" {
		return
	}
	if !b.past.begun() && anyConfig(b.under) {
		b.setFloor(e.Index - 1) // what made those configs was not kept
	}
	key := pastKey(e.Index)
	b.changes.Set(key, change{value: value})
	b.past.last = e.Index
	b.past.note(key, value, +1)
	for b.past.full() {
		oldest, value := b.oldest()
		if oldest == key {
			return
		}
		b.changes.Set(oldest, change{delete: true})
		b.past.note(oldest, value, -1)
		b.setFloor(mustRevision(oldest))
	}
}

func (b *batch) setFloor(revision uint64) {
	b.past.floor = revision
	b.changes.Set(pasts, change{value: encodeFloor(revision)})
}

// oldest returns the first record that is kept.
func (b *batch) oldest() (key, value string) {
	b.ascend(span{pastKey(b.past.floor + 1), pastsEnd}, func(k, v string) bool {
		key, value = k, v
		return false
	})
	return key, value
}

// anyConfig reports whether a source holds any config but the system's, expired ones included.
func anyConfig(src source) (found bool) {
	for _, s := range clients(configs) {
		src.ascend(s, func(string, string) bool {
			found = true
			return false
		})
	}
	return found
}

// revisionOf undoes pastKey.
func revisionOf(key string) (uint64, error) {
	revision, err := strconv.ParseUint(key[len(pasts):], 16, 64)
	if err != nil || pastKey(revision) != key {
		return 0, errMalformed
	}
	return revision, nil
}

// mustRevision and mustPast read what stands in the database as [mustRecord] does.
func mustRevision(key string) uint64 {
	revision, err := revisionOf(key)
	if err != nil {
		panic(damaged(key, err))
	}
	return revision
}

func mustPast(key, value string) PastRevision {
	r, err := decodePast(value)
	if err != nil {
		panic(damaged(key, err))
	}
	r.Revision = mustRevision(key)
	return r
}

// load takes account of a record that was loaded.
func (p *past) load(key, value string) (err error) {
	if key == pasts {
		p.floor, err = decodeFloor(value)
		return err
	}
	revision, err := revisionOf(key)
	if err == nil {
		_, err = decodePast(value)
	}
	if err == nil {
		p.last = max(p.last, revision)
		p.note(key, value, +1)
	}
	return err
}

func encodeFloor(revision uint64) string {
	return string(binary.AppendUvarint([]byte{recordFormat}, revision))
}

func decodeFloor(s string) (revision uint64, err error) {
	d, err := opened(s, recordFormat)
	if err != nil {
		return 0, err
	}
	return d.uint(), d.end()
}

// The flags of an encoded change. One that is only "set" or "del" names no events.
const (
	pastGone   = 1 << iota // and has no digest
	pastEvents             // what was done follows
	pastFlags  = pastGone | pastEvents
)

// encodePast returns the record of what an entry has changed, or "" if none of that is the clients'.
func encodePast(at Millis, told []Changes) string {
	var b []byte
	total := 0
	for _, c := range told {
		n := 0
		var changes []byte
		for _, one := range c.All {
			if ns, _ := Split(one.Name); !systemNamespace(ns) {
				changes = one.appendPast(changes)
				n++
			}
		}
		if n == 0 && !c.Flush {
			continue
		}
		b = binary.AppendUvarint(appendBool(appendString(b, c.By), c.Flush), uint64(n))
		b = append(b, changes...)
		if total += n; c.Flush {
			total++
		}
	}
	if total == 0 {
		return ""
	}
	head := binary.AppendUvarint([]byte{recordFormat}, uint64(total))
	head = binary.AppendUvarint(head, uint64(at))
	return string(append(head, b...))
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
	if flags&pastEvents != 0 {
		b = appendString(b, c.Events)
	}
	if !c.Gone {
		b = binary.BigEndian.AppendUint64(b, Digest(c.Value))
	}
	return b
}

// decodePast reads a revision's record. It does not know which revision it is of.
func decodePast(s string) (PastRevision, error) {
	d, err := opened(s, recordFormat)
	if err != nil {
		return PastRevision{}, err
	}
	total := d.count()
	r := PastRevision{At: d.millis()}
	for len(r.All) < total && d.err == nil {
		by := d.string()
		flush := d.bool()
		n := d.count()
		if flush {
			r.All = append(r.All, PastChange{Events: eventFlush, By: by})
		} else if n == 0 {
			d.fail()
		}
		for ; n > 0 && d.err == nil; n-- {
			r.All = append(r.All, decodePastChange(d, by))
		}
	}
	if len(r.All) != total {
		d.fail()
	}
	return r, d.end()
}

func decodePastChange(d *decoder, by string) PastChange {
	flags := d.uint()
	if flags&^pastFlags != 0 {
		d.fail()
	}
	c := PastChange{Name: d.string(), Version: d.uint(), By: by, Events: eventSet, Gone: flags&pastGone != 0}
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
	return c
}
