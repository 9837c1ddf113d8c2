package store

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
)

// A flush is written in pieces. When the power is cut between two of them, or the file was synced there, nothing of it
// has happened.
func TestPowerCutsAmidAFlush(t *testing.T) {
	t.Parallel() // it takes long
	h := newFlushingHistory(t, 24, 6)
	h.piece, h.slack = 1, 2<<10
	halves := 0
	powerCuts(t, h, 2000, func(left *powered, synced uint64) {
		index := h.check(t, left, synced)
		if len(left.names[FileName].content) > 0 && (index+1)%6 == 0 && left.names[cutName] != nil {
			halves++
		}
		if _, err := h.write(left); err != nil {
			t.Fatal(err)
		}
		h.check(t, left, uint64(len(h.log)))
	})
	if halves < 100 {
		t.Errorf("half of a flush was cut off only %d times", halves)
	}
}

// A file that takes another's place while a frame is half written holds what both halves say, and so does one that
// is synced there.
func TestAFileIsTakenAmidAFrame(t *testing.T) {
	disk := newPowered()
	n := openNode(t, disk)
	n.do(set("a", "1"))
	p := &pause{at: make(chan struct{}), end: make(chan struct{}), after: goOn, operation: "sync", nth: 2}
	n.file.fs = &watched{FS: disk, before: p.before}
	if err := n.startRewrite(); err != nil {
		t.Fatal(err)
	}
	<-p.at // all frames go to both files
	put := func(to *pieces, name string) error {
		l := &layer{}
		rec := Record{Value: strings.Repeat(name, 100), Version: 1, Revision: 3}
		l.changes.set(configKey(name), change{value: rec.encode()})
		return to.changes(l.changes.all)
	}
	n.file.piece = 1
	err := n.file.appendPieces(3, func(to *pieces) error {
		if err := put(to, "b"); err != nil {
			return err
		}
		close(p.end)
		n.rewriting.Wait()
		if err := n.Sync(); err != nil {
			return err
		}
		return put(to, "c")
	})
	if err != nil || n.file.size != int64(len(disk.names[FileName].content)) || disk.names[newName] != nil {
		t.Fatalf("%v, %d bytes of %d", err, n.file.size, len(disk.names[FileName].content))
	}
	s, extent, err := Load(bytes.NewReader(disk.names[FileName].content))
	if err != nil || extent.Damaged() || extent.Frames != 2 || s.Applied() != 3 {
		t.Fatalf("%+v at %d, %v", extent, s.Applied(), err)
	}
	n.Store = s
	if got, want := n.show(), fmt.Sprintf("a=1 b=%s c=%s", strings.Repeat("b", 100), strings.Repeat("c", 100)); got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// Half a frame cannot be taken back, so the store stops if the other half does not come.
func TestHalfAFrameStopsTheStore(t *testing.T) {
	n := openNode(t, Dir(t.TempDir()))
	err := n.file.appendPieces(1, func(p *pieces) error {
		p.file.piece = 1
		if err := p.delete("ca"); err != nil {
			return err
		}
		return errInjected
	})
	if again := n.file.append(2, func(b []byte) []byte { return b }); err != errInjected || again != errInjected || n.Sync() != errInjected {
		t.Errorf("%v, then %v", err, again)
	}
}
