package store

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/tidwall/buntdb"
)

// load makes a state of checked bytes in the file's format, and tells about how many bytes would
// hold it if they held nothing else.
func load(content []byte) (st state, compact int64, err error) {
	if st.db, err = buntdb.Open(":memory:"); err != nil {
		return st, 0, err
	}
	st.archive, st.expiries, st.milestones = newArchive(), newExpiries(), &milestones{}
	var r replayed
	err = st.db.Update(func(tx *buntdb.Tx) (err error) {
		r, err = replay(tx, st.archive, content)
		return err
	})
	if err == nil {
		compact, err = st.sumUp(r)
	}
	if err == nil {
		err = st.db.View(func(tx *buntdb.Tx) error {
			st.tallies = st.tallies.under(loadPolicies(st.in(tx)), st.in(tx))
			return nil
		})
	}
	if err != nil {
		return st, 0, errors.Join(fmt.Errorf("load: %w", err), st.db.Close())
	}
	return st, compact, nil
}

// Loading has the processors share the work: one parses records while another puts them in their order, and then the state
// is counted in parts. Whoever restarts a node with a million configs waits for it.

// replayed is what the replay of a file tells about the state that it has left.
type replayed struct {
	indexed int    // how many records are to be in the index
	middle  string // a key with about as many of them before it as behind it
}

// A record is one of the file's, copied out of it: nothing keeps the file's content in memory.
type record struct {
	key, value string
	delete     bool
}

// A page is as many records as are handed on at once.
const page = 512

// parse reads records, and ends the pages with what is wrong with them, if anything is.
func parse(content []byte, pages chan<- []record) error {
	defer close(pages)
	for some := make([]record, 0, page); len(content) > 0; {
		key, value, n := parseRecord(content)
		if n == 0 {
			return errMalformed
		}
		some = append(some, record{string(key), string(value), value == nil})
		if content = content[n:]; len(some) == page || len(content) == 0 {
			pages <- some
			some = make([]record, 0, page)
		}
	}
	return nil
}

// replay does in an empty database what records say, but for markers. BuntDB could read them itself, but would allocate
// eight times for each.
func replay(tx *buntdb.Tx, a *archive, content []byte) (r replayed, err error) {
	if err := tx.DeleteAll(); err != nil { // so that it does not note for each record how to undo it
		return r, err
	}
	var malformed error
	pages, parsing := make(chan []record, 4), sync.WaitGroup{}
	parsing.Go(func() { malformed = parse(content, pages) })
	var every []string // of so many keys one
	for some := range pages {
		for _, one := range some {
			if err != nil {
				break // it is parsed to its end nevertheless
			}
			var more int
			more, err = one.replay(tx, a)
			if r.indexed += more; more > 0 && r.indexed%page == 0 {
				every = append(every, one.key)
			}
		}
	}
	parsing.Wait()
	if slices.Sort(every); len(every) > 0 {
		r.middle = every[len(every)/2]
	}
	return r, errors.Join(malformed, err)
}

// replay does what a record says, and returns how many records to be in the index there are more now.
func (one record) replay(tx *buntdb.Tx, a *archive) (more int, err error) {
	switch {
	case len(one.key) > len(versions) && one.key[:1] == versions:
		return 0, a.replay(one)
	case one.delete:
		if _, err = tx.Delete(one.key); err == nil && indexed(one.key) {
			more = -1
		} else if err == buntdb.ErrNotFound {
			err = nil
		}
	case one.key == "", one.key > marker: // which sort before all others, and behind them
		return 0, ErrNewerFormat
	case one.key < marker:
		var replaced bool
		if _, replaced, err = tx.Set(one.key, one.value, nil); err == nil && !replaced && indexed(one.key) {
			more = 1
		}
	}
	return more, err
}

// What there was stands in these spans of the database, and what there is outside of them. Nothing that is counted of
// the one is counted of the other.
var (
	spansWas = []span{{pasts, "i"}, {versions, versionsEnd}}
	spansIs  = []span{{"", pasts}, {"i", versions}, {versionsEnd, marker}}
)

// halves cuts spans at a key.
func halves(spans []span, middle string) (before, behind []span) {
	for _, s := range spans {
		if s.from < middle {
			before = append(before, span{s.from, min(s.to, middle)})
		}
		if middle < s.to {
			behind = append(behind, span{max(s.from, middle), s.to})
		}
	}
	return before, behind
}

// sumUp counts what is in a database that was loaded, in parts at once: what there was, and what there is in two halves, beside
// whom that one puts in the index.
func (st *state) sumUp(r replayed) (size int64, err error) {
	first, second := halves(spansIs, r.middle)
	parts := []*part{{spans: spansWas, state: st}, {spans: first, state: st}, {spans: second, state: st}}
	var all sync.WaitGroup
	for _, p := range parts {
		all.Go(p.count)
	}
	all.Go(func() { st.fillIndex(r.indexed) })
	versions, wrong := st.archive.sumUp()
	all.Wait()
	size, err = versions, wrong
	st.archive.gone = goneOf(st.archive.shelves, st.index)
	st.past = parts[0].past
	if floor := parts[0].floor; floor != (moment{}) {
		st.archive.raise(floor)
	}
	for _, p := range parts {
		size, err = size+p.size, errors.Join(err, p.err)
		st.totals.add(p.totals)
		for _, d := range p.deadlines {
			st.expiries.of(d.key).Set(d)
		}
	}
	return size, err
}

// fillIndex puts what there is into the index, which is made as large as that takes.
func (st *state) fillIndex(records int) {
	st.index = make(index, records)
	_ = st.db.View(func(tx *buntdb.Tx) error {
		for _, s := range spansIs {
			database{Tx: tx}.ascend(s, func(key, value string) bool {
				st.index[key] = value
				st.milestones.note(key, true)
				return true
			})
		}
		return nil
	})
}

// A part of a state that was loaded is counted by itself, and added to the others then.
type part struct {
	*state
	spans []span
	totals
	size      int64
	deadlines []deadline
	floor     moment // of the archive
	err       error
}

func (p *part) count() {
	p.err = p.db.View(func(tx *buntdb.Tx) (err error) {
		for _, s := range p.spans {
			database{Tx: tx}.ascend(s, func(key, value string) bool {
				p.size += int64(len(key) + len(value) + setLength)
				if err = p.add(key, value); err != nil {
					err = fmt.Errorf("read %q: %w", key, err)
				}
				return err == nil
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// add adds what another part has counted, but for the past, which one part has alone.
func (t *totals) add(other totals) {
	t.base, t.clock = max(t.base, other.base), max(t.clock, other.clock)
	t.hash += other.hash
	t.configs += other.configs
	t.namespaces += other.namespaces
}

// add counts a record that was loaded, if it can be read.
func (p *part) add(key, value string) (err error) {
	switch {
	case key == baseKey:
		var b base
		b, err = decodeBase(value)
		p.base, p.clock = b.revision, max(p.clock, b.clock)
	case strings.HasPrefix(key, configs) && strings.Contains(key, "\x00"):
		_, err = decodeRecord(value)
	case strings.HasPrefix(key, namespaces):
		_, err = decodeNamespace(value)
	case strings.HasPrefix(key, pasts):
		err = p.past.load(key, value)
	case key == versions:
		p.floor, err = decodeMoment(value)
	case strings.HasPrefix(key, proposers):
		var last proposer
		last, err = decodeProposer(value)
		p.clock = max(p.clock, last.at)
	default:
		err = ErrNewerFormat
	}
	if err == nil {
		if at := p.totals.count(key, value, +1); at != 0 {
			p.deadlines = append(p.deadlines, deadline{at, key})
		}
	}
	return err
}
