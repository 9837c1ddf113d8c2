package store

import (
	"maps"
	"slices"

	"github.com/tidwall/btree"
)

// A draft is what a batch makes of an archive, which others go on reading meanwhile.
type draft struct {
	archived
	from    *archive
	since   uint64              // what ended behind this revision, it has added
	shelves map[string][]*ended // those that it has changed; all there are if it is whole
	whole   bool
	added   []*ended // in their order, but for those behind closed
	closed  int
	passed  int       // how many it has passed of the archive's order and, behind that, of what it has added itself
	dropped []**ended // where they stand on the archive's shelves

	order *queue            // the archive's, without those that were dropped, or nil
	gone  btree.Set[string] // the archive's, if the draft is whole
}

func (a *archive) draft(since uint64) draft {
	return draft{archived: a.archived, from: a, since: since, shelves: map[string][]*ended{}}
}

// own has the draft hold all shelves, so that it takes the archive's place without delay.
func (d *draft) own() {
	changed := d.shelves
	d.shelves, d.whole = maps.Clone(d.from.shelves), true
	for config, shelf := range changed {
		d.put(config, shelf)
	}
}

func (d *draft) put(config string, shelf []*ended) {
	if d.whole && len(shelf) == 0 {
		delete(d.shelves, config)
		return
	}
	d.shelves[config] = shelf
}

func (d *draft) shelf(config string) []*ended {
	if shelf, changed := d.shelves[config]; changed || d.whole {
		return shelf
	}
	return d.from.shelves[config]
}

// end writes down that a version of the config at a key ends, and drops those of the config that are more than are to be kept,
// or ended too long before, but for the last one: whoever asks what the config was before must be told that this is forgotten,
// and not that there was none.
func (d *draft) end(v ending, keep uint64, age Millis) {
	at, config := v.At, v.config
	if !v.live(at) {
		v.At, v.How = v.Expires, Expired
	}
	shelf := d.shelf(config)
	if len(shelf) > 0 {
		config = shelf[0].config // so that a shelf holds its key once
	}
	e := &ended{config: config, number: v.Version, revision: v.End.Revision, value: Version{v.Record, v.End}.encode()}
	d.tally(e, +1)
	d.added = append(d.added, e)
	shelf = append(shelf, e) // behind what readers of the archive's shelf see
	for len(shelf) > 0 && shelf[0].number+keep <= last(shelf) {
		shelf = d.drop(shelf)
	}
	for age > 0 && len(shelf) > 1 && mustHead(config, shelf[0].value).End.At < at-age {
		shelf = d.drop(shelf)
	}
	d.put(config, shelf)
}

// drop takes the first version from a shelf.
func (d *draft) drop(shelf []*ended) (rest []*ended) {
	e := shelf[0]
	d.tally(e, -1)
	if e.revision > d.since { // nobody else has seen it
		e.dropped, shelf[0] = e.revision, nil
	} else {
		d.dropped = append(d.dropped, &shelf[0])
	}
	return shelf[1:]
}

// close puts what an entry has added in its order.
func (d *draft) close() {
	slices.SortFunc(d.added[d.closed:], (*ended).before)
	d.closed = len(d.added)
}

// forgotten is how many versions, and how many records of what has changed, one entry drops at most, beside as many as it
// adds: a bound that is lowered by much is come to in steps, so that nobody waits for it.
const forgotten = 10_000

// forget drops the versions that ended first while they come to more than a limit, but no more than so many. It returns what is to
// be the record of the floor, or "" if that stays.
func (d *draft) forget(limit, most int) (floor string) {
	raised := d.floor
	for n := d.from.order.len(); d.bytes > limit && most > 0; d.passed++ {
		e := d.at(d.passed, n)
		shelf := d.shelf(e.config)
		if len(shelf) == 0 || shelf[0] != e {
			continue // it is dropped already
		}
		end := mustHead(e.config, e.value).End
		raised = moment{max(raised.revision, end.Revision), max(raised.at, end.At)}
		d.put(e.config, d.drop(shelf))
		most--
	}
	if raised == d.floor {
		return ""
	}
	return d.raise(raised)
}

// at returns the version at a place of the archive's order, of so many, or of what was added behind it.
func (d *draft) at(place, n int) *ended {
	if place < n {
		return d.from.order.at(place)
	}
	return d.added[place-n]
}

// changed visits what the draft changes in the file. A version may have the number of one that was dropped.
func (d *draft) changed(visit func(key string, c change) bool) {
	for _, place := range d.dropped {
		if !visit((*place).key(), change{delete: true}) {
			return
		}
	}
	for _, e := range d.added {
		if e.dropped == 0 && !visit(e.key(), change{value: e.value}) {
			return
		}
	}
}

// finish does what would hold those up who read, before the draft is settled: with what there will be, if it holds all shelves.
func (d *draft) finish(there index) {
	if d.whole {
		d.gone = goneOf(d.shelves, there)
	}
	if old := d.from.order; old.len()-d.passed > d.versions+d.versions/4+queuePiece { // much of it was dropped by KEEP and AGE
		d.order = &queue{}
		for i := d.passed; i < old.len(); i++ {
			if e := old.at(i); e.dropped == 0 {
				d.order.add(e)
			}
		}
	}
}

// settle has the archive become what the draft has made of it, at a revision, with what there is. Nobody reads meanwhile. Nothing of
// what is dropped stays in memory, unless somebody has a snapshot.
func (d *draft) settle(revision uint64, there index, snapshot bool) {
	a := d.from
	a.archived = d.archived
	a.settleShelves(d, there)
	for _, place := range d.dropped {
		e := *place
		*place = nil
		if e.dropped = revision; !snapshot {
			e.value = ""
		}
	}
	n := a.order.len()
	if d.order != nil {
		a.order = *d.order
	} else {
		a.order.take(min(d.passed, n))
	}
	for _, e := range d.added[max(0, d.passed-n):] {
		if e.dropped == 0 {
			a.order.add(e)
		}
	}
}

func (a *archive) settleShelves(d *draft, there index) {
	if d.whole {
		a.shelves, a.gone = d.shelves, d.gone
		return
	}
	for config, shelf := range d.shelves {
		a.put(config, shelf)
		if len(shelf) == 0 {
			a.gone.Delete(config)
		} else if _, found := there[config]; !found {
			a.gone.Insert(config)
		}
	}
}
