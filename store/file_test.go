package store

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/tidwall/buntdb"
)

// history writes entries to a store and keeps the hash of the state after each.
type history struct {
	log    []Indexed
	hashes []uint64 // by index; 0 is the empty store
	piece  int      // how many bytes of a flush are written at a time; 0 for as many as usual
	slack  int64    // how much a file may outgrow its content; 0 for as much as usual
	wait   bool     // apply nothing while the file is written anew
	settle bool     // when all is applied, wait until the file is written anew, and sync
	both   int      // how many entries went to two files
}

// newHistory makes entries that count and leave a trace, so that one lost or applied twice
// shows. From time to time one deletes everything first.
func newHistory(t *testing.T, entries int) *history { return newFlushingHistory(t, entries, 37) }

// newFlushingHistory makes such entries, of which one of so many flushes.
func newFlushingHistory(t *testing.T, entries, every int) *history {
	n := newNode(t)
	h := &history{hashes: []uint64{0}}
	for i := range entries {
		e := n.evaluate(
			func(tx *Tx) error {
				if i%every == every-1 {
					tx.Flush()
				}
				return nil
			},
			count("counter"),
			set(fmt.Sprintf("trace/%d", i), ""),
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
	if h.piece > 0 {
		s.file.piece = h.piece
	}
	if h.slack > 0 {
		s.file.slack = h.slack
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	for _, e := range h.log[s.Applied():] {
		if s.writesBoth() {
			h.both++
		}
		if _, err := s.Apply([]Indexed{e}); err != nil {
			return synced, err
		}
		if h.wait {
			s.rewriting.Wait()
		}
		if e.Index%5 == 0 {
			if err := s.Sync(); err != nil {
				return synced, err
			}
			synced = e.Index
		}
	}
	if h.settle {
		s.rewriting.Wait()
		return synced, s.Sync()
	}
	return synced, nil
}

// writesBoth reports whether frames go to the old and the new file now.
func (s *Store) writesBoth() bool {
	s.file.mu.Lock()
	defer s.file.mu.Unlock()
	return s.file.next != nil && s.file.next.both
}

// check opens the folder and fails unless it holds the state of some index from at least on.
func (h *history) check(t *testing.T, fs FS, least uint64) (index uint64) {
	t.Helper()
	index, err := h.verify(fs, least)
	if err != nil {
		t.Fatal(err)
	}
	return index
}

// verify says what is wrong with a folder.
func (h *history) verify(fs FS, least uint64) (index uint64, err error) {
	s, err := Open(fs)
	if err != nil {
		return 0, fmt.Errorf("open: %w", err)
	}
	defer s.Close()
	index, hash := s.Hash()
	if index >= uint64(len(h.hashes)) || hash != h.hashes[index] {
		return index, fmt.Errorf("at index %d the state is one that never was", index)
	}
	if index < least {
		return index, fmt.Errorf("index %d: lost entries up to %d, which were synced", index, least)
	}
	return index, nil
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
	b, err := ReadFile(dir, FileName)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestAFileCutAnywhereHoldsAWholeState(t *testing.T) {
	t.Parallel() // it takes long
	h := newHistory(t, 20)
	b := h.content(t)
	seen := map[uint64]bool{}
	cuts := 0
	for n := len(b); n >= 0; n -= every() {
		cuts++
		dir := memory{FileName: b[:n:n]}
		seen[h.check(t, dir, 0)] = true
	}
	t.Logf("%d cuts gave %d different states", cuts, len(seen))
	if len(seen) != 21 {
		t.Errorf("%d states seen, want 21", len(seen))
	}
}

func TestEveryFlippedBitIsNoticed(t *testing.T) {
	t.Parallel() // it takes long
	h := newHistory(t, 20)
	b := h.content(t)
	if len(b) < 16<<10 {
		t.Fatalf("the file has only %d bytes", len(b))
	}
	flipped := append([]byte(nil), b...)
	flips := 0
	for i := 0; i < len(b); i += every() {
		for bit := range 8 {
			flips++
			flipped[i] ^= 1 << bit
			e, index := scan(flipped)
			if e.Whole > int64(i) || index >= 20 {
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
	t.Logf("%d flips noticed", flips)
}

// plain returns the hash of the state that a file's content holds if BuntDB alone reads it,
// and the error that BuntDB ends with; what it read before stays.
func plain(t *testing.T, content []byte) (hash uint64, err error) {
	db, failed := buntdb.Open(":memory:")
	if failed != nil {
		t.Fatal(failed)
	}
	defer db.Close()
	err = db.Load(bytes.NewReader(content))
	_ = db.View(func(tx *buntdb.Tx) error {
		return tx.Ascend("", func(key, value string) bool {
			if key != "" && strings.Contains(configs+namespaces+proposers, key[:1]) {
				hash += hashOf(key, value)
			}
			return true
		})
	})
	return hash, err
}

// Without frames the same cuts leave halves of batches, and the same flips make other states,
// and many of both go unnoticed. If they did not, the tests above would prove nothing.
func TestDamageIsNotNoticedWithoutFrames(t *testing.T) {
	h := newHistory(t, 40)
	b := h.content(t)
	cuts, halves, quiet, flips, wrong := 0, 0, 0, 0, 0
	for n := 0; n < len(b); n += 23 * every() {
		cuts++
		if hash, err := plain(t, b[:n]); !slices.Contains(h.hashes, hash) {
			halves++
			if err == nil {
				quiet++
			}
		}
	}
	for i := 0; i < len(b); i += 23 * every() {
		flips++
		b[i] ^= 1 << (i % 8)
		if hash, err := plain(t, b); err == nil && hash != h.hashes[40] {
			wrong++
		}
		b[i] ^= 1 << (i % 8)
	}
	t.Logf("of %d cuts %d left half a batch, %d without an error; of %d flips %d changed the state, without an error",
		cuts, halves, quiet, flips, wrong)
	if halves == 0 || wrong == 0 {
		t.Error("BuntDB alone reads whole states only")
	}
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

// If there is no room for that, what came of it takes none of what is wanted for the rest.
func TestWhatCannotBeKeptTakesNoRoom(t *testing.T) {
	b := newHistory(t, 20).content(t)
	for _, operation := range []int{3, 4} { // write, sync; before them it is read and created
		folder := memory{FileName: b[:len(b)-1]}
		_, err := Open(&failing{FS: folder, fault: fault{"ENOSPC", syscall.ENOSPC, true}, at: operation})
		if kept, found := folder[cutName]; found || !errors.Is(err, syscall.ENOSPC) {
			t.Errorf("operation %d: %v, and %d bytes are left", operation, err, len(kept))
		}
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

// A store that does not fit is not opened, and its folder is left as it was, damage and all.
func TestAStoreThatDoesNotFitIsLeftAlone(t *testing.T) {
	h := newHistory(t, 20)
	b := h.content(t)
	b[len(b)/2] ^= 1
	folder := memory{FileName: bytes.Clone(b)}
	unfit := errors.New("unfit")
	_, err := OpenIf(folder, func(s *Store) error {
		if s.Applied() == 0 || s.Applied() >= 20 {
			t.Errorf("asked about a store at index %d", s.Applied())
		}
		return unfit
	})
	if !errors.Is(err, unfit) || len(folder) != 1 || !bytes.Equal(folder[FileName], b) {
		t.Errorf("%v; the folder has %d files", err, len(folder))
	}
}
