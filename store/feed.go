package store

import (
	"fmt"
	"strconv"

	"confman/validate"

	"github.com/zeebo/xxh3"
)

// What transactions have changed is kept for a while, so that every node can tell it to who was
// not there: to each revision that changed clients' configs, or holds a note, belongs one record of the database. It is read
// as a feed of changes, and as an audit of who did what. It is a part of the state like the configs: who has copied the
// state can tell as much as all others, and what is dropped, and when, depends on nothing but the log.

// DefaultAuditBytes bounds how much is kept, in bytes of keys and values of the records, unless the cluster has agreed on
// something else. When it comes to more, the oldest revisions are dropped, each as a whole; the newest one always stays.
const DefaultAuditBytes = 32 << 20

// auditBytes names the system's config that bounds what is kept, for all nodes.
const auditBytes = validate.System + "/settings/audit-bytes"

// past sums up what is kept.
type past struct {
	floor   uint64 // the last revision that is not kept any more, or was before anything was kept
	last    uint64 // the newest one that is kept and has changed something
	changes int
	bytes   int
	hash    uint64 // sum of the hashes of the records
	start   Chain  // of the last record that is not kept any more
	chain   Chain  // of the newest one
}

// begun reports whether anything has been kept yet.
func (p past) begun() bool { return p.bytes > 0 || p.floor > 0 }

// note takes account of a revision's record that was written or, for sign -1, dropped.
func (p *past) note(key, value string, sign int) {
	d, err := opened(value, pastFormat)
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
	body, changes := encodePast(b.clock, told)
	if body == nil {
		return
	}
	if !b.past.begun() && anyConfig(b.under) {
		b.setFloor(e.Index-1, Chain{}) // what made those configs was not kept
	}
	key := pastKey(e.Index)
	b.past.chain = b.past.chain.next(key, body)
	value := string(append(body, b.past.chain[:]...))
	b.changes.set(key, change{value: value})
	if changes > 0 {
		b.past.last = e.Index
	}
	b.past.note(key, value, +1)
	limit := b.agreed(auditBytes, DefaultAuditBytes)
	for most := forgotten; b.past.bytes > limit && most > 0; most-- {
		oldest, value := b.oldest()
		if oldest == key {
			return
		}
		b.changes.set(oldest, change{delete: true})
		b.past.note(oldest, value, -1)
		b.setFloor(mustRevision(oldest), chainOf(value))
	}
}

func (b *batch) setFloor(revision uint64, start Chain) {
	b.past.floor, b.past.start = revision, start
	b.changes.set(pasts, change{value: encodeFloor(revision, start)})
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
		p.floor, p.start, err = decodeFloor(value)
		p.chain = p.start
		return err
	}
	revision, err := revisionOf(key)
	var r PastRevision
	if err == nil {
		r, err = decodePast(value)
	}
	if err == nil {
		if len(r.All) > 0 {
			p.last = max(p.last, revision)
		}
		p.chain = r.Chain
		p.note(key, value, +1)
	}
	return err
}
