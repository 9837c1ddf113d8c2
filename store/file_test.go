package store

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/tidwall/buntdb"
)

// history writes entries to a store and keeps the hash of the state after each.
type history struct {
	log    []Indexed
	hashes []uint64 // by index; 0 is the empty store
	slack  int64    // how much a file may outgrow its content; 0 for as much as usual
}

// newHistory makes entries that count, so that one lost or applied twice shows.
func newHistory(t *testing.T, entries int) *history {
	n := newNode(t)
	h := &history{hashes: []uint64{0}}
	for i := range entries {
		e := n.evaluate(
			count("counter"),
			count(fmt.Sprintf("ns/%d", i%7)),
			set("text", strings.Repeat("\r\n$3\x00\xff", i%50)),
			del(fmt.Sprintf("ns/%d", i%11)),
		)
		n.apply(e)
		h.log = append(h.log, Indexed{n.index, e})
		_, hash := n.Hash()
		h.hashes = append(h.hashes, hash)
	}
	return h
}

func count(name string) func(*Tx) error {
	return func(tx *Tx) error {
		rec, _ := tx.Get(name)
		n, _ := strconv.Atoi(rec.Value)
		return tx.Set(name, strconv.Itoa(n+1), 0)
	}
}

// write applies the history to a store in a folder, from where the store stands.
func (h *history) write(fs FS) (synced uint64, err error) {
	s, err := Open(fs)
	if err != nil {
		return 0, err
	}
	if h.slack > 0 {
		s.file.slack = h.slack
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	for _, e := range h.log[s.Applied():] {
		if _, err := s.Apply([]Indexed{e}); err != nil {
			return synced, err
		}
		if e.Index%5 == 0 {
			if err := s.Sync(); err != nil {
				return synced, err
			}
			synced = e.Index
		}
	}
	return synced, nil
}

// check opens the folder and fails unless it holds the state of some index from at least on.
func (h *history) check(t *testing.T, fs FS, least uint64) (index uint64) {
	t.Helper()
	s, err := Open(fs)
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	defer s.Close()
	index, hash := s.Hash()
	if hash != h.hashes[index] {
		t.Fatalf("at index %d the state is one that never was", index)
	}
	if index < least {
		t.Fatalf("index %d: lost entries up to %d, which were synced", index, least)
	}
	return index
}

func TestRestart(t *testing.T) {
	h, dir := newHistory(t, 60), Dir(t.TempDir())
	for range 3 {
		if _, err := h.write(dir); err != nil {
			t.Fatal(err)
		}
		if index := h.check(t, dir, 60); index != 60 {
			t.Errorf("index %d", index)
		}
	}
	info, err := os.Stat(dir.path(FileName))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
}

// content returns the bytes that a history leaves in a file.
func (h *history) content(t *testing.T) []byte {
	dir := Dir(t.TempDir())
	if _, err := h.write(dir); err != nil {
		t.Fatal(err)
	}
	b, err := dir.ReadFile(FileName)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestAFileCutAnywhereHoldsAWholeState(t *testing.T) {
	h := newHistory(t, 40)
	b := h.content(t)
	seen := map[uint64]bool{}
	for n := range len(b) + 1 {
		dir := memory{FileName: b[:n:n]}
		seen[h.check(t, dir, 0)] = true
	}
	t.Logf("%d cuts gave %d different states", len(b)+1, len(seen))
	if len(seen) != 41 {
		t.Errorf("%d states seen, want 41", len(seen))
	}
}

func TestEveryFlippedBitIsNoticed(t *testing.T) {
	h := newHistory(t, 40)
	b := h.content(t)
	if len(b) < 16<<10 {
		t.Fatalf("the file has only %d bytes", len(b))
	}
	flipped := append([]byte(nil), b...)
	for i := range b {
		for bit := range 8 {
			flipped[i] ^= 1 << bit
			e, index := scan(flipped)
			if e.Whole > int64(i) || index >= 40 {
				t.Fatalf("bit %d of byte %d: %+v, up to index %d", bit, i, e, index)
			}
			flipped[i] = b[i]
		}
	}
	for i := 0; i < len(b); i += 97 { // and what is left opens
		flipped[i] ^= 0x10
		h.check(t, memory{FileName: append([]byte(nil), flipped...)}, 0)
		flipped[i] = b[i]
	}
	t.Logf("%d flips noticed", 8*len(b))
}

// A file that is damaged in the middle loses nothing for good: what lies behind the damage is
// kept, and with what was left makes up every byte of the file.
func TestWhatIsCutOffIsKept(t *testing.T) {
	h := newHistory(t, 20)
	b := h.content(t)
	b[len(b)/2] ^= 1
	folder := memory{FileName: bytes.Clone(b)}
	h.check(t, folder, 0)
	e, _ := scan(b)
	if got := append(b[:e.Whole:e.Whole], folder[cutName]...); !bytes.Equal(got, b) {
		t.Errorf("%d bytes were whole and %d kept, of %d", e.Whole, len(folder[cutName]), len(b))
	}
}

func TestPlainBuntDBOpensTheFile(t *testing.T) {
	h, dir := newHistory(t, 20), Dir(t.TempDir())
	if _, err := h.write(dir); err != nil {
		t.Fatal(err)
	}
	db, err := buntdb.Open(dir.path(FileName))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	err = db.View(func(tx *buntdb.Tx) error {
		value, err := tx.Get(configKey("counter"))
		if rec, _ := decodeRecord(value); rec.Value != "20" {
			t.Errorf("counter = %q", rec.Value)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestTheFileIsWrittenAnewWhenItHasOutgrownItsContent(t *testing.T) {
	dir := Dir(t.TempDir())
	s, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	n := &node{T: t, Store: s, now: 1000}
	value := strings.Repeat("v", 1<<20)
	for range 30 {
		n.do(set("same", value))
	}
	s.rewriting.Wait()
	n.do(set("same", value))
	s.rewriting.Wait()
	info, err := os.Stat(dir.path(FileName))
	if err != nil || info.Size() > 2*slack {
		t.Errorf("%d bytes for one config of a mebibyte, %v", info.Size(), err)
	}
	_, want := s.Hash()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if s, err = Open(dir); err != nil {
		t.Fatal(err)
	}
	if index, hash := s.Hash(); index != 31 || hash != want {
		t.Errorf("after compaction and restart: index %d", index)
	}
}

// Entries go on being applied while the file is written anew, over and over; a restart finds
// all of them.
func TestWritingAnewLosesNothing(t *testing.T) {
	h, dir := newHistory(t, 1500), Dir(t.TempDir())
	h.slack = 1 << 10
	if _, err := h.write(dir); err != nil {
		t.Fatal(err)
	}
	if index := h.check(t, dir, 1500); index != 1500 {
		t.Errorf("index %d", index)
	}
	info, err := os.Stat(dir.path(FileName))
	h.slack = 0
	if whole := int64(len(h.content(t))); err != nil || info.Size() > whole/2 {
		t.Errorf("the file has %d bytes, and had %d when it was never written anew, %v", info.Size(), whole, err)
	}
}

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

// An error of any operation stops the store, is returned from then on, and leaves a
// folder that opens to a whole state with everything that was synced.
func TestAnErrorAtEveryOperation(t *testing.T) {
	h := newHistory(t, 25)
	for at, failures := 1, 0; ; at++ {
		fs := &failing{FS: Dir(t.TempDir()), at: at}
		synced, err := h.write(fs)
		if fs.operations < at {
			t.Logf("%d errors, each noticed", failures)
			break
		}
		failures++
		if !errors.Is(err, errInjected) {
			t.Fatalf("operation %d failed, but: %v", at, err)
		}
		h.check(t, fs.FS, synced)
		if _, err := h.write(fs.FS); err != nil {
			t.Fatal(err)
		}
		h.check(t, fs.FS, 25)
	}
}

func TestAfterAnErrorTheStoreStaysStopped(t *testing.T) {
	h := newHistory(t, 3)
	fs := &failing{FS: Dir(t.TempDir()), at: 1 << 30}
	s, err := Open(fs)
	if err != nil {
		t.Fatal(err)
	}
	fs.at = fs.operations + 1
	if _, err := s.Apply(h.log[:1]); !errors.Is(err, errInjected) {
		t.Fatalf("apply: %v", err)
	}
	if s.Applied() != 0 {
		t.Error("what is not in the file can be seen")
	}
	if _, err := s.Apply(h.log[:1]); !errors.Is(err, errInjected) {
		t.Errorf("apply again: %v", err)
	}
	if err := s.Sync(); !errors.Is(err, errInjected) {
		t.Errorf("sync: %v", err)
	}
}

// The process dies at an unknown moment: what it had reported as applied is there.
func TestKill(t *testing.T) {
	if dir := os.Getenv("CONFMAN_TEST_WRITE"); dir != "" {
		writeUntilKilled(dir)
	}
	h := newHistory(t, 400)
	for range 5 {
		dir := t.TempDir()
		cmd := exec.Command(os.Args[0], "-test.run=^TestKill$")
		cmd.Env = append(os.Environ(), "CONFMAN_TEST_WRITE="+dir)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		var reported uint64
		for reported < 50 {
			if _, err := fmt.Fscanln(out, &reported); err != nil {
				t.Fatal(err)
			}
		}
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		for { // what it had said before it died
			if _, err := fmt.Fscanln(out, &reported); err != nil {
				break
			}
		}
		_ = cmd.Wait() // killed
		h.check(t, Dir(dir), reported)
	}
}

// writeUntilKilled applies a history and prints each index that it has applied.
func writeUntilKilled(dir string) {
	h := newHistory(&testing.T{}, 400)
	s, err := Open(Dir(dir))
	if err != nil {
		panic(err)
	}
	for _, e := range h.log {
		if _, err := s.Apply([]Indexed{e}); err != nil {
			panic(err)
		}
		fmt.Println(e.Index)
	}
	select {}
}

func TestNothingElseLiesInTheFolder(t *testing.T) {
	h, dir := newHistory(t, 10), Dir(t.TempDir())
	if _, err := h.write(dir); err != nil {
		t.Fatal(err)
	}
	names, err := filepath.Glob(dir.path("*"))
	if err != nil || len(names) != 1 {
		t.Errorf("%v, %v", names, err)
	}
}
