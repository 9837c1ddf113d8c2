package store

import (
	"errors"
	"io/fs"
	"math/rand"
	"syscall"
	"testing"
)

// faulty applies a history to folders in which the first operation fails, then to such in
// which the second does, and so on, and calls check after each.
func faulty(t *testing.T, h *history, f fault, careless bool, check func(fs *failing, synced uint64, err error)) {
	for at := 1; ; at++ {
		folder := &failing{FS: Dir(t.TempDir()), fault: f, careless: careless, at: at}
		synced, err := h.write(folder)
		if folder.operations < at {
			t.Logf("%s: %d operations", f.name, at-1)
			return
		}
		check(folder, synced, err)
	}
}

// An error of any operation stops the store, is returned from then on, and leaves a
// folder that opens to a whole state with everything that was synced. Only if there was no
// room for a new file, the store goes on with the old one.
func TestAnErrorAtEveryOperation(t *testing.T) {
	t.Parallel() // it takes long
	h := newHistory(t, 25)
	h.slack, h.wait = 2<<10, true
	for _, f := range faults {
		borne := 0
		faulty(t, h, f, false, func(folder *failing, synced uint64, err error) {
			switch {
			case err == nil && f.err == syscall.ENOSPC:
				borne++
				if synced != 25 {
					t.Fatalf("operation %d failed, and only %d entries were applied", folder.at, synced)
				}
			case !errors.Is(err, f.err):
				t.Fatalf("%s: operation %d failed, but: %v", f.name, folder.at, err)
			}
			h.check(t, folder.FS, synced)
			if _, err := h.write(folder.FS); err != nil {
				t.Fatal(err)
			}
			h.check(t, folder.FS, 25)
			if _, err := ReadFile(folder.FS, newName); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("%s: operation %d failed, and %s is left: %v", f.name, folder.at, newName, err)
			}
		})
		if (borne > 0) != (f.err == syscall.ENOSPC) {
			t.Errorf("%s: %d errors were borne", f.name, borne)
		}
	}
}

// So do errors while a file is written anew and entries are applied, and power cuts after them.
func TestAnErrorWhileTheFileIsWrittenAnew(t *testing.T) {
	t.Parallel() // it takes long
	h := newHistory(t, 60)
	h.slack, h.settle = 2<<10, true
	r := rand.New(rand.NewSource(1))
	borne := 0
	for range rounds(600) {
		disk := newPowered()
		folder := &failing{FS: disk, fault: faults[r.Intn(len(faults))], at: 1 + r.Intn(100)}
		synced, err := h.write(folder)
		switch {
		case folder.operations < folder.at:
		case err == nil && folder.err == syscall.ENOSPC:
			borne++
		case !errors.Is(err, folder.err):
			t.Fatalf("%s: operation %d failed, but: %v", folder.name, folder.at, err)
		}
		for range 5 {
			h.check(t, disk.cut(r), synced)
		}
	}
	if borne == 0 || h.both == 0 {
		t.Errorf("%d errors were borne, %d entries went to two files", borne, h.both)
	}
}

// A store that took no notice of a write's error would lose what was synced, or hold a state
// that never was.
func TestAnErrorThatNobodyNoticesIsFound(t *testing.T) {
	h := newHistory(t, 25)
	for _, f := range faults {
		found := 0
		faulty(t, h, f, true, func(folder *failing, synced uint64, err error) {
			if err != nil {
				t.Fatal(err)
			}
			if _, err := h.verify(folder.FS, synced); err != nil {
				found++
			}
		})
		if found < 25 {
			t.Errorf("%s: ignored at each of 25 entries, it did harm %d times", f.name, found)
		}
	}
}

func TestAfterAnErrorTheStoreStaysStopped(t *testing.T) {
	h := newHistory(t, 3)
	fs := &failing{FS: Dir(t.TempDir()), fault: faults[0]}
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
