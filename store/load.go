package store

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"

	"github.com/tidwall/buntdb"
)

// Load makes a store that keeps no file out of a file's content: of the whole frames that it begins with. It fails if it cannot be
// read, or one of them holds what this version cannot read. Of what follows them nothing may be left, so
// content that ends in damage is read twice.
func Load(content io.ReadSeeker) (*Store, Extent, error) {
	l, err := load(content)
	extent := l.extent
	if extent.Damaged() {
		if _, err = content.Seek(0, io.SeekStart); err == nil {
			l, err = load(io.LimitReader(content, extent.Whole))
		}
	}
	if err != nil {
		return nil, extent, err
	}
	return l.store(), extent, nil
}

// loaded is what frames have made.
type loaded struct {
	state
	extent  Extent // of the frames; none if they could not be read
	compact int64  // about how many bytes would hold the state if they held nothing else
}

var errDamaged = errors.New("the frames do not go to the end")

// load makes a state of whole frames. The extent is known even if that fails, unless they cannot be read.
func load(content io.Reader) (l loaded, err error) {
	if l.db, err = buntdb.Open(":memory:"); err != nil {
		return l, err
	}
	l.archive, l.expiries, l.milestones = newArchive(), newExpiries(), &milestones{}
	var r replayed
	err = l.db.Update(func(tx *buntdb.Tx) (err error) {
		r, err = replay(tx, l.archive, readFrames(content))
		return err
	})
	if l.extent = r.extent; l.extent.Damaged() {
		err = errDamaged // whatever was replayed, and however that went
	}
	if err == nil {
		l.applied = r.index
		l.compact, err = l.sumUp(r)
	}
	if err == nil {
		err = l.db.View(func(tx *buntdb.Tx) error {
			l.tallies = l.tallies.under(loadPolicies(l.in(tx)), l.in(tx))
			return nil
		})
	}
	if err != nil {
		return loaded{extent: l.extent}, errors.Join(fmt.Errorf("load: %w", err), l.db.Close())
	}
	return l, nil
}

// store makes a store of it that keeps no file.
func (l loaded) store() *Store {
	f := &file{fs: nowhere{}, open: nowhere{}, slack: slack, piece: pieceBytes, size: l.extent.Whole, compact: l.compact}
	f.show()
	return &Store{file: f, state: l.state}
}

// Loading has the processors share the work: one parses records while another puts them in their order, and then the state
// is counted in parts. Whoever restarts a node with a million configs waits for it.

// replayed is what the replay of a file tells about it, and about the state that it has left.
type replayed struct {
	extent  Extent
	index   uint64 // of its last whole frame
	indexed int    // how many records are to be in the index
	middle  string // a key with about as many of them before it as behind it
}

// A record is one of the file's, copied out of it.
type record struct {
	key, value string
	delete     bool
}

// A page is as many records as are handed on at once.
const page = 512

// parse copies records out of frames into pages, which it gets empty.
func parse(from *frameReader, empty <-chan []record, pages chan<- []record) {
	defer close(pages)
	some := <-empty
	for key, value, more := from.next(); more; key, value, more = from.next() {
		if some = append(some, record{string(key), string(value), value == nil}); len(some) == page {
			pages <- some
			some = (<-empty)[:0]
		}
	}
	pages <- some
}

// replay does in an empty database what records say. BuntDB could read them itself, but would allocate
// eight times for each.
func replay(tx *buntdb.Tx, a *archive, from *frameReader) (r replayed, err error) {
	if err := tx.DeleteAll(); err != nil { // so that it does not note for each record how to undo it
		return r, err
	}
	const atOnce = 4
	empty, pages := make(chan []record, atOnce), make(chan []record, atOnce)
	for range atOnce {
		empty <- nil
	}
	go parse(from, empty, pages)
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
		empty <- some
	}
	if slices.Sort(every); len(every) > 0 {
		r.middle = every[len(every)/2]
	}
	r.index = from.index
	extent, failed := from.end()
	if failed != nil {
		return r, failed
	}
	r.extent = extent
	return r, err
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
	default:
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
