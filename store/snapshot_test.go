package store

import (
	"errors"
	"fmt"
	"io"
	"math/rand"
	"runtime"
	"strconv"
	"strings"
	"testing"
)

func TestSnapshotMovesTheWholeState(t *testing.T) {
	h := newHistory(t, 30)
	from, to := Dir(t.TempDir()), Dir(t.TempDir())
	if _, err := h.write(from); err != nil {
		t.Fatal(err)
	}
	s, err := Open(from)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	if _, err := s.Snapshot().WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	other, err := Open(to)
	if err != nil {
		t.Fatal(err)
	}
	for n := 0; n < b.Len(); n += 101 {
		if err := other.Restore(strings.NewReader(b.String()[:n])); err == nil {
			t.Fatalf("%d of %d bytes were restored", n, b.Len())
		}
	}
	if index, hash := other.Hash(); index != 0 || hash != 0 {
		t.Error("failed restores have left something")
	}
	if err := other.Restore(strings.NewReader(b.String())); err != nil {
		t.Fatal(err)
	}
	if index, hash := other.Hash(); index != 30 || hash != h.hashes[30] {
		t.Errorf("restored index %d", index)
	}
	if err := other.Close(); err != nil {
		t.Fatal(err)
	}
	h.check(t, to, 30)
}

// readAmid applies the history and takes snapshots of it on the way, which it reads bit by
// bit between entries. It calls check with each.
func (h *history) readAmid(t *testing.T, begun func(*Store), check func(revision uint64, content string)) {
	r := rand.New(rand.NewSource(3))
	s := OpenMemory()
	reading := map[*Snapshot]*strings.Builder{}
	read := func(sn *Snapshot, most int) {
		n, err := io.CopyN(reading[sn], sn, int64(most))
		if err != nil && err != io.EOF {
			t.Fatal(err)
		}
		if n < int64(most) {
			check(sn.Revision(), reading[sn].String())
			delete(reading, sn)
		}
	}
	for _, e := range h.log {
		if _, err := s.Apply([]Indexed{e}); err != nil {
			t.Fatal(err)
		}
		if r.Intn(3) == 0 {
			sn := s.Snapshot()
			sn.pageRecords = 1 + r.Intn(4)
			reading[sn] = &strings.Builder{}
			begun(s)
		}
		for sn := range reading {
			read(sn, r.Intn(300))
		}
	}
	for len(reading) > 0 {
		for sn := range reading {
			read(sn, 1<<20)
		}
	}
	if s.openSnapshots() != nil {
		t.Errorf("%d snapshots that were read to their ends are left", len(s.snapshots))
	}
}

func TestASnapshotIsOneStateWhateverIsAppliedMeanwhile(t *testing.T) {
	h := newHistory(t, 300)
	snapshots := 0
	h.readAmid(t, func(*Store) {}, func(revision uint64, content string) {
		snapshots++
		s, extent, err := Load(strings.NewReader(content))
		if err != nil || extent.Damaged() || extent.Frames != 1 {
			t.Fatalf("%+v, %v", extent, err)
		}
		if index, hash := s.Hash(); index != revision || hash != h.hashes[revision] {
			t.Errorf("at revision %d the snapshot holds a state that never was", revision)
		}
		_ = s.Close()
	})
	t.Logf("%d snapshots", snapshots)
}

// If nobody kept the old records, the test above would see states that never were.
func TestASnapshotWithoutOldRecordsIsNoticed(t *testing.T) {
	h := newHistory(t, 36) // no flush: it would close the database of forgotten snapshots
	never := 0
	h.readAmid(t, func(s *Store) { s.snapshots = nil }, func(revision uint64, content string) {
		s, _, err := Load(strings.NewReader(content))
		if err != nil {
			t.Fatal(err)
		}
		if _, hash := s.Hash(); hash != h.hashes[revision] {
			never++
		}
		_ = s.Close()
	})
	if never == 0 {
		t.Error("a snapshot that is read over changing records is right all the same: the test proves nothing")
	}
	t.Logf("%d held a state that never was", never)
}

func TestASnapshotEndsWithItsState(t *testing.T) {
	frame := func(s *Store) string {
		var b strings.Builder
		_, _ = s.Snapshot().WriteTo(&b)
		return b.String()
	}
	for what, end := range map[string]func(*Store, *Snapshot) error{
		"closed":         func(_ *Store, sn *Snapshot) error { return sn.Close() },
		"store closed":   func(s *Store, _ *Snapshot) error { return s.Close() },
		"store restored": func(s *Store, _ *Snapshot) error { return s.Restore(strings.NewReader(frame(s))) },
	} {
		s := grown(t).Store
		sn := s.Snapshot()
		sn.pageRecords = 2
		if _, err := sn.Read(make([]byte, 10)); err != nil {
			t.Fatal(err)
		}
		if err := end(s, sn); err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, sn); !errors.Is(err, errGone) {
			t.Errorf("%s: %v", what, err)
		}
		if err := sn.Close(); err != nil {
			t.Errorf("%s, and closed: %v", what, err)
		}
	}
}

func TestForgottenSnapshotsKeepNothing(t *testing.T) {
	n := newNode(t)
	for range 3 {
		_, _ = n.Snapshot().Read(make([]byte, 1))
	}
	runtime.GC()
	n.do(set("x", "1"))
	if len(n.snapshots) != 0 {
		t.Errorf("%d snapshots", len(n.snapshots))
	}
}

// Two configs always add up to nothing. Readers see so while other states are put in place.
func TestRestoreIsAtomic(t *testing.T) {
	frames := make([]string, 2)
	for i := range frames {
		n := newNode(t)
		for j := range 500 {
			n.do(set("a", strconv.Itoa(i*1000+j)), set("b", strconv.Itoa(-i*1000-j)))
		}
		for j := range 3000 { // so that restoring takes a while
			n.do(set(fmt.Sprintf("ns/%d", j), "x"))
		}
		var b strings.Builder
		if _, err := n.Snapshot().WriteTo(&b); err != nil {
			t.Fatal(err)
		}
		frames[i] = b.String()
	}
	s, err := Open(Dir(t.TempDir()))
	if err != nil {
		t.Fatal(err)
	}
	restored := make(chan error)
	go func() {
		defer close(restored)
		for i := range 20 {
			restored <- s.Restore(strings.NewReader(frames[i%2]))
		}
	}()
	seen := map[string]bool{}
	for {
		select {
		case err, more := <-restored:
			if !more {
				t.Logf("%d states seen", len(seen))
				return
			}
			if err != nil {
				t.Fatal(err)
			}
		default:
		}
		var a, b Record
		var both int
		_ = s.View(0, func(tx *Tx) error {
			a, _ = tx.Get("a")
			runtime.Gosched()
			both = tx.Count()
			b, _ = tx.Get("b")
			return nil
		})
		x, _ := strconv.Atoi(a.Value)
		y, _ := strconv.Atoi(b.Value)
		if x+y != 0 || both != 0 && both != 3002 {
			t.Fatalf("a = %q, b = %q, %d configs", a.Value, b.Value, both)
		}
		seen[a.Value] = true
	}
}
