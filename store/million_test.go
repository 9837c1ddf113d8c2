package store

import (
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"
)

// What a million configs of 100 bytes take: to apply, to open, in memory, in the file, and of
// the time of those who apply entries while all of them are copied. It runs with
// CONFMAN_MILLION=1, as make soak does.
func TestAMillion(t *testing.T) {
	if os.Getenv("CONFMAN_MILLION") != "1" {
		t.Skip("CONFMAN_MILLION=1 measures a million configs")
	}
	dir := Dir(t.TempDir())
	applyMillion(t, dir)
	info, err := os.Stat(dir.path(FileName))
	if err != nil {
		t.Fatal(err)
	}
	before, start := heap(), time.Now()
	s, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	took := time.Since(start)
	t.Logf("open: %v, %d bytes of memory and %d of file per config", took, (heap()-before)/million, info.Size()/million)
	if took > 3*time.Second {
		t.Errorf("opening took %v, want at most 3s", took)
	}
	start = time.Now()
	sn := s.Snapshot()
	t.Logf("snapshot: %v", time.Since(start))
	_ = sn.Close() // never fails
	holdUp(t, s, "a snapshot is read", func(ended chan<- error) {
		sn := s.Snapshot()
		go func() {
			_, err := io.Copy(io.Discard, sn)
			ended <- err
		}()
	})
	holdUp(t, s, "the file is written anew", func(ended chan<- error) {
		err := s.startRewrite()
		go func() {
			s.rewriting.Wait()
			ended <- err
		}()
	})
	_, want := s.Hash()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if s, err = Open(dir); err != nil {
		t.Fatal(err)
	}
	if _, hash := s.Hash(); hash != want {
		t.Error("the file that was written anew holds another state")
	}
	flushMillion(t, s)
}

// flushMillion deletes all of them at once, and measures how long that keeps readers waiting.
func flushMillion(t *testing.T, s *Store) {
	const most = 200 * time.Millisecond // on a machine that is busy with it
	next := s.Applied() + 1
	e := Entry{Node: 1, Seq: next, At: 1000, Txns: []Txn{{Flush: true}}}
	ended := make(chan error, 1)
	start := time.Now()
	go func() {
		_, err := s.Apply([]Indexed{{next, e}})
		ended <- err
	}()
	var worst time.Duration
	for n := million; n > 0; {
		begun := time.Now()
		_ = s.View(0, func(tx *Tx) error { n = tx.Count(); return nil })
		worst = max(worst, time.Since(begun))
	}
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	t.Logf("flush: %v, and readers waited for %v at worst", time.Since(start), worst)
	if worst > most {
		t.Errorf("readers waited for %v, want at most %v", worst, most)
	}
	start = time.Now()
	s.rewriting.Wait()
	t.Logf("and then %v until the file was written anew", time.Since(start))
}

const million = 1_000_000

var hundred = strings.Repeat("v", 100)

// applyMillion makes a store of a million configs.
func applyMillion(t *testing.T, dir FS) {
	s, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	const perEntry = 1000
	for i := range million / perEntry {
		e := Entry{Node: 1, Seq: uint64(i + 1), At: 1000, Txns: []Txn{{By: "alice"}}}
		for j := range perEntry {
			n := i*perEntry + j
			e.Txns[0].Writes = append(e.Txns[0].Writes, Write{Name: fmt.Sprintf("site/%d/config-%d", n/100, n%100), Value: hundred})
		}
		if _, err := s.Apply([]Indexed{{uint64(i + 1), e}}); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("apply: %v", time.Since(start))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// holdUp measures how long an entry takes at worst to be applied from begin on until it has
// ended. On a busy machine anything can take long once, so the best of five times counts.
func holdUp(t *testing.T, s *Store, what string, begin func(ended chan<- error)) {
	const most = 50 * time.Millisecond
	best := time.Hour
	for range 5 {
		worst, entries := applyWhile(t, s, begin)
		t.Logf("while %s: at worst an entry took %v to apply, of %d", what, worst, entries)
		best = min(best, worst)
	}
	if best > most {
		t.Errorf("while %s, an entry took %v to apply, want at most %v", what, best, most)
	}
}

// applyWhile applies entries from begin on until it has ended.
func applyWhile(t *testing.T, s *Store, begin func(ended chan<- error)) (worst time.Duration, entries int) {
	ended := make(chan error, 1)
	begin(ended)
	for {
		select {
		case err := <-ended:
			if err != nil {
				t.Fatal(err)
			}
			return worst, entries
		default:
		}
		next := s.Applied() + 1
		e := Entry{Node: 1, Seq: next, At: 1000, Txns: []Txn{{Writes: []Write{
			{Name: fmt.Sprintf("site/%d/config-%d", next*7919%10_000, next%100), Value: hundred},
		}}}}
		start := time.Now()
		if _, err := s.Apply([]Indexed{{next, e}}); err != nil {
			t.Fatal(err)
		}
		worst = max(worst, time.Since(start))
		entries++
	}
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// What history takes: of memory and of the file, per version of a hundred bytes. It runs with
// CONFMAN_MILLION=1, as make soak does.
func TestWhatHistoryTakes(t *testing.T) {
	if os.Getenv("CONFMAN_MILLION") != "1" {
		t.Skip("CONFMAN_MILLION=1 measures what history takes")
	}
	const configs, versions = 100_000, 5
	s := OpenMemory()
	revision := uint64(0)
	write := func() time.Duration {
		start := time.Now()
		for i := range configs / 1000 {
			revision++
			if _, err := s.Apply([]Indexed{{revision, bulk(revision, 1000, fmt.Sprintf("site/%d", i))}}); err != nil {
				t.Fatal(err)
			}
		}
		return time.Since(start)
	}
	before := heap()
	first := write()
	without := heap()
	t.Logf("a config: %d bytes of memory", (without-before)/configs)
	var later time.Duration
	for range versions {
		later += write()
	}
	kept := uint64(s.archive.versions)
	t.Logf("a version that ended: %d bytes of memory, of which the past has a part; %d of the bound", (heap()-without)/kept, uint64(s.archive.bytes)/kept)
	t.Logf("a write over another took %.2f times as long as a first one", float64(later)/versions/float64(first))
	if kept != configs*versions {
		t.Errorf("%d versions are kept", kept)
	}
}

// What one write takes in the file, beside its name and value of a hundred bytes, with history and audit. It runs with
// CONFMAN_MILLION=1, as make soak does.
func TestWhatAWriteTakes(t *testing.T) {
	if os.Getenv("CONFMAN_MILLION") != "1" {
		t.Skip("CONFMAN_MILLION=1 measures what a write takes")
	}
	s, err := Open(Dir(t.TempDir()))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	s.file.slack = 1 << 40 // it is not written anew
	const writes = 10_000
	from := Origin{Addr: "10.0.0.9:51000", Protocol: "resp", Client: "deploy"}
	revision := uint64(0)
	for _, round := range []string{"making a config", "writing over it"} {
		before := s.file.size
		for i := range writes {
			revision++
			w := Write{Name: fmt.Sprintf("site/%d/config-%d", i/100, i%100), Value: hundred}
			e := Entry{Node: 1, Seq: revision, At: 1000, Txns: []Txn{{By: "alice", Origin: from, Writes: []Write{w}}}}
			if _, err := s.Apply([]Indexed{{revision, e}}); err != nil {
				t.Fatal(err)
			}
		}
		each := float64(s.file.size-before) / writes
		t.Logf("%s: %.0f bytes of the file, %.1f times what its name and value take", round, each, each/118)
	}
}
