package store

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand"
	"os"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
)

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

// stages are the operations of a rewrite, behind its first write, between which entries may
// be applied.
var stages = []struct {
	operation string
	nth       int
	both      bool // from here on frames go to both files
	named     bool // from here on the new file may have the name
}{
	{"sync", 1, false, false},
	{"sync", 2, true, false},
	{"rename", 1, true, true},
	{"sync the folder", 1, true, true},
}

// A pause holds up a rewrite before one of its operations.
type pause struct {
	at, end   chan struct{}
	after     func(operation string) error // what happens to the operations behind it
	passed    atomic.Bool
	operation string
	nth       int
}

func (p *pause) before(operation string) error {
	if p.passed.Load() {
		return p.after(operation)
	}
	if operation == p.operation {
		if p.nth--; p.nth == 0 {
			p.passed.Store(true)
			close(p.at)
			<-p.end
		}
	}
	return nil
}

// pausedRewrite applies the first 30 entries of a history, and starts to write the file anew
// until the given stage.
func pausedRewrite(t *testing.T, h *history, disk FS, stage int, after func(string) error) (*Store, *pause) {
	p := &pause{at: make(chan struct{}), end: make(chan struct{}), after: after}
	p.operation, p.nth = stages[stage].operation, stages[stage].nth
	s, err := Open(disk)
	if err != nil {
		t.Fatal(err)
	}
	s.file.fs = &watched{FS: disk, before: p.before}
	if err := errors.Join(applyAll(s, h.log[:30]), s.Sync(), s.startRewrite()); err != nil {
		t.Fatal(err)
	}
	<-p.at
	return s, p
}

func applyAll(s *Store, log []Indexed) error {
	for _, e := range log {
		if _, err := s.Apply([]Indexed{e}); err != nil {
			return err
		}
	}
	return nil
}

func goOn(string) error { return nil }

// However long a new file takes to be synced and to get its name, entries are applied and
// synced meanwhile, and whatever a power cut leaves holds those that were synced.
func TestWritingAnewHoldsUpNothing(t *testing.T) {
	h := newHistory(t, 50)
	r := rand.New(rand.NewSource(1))
	for i, stage := range stages {
		disk := newPowered()
		s, p := pausedRewrite(t, h, disk, i, goOn)
		if s.writesBoth() != stage.both {
			t.Errorf("before %s %d: both files are written: %v", stage.operation, stage.nth, s.writesBoth())
		}
		for synced := uint64(30); synced < 40; synced += 2 {
			if err := applyAll(s, h.log[synced:synced+2]); err != nil {
				t.Fatal(err)
			}
			for range 20 {
				h.check(t, disk.cut(r), synced)
			}
			if err := s.Sync(); err != nil {
				t.Fatal(err)
			}
			for range 20 {
				h.check(t, disk.cut(r), synced+2)
			}
		}
		close(p.end)
		s.rewriting.Wait()
		if err := errors.Join(applyAll(s, h.log[40:]), s.Sync(), s.Close()); err != nil {
			t.Fatal(err)
		}
		for range 20 {
			h.check(t, disk.cut(r), 50)
		}
	}
}

// If only the old file were synced while both are written, the test above would see that
// synced entries are lost.
func TestSyncingOnlyTheOldFileIsNoticed(t *testing.T) {
	h := newHistory(t, 50)
	r := rand.New(rand.NewSource(1))
	disk, lost := newPowered(), 0
	s, _ := pausedRewrite(t, h, disk, 3, func(operation string) error {
		if operation == "sync" {
			return errSkipped
		}
		return nil
	})
	if err := errors.Join(applyAll(s, h.log[30:40]), s.Sync()); err != nil {
		t.Fatal(err)
	}
	for range 100 {
		if _, err := h.verify(disk.cut(r), 40); err != nil {
			lost++
		}
	}
	if lost == 0 {
		t.Error("nothing was lost")
	}
	t.Logf("lost in %d of 100 power cuts", lost)
}

// When the disk gets full while both files are written, the store goes on with the old one
// as long as that has the name, and stops if it may not have it any more.
func TestNoRoomWhileBothFilesAreWritten(t *testing.T) {
	h := newHistory(t, 50)
	for i, stage := range stages[1:] {
		disk := newPowered()
		s, p := pausedRewrite(t, h, disk, i+1, func(operation string) error {
			if operation == "write" {
				return syscall.EDQUOT
			}
			return nil
		})
		err := s.Sync()
		if err == nil {
			err = applyAll(s, h.log[30:])
		}
		close(p.end)
		s.rewriting.Wait()
		if stage.named != errors.Is(err, syscall.EDQUOT) || stage.named != errors.Is(s.Sync(), syscall.EDQUOT) {
			t.Errorf("before %s: %v", stage.operation, err)
		}
		least := uint64(30)
		if err == nil {
			least = 50
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		h.check(t, disk, least)
		if _, err := ReadFile(disk, newName); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s is left: %v", newName, err)
		}
	}
}

// A store can be closed at any moment, and leaves one file.
func TestCloseEndsARewrite(t *testing.T) {
	h := newHistory(t, 30)
	for i := range stages {
		disk := newPowered()
		s, p := pausedRewrite(t, h, disk, i, goOn)
		closed := make(chan error)
		go func() { closed <- s.Close() }()
		close(p.end)
		if err := <-closed; err != nil {
			t.Error(err)
		}
		h.check(t, disk, 30)
		if len(disk.names) != 1 {
			t.Errorf("%d files are left", len(disk.names))
		}
	}
}

// On a full disk the store goes on, and tries again to write its file anew now and then.
func TestAFullDiskIsNoReasonToStop(t *testing.T) {
	h, dir := newHistory(t, 400), Dir(t.TempDir())
	full, tries := true, 0
	s, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	s.file.slack = 8 << 10
	s.file.fs = &watched{FS: dir, before: func(operation string) error {
		if operation == "create" {
			tries++
		}
		if operation == "write" && full {
			return fmt.Errorf("write: %w", syscall.ENOSPC)
		}
		return nil
	}}
	for _, e := range h.log {
		if err := applyAll(s, []Indexed{e}); err != nil {
			t.Fatal(err)
		}
		s.rewriting.Wait()
		if _, err := ReadFile(dir, newName); !errors.Is(err, fs.ErrNotExist) {
			t.Fatalf("%s is left: %v", newName, err)
		}
	}
	size := s.file.size
	if most := int(size / s.file.slack); tries < 2 || tries > most {
		t.Errorf("%d tries for %d bytes, want up to %d", tries, size, most)
	}
	full, s.file.enough = false, 0
	if err := s.startRewrite(); err != nil {
		t.Fatal(err)
	}
	s.rewriting.Wait()
	if s.file.size > size/2 {
		t.Errorf("with room again there are %d bytes, of %d", s.file.size, size)
	}
	if err := errors.Join(s.Sync(), s.Close()); err != nil {
		t.Fatal(err)
	}
	h.check(t, dir, 400)
}

// Whoever wants the file written anew may say so at any time, while entries are applied.
func TestCompactAtAnyTime(t *testing.T) {
	h, dir := newHistory(t, 300), Dir(t.TempDir())
	s, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	applied := make(chan error)
	go func() { applied <- applyAll(s, h.log) }()
	begun, refused := 0, 0
	for going := true; going; {
		select {
		case err := <-applied:
			if err != nil {
				t.Fatal(err)
			}
			going = false
		default:
		}
		switch err := errors.Join(s.Compact(), s.Sync()); {
		case err == nil:
			begun++
		case errors.Is(err, ErrCompacting):
			refused++
		default:
			t.Fatal(err)
		}
	}
	t.Logf("%d times, refused %d times", begun, refused)
	s.rewriting.Wait()
	if err := s.Compact(); err != nil {
		t.Fatal(err)
	}
	s.rewriting.Wait()
	if st := s.FileStatus(); st.Anew || st.Size != st.Compact || begun == 0 {
		t.Errorf("%+v", st)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := s.Compact(); !errors.Is(err, ErrClosed) {
		t.Errorf("when the store is closed: %v", err)
	}
	h.check(t, dir, 300)
}

// While it is written anew it is not begun again; where there is no room, it says so and goes on.
func TestCompactCannotAlwaysBegin(t *testing.T) {
	h, disk := newHistory(t, 40), newPowered()
	s, p := pausedRewrite(t, h, disk, 0, goOn)
	kept := len(s.snapshots)
	if err := s.Compact(); err != ErrCompacting || !s.FileStatus().Anew || len(s.snapshots) != kept {
		t.Errorf("while it is under way: %v, and what changes is kept for %d", err, len(s.snapshots))
	}
	close(p.end)
	s.rewriting.Wait()
	s.file.fs = &watched{FS: disk, before: func(string) error { return syscall.ENOSPC }}
	if err := s.Compact(); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("without room: %v", err)
	}
	if len(s.snapshots) != 0 {
		t.Error("what changes is kept for nobody")
	}
	if err := errors.Join(applyAll(s, h.log[30:]), s.Sync(), s.Close()); err != nil {
		t.Error(err)
	}
}

// Opening writes nothing, but for a file that has to be cut; what a rewrite has left is removed.
func TestOpenWritesNothing(t *testing.T) {
	h := newHistory(t, 10)
	b := h.content(t)
	folder := memory{FileName: b, newName: []byte("half")}
	counted := &failing{FS: folder}
	h.check(t, counted, 10)
	if counted.operations != 3 || len(folder) != 1 || string(folder[FileName]) != string(b) {
		t.Errorf("%d operations, and %d files", counted.operations, len(folder))
	}
}
