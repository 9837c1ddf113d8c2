package store

import (
	"strings"
	"testing"
	"time"
)

// Whoever asks how the file stands does not wait for a disk that takes its time.
func TestTheStatusDoesNotWaitForTheDisk(t *testing.T) {
	s, err := Open(Dir(t.TempDir()))
	if err != nil {
		t.Fatal(err)
	}
	p := &pause{at: make(chan struct{}), end: make(chan struct{}), after: goOn, operation: "sync", nth: 1}
	s.file.fs = &watched{FS: s.file.fs, before: p.before}
	restored, asked := make(chan error), make(chan FileStatus, 1)
	go func() { restored <- s.Restore(rooted(t).Snapshot()) }()
	<-p.at
	go func() { asked <- s.FileStatus() }()
	select {
	case <-asked:
	case <-time.After(10 * time.Second):
		t.Error("it waits")
	}
	close(p.end)
	if err := <-restored; err != nil {
		t.Fatal(err)
	}
	if st := s.FileStatus(); st.Size != s.file.size || st.Compact != st.Size {
		t.Errorf("%+v", st)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// What is no longer true in a file is known again after a restart: a file that is opened again and
// again does not outgrow its content all the more, and what a flush deleted does not stay in it.
func TestARestartKnowsWhatTheFileHoldsInVain(t *testing.T) {
	dir := Dir(t.TempDir())
	n := openNode(t, dir)
	n.do(set("large", strings.Repeat("v", 1<<20)))
	n.do(flush)              // it is not written anew: it has not grown by as much as it may
	const history = 50 << 10 // what is left of the large value, compressed
	for range 2 {
		if err := n.Close(); err != nil {
			t.Fatal(err)
		}
		n.Store = openNode(t, dir).Store
		n.file.slack = 1 << 10
		if st := n.FileStatus(); st.Compact > history {
			t.Errorf("%+v", st)
		}
		n.do(set("small", "1"))
		n.rewriting.Wait()
		if st := n.FileStatus(); st.Size > history {
			t.Errorf("%+v", st)
		}
	}
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
}
