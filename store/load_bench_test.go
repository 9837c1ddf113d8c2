package store

import (
	"bytes"
	"fmt"
	"testing"
)

// What it takes to load a file, per config of 100 bytes: one that was written anew, and one that
// grew an entry at a time.
func BenchmarkLoad(b *testing.B) {
	for _, configs := range []int{100_000, 1_000_000} {
		for _, anew := range []bool{true, false} {
			b.Run(fmt.Sprintf("configs=%d/anew=%t", configs, anew), func(b *testing.B) {
				content := fileOf(b, configs, anew)
				b.SetBytes(int64(len(content)))
				b.ReportAllocs()
				for b.Loop() {
					s, extent, err := Load(bytes.NewReader(content))
					if err != nil {
						b.Fatal(err)
					}
					if extent.Damaged() || s.totals.configs != configs {
						b.Fatalf("loaded %d configs, %+v", s.totals.configs, extent)
					}
					_ = s.Close() // it has no file
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*configs), "ns/config")
			})
		}
	}
}

// fileOf returns the content of a file that holds so many configs.
func fileOf(b *testing.B, configs int, anew bool) []byte {
	b.Helper()
	dir := Dir(b.TempDir())
	s, err := Open(dir)
	if err != nil {
		b.Fatal(err)
	}
	s.file.slack = 1 << 40 // it is written anew only if it is to be
	for n := 0; n < configs; n += 1000 {
		revision := uint64(n/1000 + 1)
		if _, err = s.Apply([]Indexed{{revision, thousand(revision)}}); err != nil {
			b.Fatal(err)
		}
	}
	if anew {
		err = s.Compact()
		s.rewriting.Wait()
	}
	if err == nil {
		err = s.Close()
	}
	content, failed := ReadFile(dir, FileName)
	if err != nil || failed != nil {
		b.Fatal(err, failed)
	}
	return content
}

// thousand is an entry that writes so many configs of a hundred bytes.
func thousand(revision uint64) Entry {
	e := bulk(revision, 1000, fmt.Sprintf("site/%d", revision))
	for i := range e.Txns[0].Writes {
		e.Txns[0].Writes[i].Value = hundred
	}
	return e
}
