package store

import "crypto/sha256"

// The records of what has changed are chained: each ends with the SHA-256 over the chain's value before it, its key and what it
// holds. Whoever knows the chain's value at one moment can tell later whether a record before that was altered, or is missing. What
// is dropped at the front leaves its value behind, so the rest can still be verified.

// A Chain is the value of the chain behind a record.
type Chain [sha256.Size]byte

// next returns the value behind a record.
func (c Chain) next(key string, body []byte) (behind Chain) {
	h := sha256.New()
	h.Write(c[:]) // a hash does not fail
	h.Write([]byte(key))
	h.Write(body)
	h.Sum(behind[:0])
	return behind
}

// chainOf returns the value that a record carries; those of format 1 carry none.
func chainOf(record string) (c Chain) {
	if len(record) > len(c) && record[0] >= pastFormat {
		copy(c[:], record[len(record)-len(c):])
	}
	return c
}

// NextChain returns the value of the chain behind a record, of which the value before it is given, and whether the
// record carries that value. A record of an earlier build carries none and changes nothing.
func NextChain(before Chain, revision uint64, record string) (behind Chain, fits bool) {
	carried := chainOf(record)
	if carried == (Chain{}) {
		return before, len(record) > 0 && record[0] == 1
	}
	behind = before.next(pastKey(revision), []byte(record[:len(record)-len(carried)]))
	return behind, behind == carried
}

// ReadPast reads a record that [Tx.RawPast] has shown.
func ReadPast(revision uint64, record string) (PastRevision, error) {
	r, err := decodePast(record)
	r.Revision = revision
	return r, err
}

// A RawPast is a record as it is chained.
type RawPast struct {
	Revision uint64
	Record   string
}

// RawPast visits up to limit records from a revision on, until visit returns false.
func (tx *Tx) RawPast(from uint64, limit int, visit func(RawPast) bool) {
	tx.database().ascend(span{pastKey(from), pastsEnd}, func(key, value string) bool {
		limit--
		return limit >= 0 && visit(RawPast{mustRevision(key), value})
	})
}

// ChainFloor returns behind which revision the chain can be verified, and its value there.
func (tx *Tx) ChainFloor() (revision uint64, start Chain) {
	return tx.store.past.floor, tx.store.past.start
}

// ChainHead returns the chain's newest value.
func (tx *Tx) ChainHead() Chain { return tx.store.past.chain }
