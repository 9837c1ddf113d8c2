package store

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"
)

// How long it takes to open a million configs of 100 bytes, and what they take. It runs
// with CONFMAN_MILLION=1, as make soak does.
func TestAMillion(t *testing.T) {
	if os.Getenv("CONFMAN_MILLION") != "1" {
		t.Skip("CONFMAN_MILLION=1 measures a million configs")
	}
	const configs, perEntry = 1_000_000, 1000
	dir := Dir(t.TempDir())
	s, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	value := strings.Repeat("v", 100)
	start := time.Now()
	for i := range configs / perEntry {
		e := Entry{Node: 1, Seq: uint64(i + 1), At: 1000, Txns: []Txn{{By: "alice"}}}
		for j := range perEntry {
			n := i*perEntry + j
			e.Txns[0].Writes = append(e.Txns[0].Writes, Write{Name: fmt.Sprintf("site/%d/config-%d", n/100, n%100), Value: value})
		}
		if _, err := s.Apply([]Indexed{{uint64(i + 1), e}}); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("apply: %v", time.Since(start))
	_, want := s.Hash()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(dir.path(FileName))
	if err != nil {
		t.Fatal(err)
	}
	before := heap()
	start = time.Now()
	if s, err = Open(dir); err != nil {
		t.Fatal(err)
	}
	took := time.Since(start)
	after := heap()
	if _, hash := s.Hash(); hash != want {
		t.Error("another state")
	}
	t.Logf("open: %v, %d bytes of memory and %d of file per config", took, (after-before)/configs, info.Size()/configs)
	start = time.Now()
	sn := s.Snapshot()
	t.Logf("snapshot: %v", time.Since(start))
	_ = sn.Close()
	if err := s.startRewrite(); err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() { s.rewriting.Wait(); close(done) }()
	var longest time.Duration
	entries := 0
	for seq := uint64(configs); ; seq++ {
		select {
		case <-done:
		default:
			start := time.Now()
			e := Entry{Node: 1, Seq: seq, At: 1000, Txns: []Txn{{Writes: []Write{{Name: "site/1/config-1", Value: value}}}}}
			if _, err := s.Apply([]Indexed{{seq, e}}); err != nil {
				t.Fatal(err)
			}
			longest = max(longest, time.Since(start))
			entries++
			continue
		}
		break
	}
	t.Logf("writing the file anew: at worst an entry took %v to apply, of %d meanwhile", longest, entries)
	_, want = s.Hash()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if s, err = Open(dir); err != nil {
		t.Fatal(err)
	}
	if _, hash := s.Hash(); hash != want {
		t.Error("the file that was written anew holds another state")
	}
	if took > 3*time.Second {
		t.Errorf("opening took %v, want at most 3s", took)
	}
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
