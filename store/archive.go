package store

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/tidwall/btree"
)

// Versions that have ended are not in BuntDB: they are only ever added behind all others and dropped before them, and
// there may be a hundred times as many as configs. In the file they are records like any other.

// An ended is a version of a config that has ended. It never changes, but that it is dropped and loses its value.
type ended struct {
	config   string // its key
	number   uint64
	revision uint64 // of its end
	value    string // the encoded [Version]
	dropped  uint64 // from which revision on it is not kept, or 0
}

func (e *ended) key() string { return versionKey(e.config, e.number) }

// hash is [hashOf] of the version's record, its compressed value left out.
func (e *ended) hash(h head) uint64 {
	b := binary.AppendUvarint(make([]byte, 0, onStack), uint64(len(e.config)+versionSuffix))
	return sumOf(appendVersionKey(b, e.config, e.number), e.value[:h.length])
}

// before compares when versions ended: those of one entry by their keys.
func (e *ended) before(other *ended) int {
	return cmp.Or(cmp.Compare(e.revision, other.revision), strings.Compare(e.config, other.config), cmp.Compare(e.number, other.number))
}

// An archive holds the versions that are kept.
type archive struct {
	shelves map[string][]*ended // by their config's key, in the order of their numbers
	order   queue               // in the order in which they ended, with some that are not on their shelves any more
	gone    btree.Set[string]   // keys of configs that are not there, but versions of them
	archived

	replayed []*ended // as long as the file is loaded
}

// An archived sums up an archive.
type archived struct {
	floor    moment // everything that is not kept ended then at the latest, but for what KEEP and AGE have dropped
	versions int
	bytes    int    // their weights
	hash     uint64 // sum of the hashes of their records, compressed values left out, and of the floor's
}

// A moment is a revision, and the time that it carried.
type moment struct {
	revision uint64
	at       Millis
}

func newArchive() *archive { return &archive{shelves: map[string][]*ended{}} }

// find returns where on a shelf a version of a number is, or would be.
func find(shelf []*ended, number uint64) (at int, found bool) {
	return slices.BinarySearchFunc(shelf, number, func(e *ended, number uint64) int { return cmp.Compare(e.number, number) })
}

// last returns the number of the latest version on a shelf, or zero.
func last(shelf []*ended) uint64 {
	if len(shelf) == 0 {
		return 0
	}
	return shelf[len(shelf)-1].number
}

// tally takes account of a version, or for sign -1 takes it out of account.
func (a *archived) tally(e *ended, sign int) {
	h := mustHead(e.config, e.value)
	a.versions += sign
	a.bytes += sign * h.weight(len(e.config)+versionSuffix)
	a.hash += uint64(sign) * e.hash(h)
}

// raise has the floor be another one, and returns what the record of the floor says then.
func (a *archived) raise(floor moment) string {
	if a.floor != (moment{}) {
		a.hash -= hashOf(versions, a.floor.encode())
	}
	a.floor = floor
	a.hash += hashOf(versions, floor.encode())
	return floor.encode()
}

// replay does what a record of the file says of a version, or an error if it cannot be read.
func (a *archive) replay(one record) error {
	config, number, err := splitVersion(one.key)
	if err != nil {
		return err
	}
	shelf := a.shelves[config]
	at, found := find(shelf, number)
	if found {
		shelf[at].dropped = 1
		shelf = slices.Delete(shelf, at, at+1)
	}
	if !one.delete {
		if len(shelf) > 0 {
			config = shelf[0].config // so that a shelf holds its key once
		}
		e := &ended{config: config, number: number, value: one.value}
		a.replayed = append(a.replayed, e)
		shelf = slices.Insert(shelf, at, e)
	}
	a.put(config, shelf)
	return nil
}

func (a *archive) put(config string, shelf []*ended) {
	if len(shelf) == 0 {
		delete(a.shelves, config)
		return
	}
	a.shelves[config] = shelf
}

// sumUp counts what was replayed, in two halves at once, and puts it in its order, in which it mostly is.
func (a *archive) sumUp() (size int64, err error) {
	all := slices.DeleteFunc(a.replayed, func(e *ended) bool { return e.dropped != 0 })
	a.replayed = nil
	var sums [2]archived
	var sizes [2]int64
	var errs [2]error
	var both sync.WaitGroup
	for i, half := range [][]*ended{all[:len(all)/2], all[len(all)/2:]} {
		both.Go(func() { sizes[i], errs[i] = sums[i].count(half) })
	}
	both.Wait()
	if err = errors.Join(errs[:]...); err != nil {
		return 0, err
	}
	for _, sum := range sums {
		a.versions += sum.versions
		a.bytes += sum.bytes
		a.hash += sum.hash
	}
	slices.SortFunc(all, (*ended).before)
	for _, e := range all {
		a.order.add(e)
	}
	return sizes[0] + sizes[1], nil
}

// count takes account of versions that were loaded, if they can be read, and returns what they take of the file.
func (a *archived) count(some []*ended) (size int64, err error) {
	for _, e := range some {
		v, err := decodeVersion(e.value)
		if err != nil {
			return 0, fmt.Errorf("read %q: %w", e.key(), err)
		}
		e.revision = v.End.Revision
		a.tally(e, +1)
		size += int64(len(e.config) + versionSuffix + len(e.value) + setLength)
	}
	return size, nil
}

// goneOf returns of which configs there are only versions.
func goneOf(shelves map[string][]*ended, there index) (gone btree.Set[string]) {
	for config := range shelves {
		if _, found := there[config]; !found {
			gone.Insert(config)
		}
	}
	return gone
}

// A queue holds versions in an order in which the first are taken out and new ones come in behind the last, in pieces that are never
// moved: who copies it has what was in it.
type queue struct {
	pieces [][]*ended // all but the last are full
	first  int        // of the first piece, how many were taken out
}

// queuePiece is how many versions are in a full piece.
const queuePiece = 512

func (q queue) len() int {
	if n := len(q.pieces); n > 0 {
		return (n-1)*queuePiece + len(q.pieces[n-1]) - q.first
	}
	return 0
}

func (q queue) at(i int) *ended {
	i += q.first
	return q.pieces[i/queuePiece][i%queuePiece]
}

func (q *queue) add(e *ended) {
	n := len(q.pieces)
	if n == 0 || len(q.pieces[n-1]) == queuePiece {
		q.pieces, n = append(q.pieces, make([]*ended, 0, queuePiece)), n+1
	}
	q.pieces[n-1] = append(q.pieces[n-1], e)
}

// take takes the first n out.
func (q *queue) take(n int) {
	q.first += n
	for ; q.first >= queuePiece; q.first -= queuePiece {
		q.pieces[0] = nil // somebody else may have it, but not from here
		q.pieces = q.pieces[1:]
	}
}

// copy returns a queue for somebody who adds nothing to it and takes nothing out.
func (q queue) copy() queue { return queue{slices.Clone(q.pieces), q.first} }

// The floor's record.

func (m moment) encode() string {
	return string(binary.AppendUvarint(binary.AppendUvarint([]byte{recordFormat}, m.revision), uint64(m.at)))
}

func decodeMoment(s string) (moment, error) {
	d, err := opened(s, recordFormat)
	if err != nil {
		return moment{}, err
	}
	return moment{d.uint(), d.millis()}, d.end()
}
