package store

import (
	"bytes"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// archiveHolds checks what an archive knows of itself against a walk over its shelves.
func (n *node) archiveHolds() {
	n.Helper()
	is := n.archive
	var sums archived
	if is.floor != (moment{}) {
		sums.raise(is.floor)
	}
	queued := map[*ended]bool{}
	for i := range is.order.len() {
		e := is.order.at(i)
		if i > 0 && is.order.at(i-1).before(e) >= 0 {
			n.Errorf("%q did not end before %q", is.order.at(i-1).key(), e.key())
		}
		queued[e] = true
	}
	for config, shelf := range is.shelves {
		for i, e := range shelf {
			sums.tally(e, +1)
			if !queued[e] || e.dropped != 0 || e.config != config || i > 0 && shelf[i-1].number >= e.number {
				n.Errorf("%q stands in a wrong place", e.key())
			}
		}
		if _, there := n.Store.index[config]; !there && !is.gone.Contains(config) || len(shelf) == 0 {
			n.Errorf("%d versions are kept of %q, which nobody finds", len(shelf), config)
		}
	}
	is.gone.Scan(func(config string) bool {
		if len(is.shelves[config]) == 0 {
			n.Errorf("of %q there is nothing", config)
		}
		return true
	})
	if is.archived != sums {
		n.Errorf("the archive comes to %+v, want %+v", is.archived, sums)
	}
}

// Versions stay where they are in a queue, so a copy of it is what it was.
func TestACopyOfAQueueIsWhatItWas(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	var q queue
	var want []uint64
	type past struct {
		queue
		want []uint64
	}
	var pasts []past
	for number := uint64(1); number <= 20*queuePiece; number++ {
		q.add(&ended{number: number})
		if want = append(want, number); random.IntN(3) == 0 {
			n := random.IntN(min(len(want), 5) + 1)
			q.take(n)
			want = want[n:]
		}
		if random.IntN(queuePiece) == 0 {
			n := random.IntN(len(want) + 1)
			q.take(n)
			want = want[n:]
			pasts = append(pasts, past{q.copy(), slices.Clone(want)})
		}
	}
	for _, p := range append(pasts, past{q, want}) {
		var got []uint64
		for i := range p.len() {
			got = append(got, p.at(i).number)
		}
		if !slices.Equal(got, p.want) {
			t.Errorf("it holds %v, want %v", got, p.want)
		}
	}
	if len(q.pieces) > q.len()/queuePiece+2 {
		t.Errorf("%d versions are in %d pieces", q.len(), len(q.pieces))
	}
}

// Changes are the same whether they are few or many.
func TestChangesAreFoundByTheirKeys(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	for range 200 {
		var m changed
		want := map[string]change{}
		for i := range random.IntN(4 * fewChanges) {
			key := fmt.Sprint(random.IntN(30))
			if random.IntN(4) == 0 {
				m.delete(key)
				delete(want, key)
			} else {
				m.set(key, change{value: fmt.Sprint(i)})
				want[key] = change{value: fmt.Sprint(i)}
			}
		}
		keys := slices.Sorted(maps.Keys(want))
		from := fmt.Sprint(random.IntN(30))
		at, _ := slices.BinarySearch(keys, from)
		var all, behind []string
		m.all(func(key string, c change) bool {
			if all = append(all, key); c != want[key] {
				t.Errorf("at %s is %+v, want %+v", key, c, want[key])
			}
			return true
		})
		m.from(from, func(key string, _ change) bool { behind = append(behind, key); return true })
		if !slices.Equal(all, keys) || !slices.Equal(behind, keys[at:]) || m.len() != len(keys) {
			t.Fatalf("%d changes: %v, and from %s on %v, want %v", m.len(), all, from, behind, keys)
		}
		for i := range 30 {
			key := fmt.Sprint(i)
			c, found := m.get(key)
			if w, wanted := want[key]; found != wanted || c != w {
				t.Errorf("at %s is %+v, %v, want %+v", key, c, found, w)
			}
		}
		m.clear()
		if _, found := m.get("1"); found || m.len() != 0 {
			t.Error("what was cleared is there")
		}
	}
}

// Whoever reads a snapshot gets the versions that were kept when it was taken, whatever has ended and was dropped since.
func TestASnapshotHoldsTheVersionsOfItsTime(t *testing.T) {
	n := newNode(t)
	n.do(func(tx *Tx) error { return tx.SetSettings("few", Settings{Keep: 3}) })
	write := func(from, to int) {
		for i := from; i < to; i++ {
			n.do(set("few/x", fmt.Sprint(i)), set("many/x", fmt.Sprint(i)), set(fmt.Sprint("gone/", i%7), "1"), del(fmt.Sprint("gone/", i%5)))
		}
	}
	write(0, 50)
	var now bytes.Buffer
	if _, err := n.Snapshot().WriteTo(&now); err != nil {
		t.Fatal(err)
	}
	sn := n.Snapshot()
	sn.pageRecords = 7
	var then bytes.Buffer
	for i := 50; ; i++ { // it is read while all goes on
		b := make([]byte, 500)
		read, err := sn.Read(b)
		if err != nil {
			break
		}
		then.Write(b[:read])
		write(i, i+1)
		if i == 60 {
			n.do(set(historyBytes, "4000"))
		}
	}
	if n.archive.floor == (moment{}) {
		t.Fatal("nothing was forgotten meanwhile")
	}
	if !bytes.Equal(then.Bytes(), now.Bytes()) {
		t.Errorf("%d bytes, and others than the %d of its time", then.Len(), now.Len())
	}
	n.archiveHolds()
}

// What KEEP drops in the middle does not pile up in the order in which versions ended.
func TestWhatIsDroppedInTheMiddleDoesNotPileUp(t *testing.T) {
	n := newNode(t)
	n.do(func(tx *Tx) error { return tx.SetSettings("few", Settings{Keep: 2}) }, set("old/x", "1"), set("few/x", ""))
	n.do(set("old/x", "2")) // it ended first, and stays
	for i := range 10 * queuePiece {
		n.do(set("few/x", fmt.Sprint(i)))
	}
	if got := n.archive.order.len(); n.archive.versions != 3 || got > 2*queuePiece+3 {
		t.Errorf("%d versions are kept of %d", n.archive.versions, got)
	}
	n.archiveHolds()
	n.do(set(historyBytes, "0"), set("few/x", "last"))
	if n.archive.versions != 0 || n.story("old/x") != "v2=2 current" {
		t.Errorf("%d versions are kept: %s", n.archive.versions, n.story("old/x"))
	}
}

// A version can get the number of one that was forgotten, in the file too.
func TestANumberComesAgain(t *testing.T) {
	n := openNode(t, Dir(t.TempDir()))
	n.do(set("x", "a"))
	n.do(del("x"))
	n.do(set(historyBytes, "300")) // too little for two versions
	n.do(set("y", "b"))
	n.do(del("y")) // x is forgotten
	n.do(set("x", "c"))
	n.do(del("x"))
	_, want := n.Hash()
	if got := n.story("x"); got != "v1=c deleted r7 1000 alice" {
		t.Error(got)
	}
	n.archiveHolds()
	n.Store = reopened(t, n)
	if _, hash := n.Hash(); hash != want || n.story("x") != "v1=c deleted r7 1000 alice" {
		t.Errorf("loaded: %s", n.story("x"))
	}
	n.archiveHolds()
}

// A transaction sees what those before it in its entry have ended: it is told the version that its config will have.
func TestAVersionIsKnownWithinAnEntry(t *testing.T) {
	n := newNode(t)
	n.do(set("x", "a"))
	n.do(set("x", "b"))
	var seen Record
	n.do(del("x"), set("x", "c"), get("x", &seen))
	if got := n.story("x"); seen.Version != 3 || !strings.HasPrefix(got, "v3=c current; v2=b deleted") {
		t.Errorf("version %d was seen of %s", seen.Version, got)
	}
}
