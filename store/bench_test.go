package store

import (
	"fmt"
	"testing"
)

// measured is how large a store is on which writes are measured, in configs, of 100 in a namespace.
const measured = 10_000

var measuredValue = fmt.Sprintf("%0100d", 0)

func measuredName(i int) string { return fmt.Sprintf("prod/service-%d/key-%d", i/100%100, i%100) }

// measuredStore returns a store with configs, and the number of its last entry.
func measuredStore(tb testing.TB) (s *Store, index uint64) {
	s = OpenMemory()
	tb.Cleanup(func() { _ = s.Close() })
	for i := 0; i < measured; i += 100 {
		index++
		if _, err := s.Apply([]Indexed{{index, measuredEntry(tb, s, index, i, 100)}}); err != nil {
			tb.Fatal(err)
		}
	}
	return s, index
}

// measuredEntry returns an entry with so many transactions, each of which sets a config, as those of clients do.
func measuredEntry(tb testing.TB, s *Store, seq uint64, from, sets int) Entry {
	e := Entry{Node: 1, Seq: seq, At: Millis(seq)}
	err := s.Evaluate(e.At, measuredUpdates(from, sets), func(_ int, txn Txn, err error) bool {
		if err != nil {
			tb.Fatal(err)
		}
		e.Txns = append(e.Txns, txn)
		return true
	})
	if err != nil {
		tb.Fatal(err)
	}
	return e
}

func measuredUpdates(from, sets int) []Update {
	updates := make([]Update, sets)
	for i := range updates {
		name := measuredName((from + i) % measured)
		updates[i] = Update{By: "default", Do: func(tx *Tx) error {
			tx.Origin(Origin{Addr: "127.0.0.1:43210", Protocol: "resp"})
			return tx.Set(name, measuredValue, 0)
		}}
	}
	return updates
}

// perSet reports the benchmark's time also for each SET of its entries.
func perSet(b *testing.B, sets int) {
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*sets), "ns/SET")
}

// BenchmarkEvaluate makes entries of SETs.
func BenchmarkEvaluate(b *testing.B) {
	for _, sets := range []int{1, 50} {
		b.Run(fmt.Sprintf("%d SETs", sets), func(b *testing.B) {
			s, _ := measuredStore(b)
			updates := measuredUpdates(0, sets)
			b.ReportAllocs()
			for b.Loop() {
				_ = s.Evaluate(1, updates, func(int, Txn, error) bool { return true })
			}
			perSet(b, sets)
		})
	}
}

// BenchmarkApply carries entries of SETs out.
func BenchmarkApply(b *testing.B) {
	for _, sets := range []int{1, 50} {
		b.Run(fmt.Sprintf("%d SETs", sets), func(b *testing.B) {
			s, index := measuredStore(b)
			var all []Indexed
			for i := 0; i < measured; i += sets {
				all = append(all, Indexed{Entry: measuredEntry(b, s, 0, i*7919, sets)})
			}
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				index++
				e := all[i%len(all)]
				e.Index, e.Entry.Seq, e.Entry.At = index, index, Millis(index)
				if _, err := s.Apply([]Indexed{e}); err != nil {
					b.Fatal(err)
				}
			}
			perSet(b, sets)
		})
	}
}

// BenchmarkGet reads a config.
func BenchmarkGet(b *testing.B) {
	s, _ := measuredStore(b)
	names := make([]string, 100)
	for i := range names {
		names[i] = measuredName(i * 7919 % measured)
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		_ = s.View(1, func(tx *Tx) error {
			if _, found := tx.Get(names[i%len(names)]); !found {
				b.Fatal("it is gone")
			}
			return nil
		})
	}
}

// BenchmarkEntry encodes and decodes entries of SETs.
func BenchmarkEntry(b *testing.B) {
	for _, sets := range []int{1, 50} {
		s, _ := measuredStore(b)
		e := measuredEntry(b, s, 1, 0, sets)
		encoded := e.Encode()
		b.Run(fmt.Sprintf("encode %d SETs", sets), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				e.Encode()
			}
		})
		b.Run(fmt.Sprintf("decode %d SETs", sets), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := DecodeEntry(encoded); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkRecord encodes and decodes a config.
func BenchmarkRecord(b *testing.B) {
	r := Record{Value: measuredValue, Version: 3, Revision: 1 << 20, Created: 1 << 40, Updated: 1 << 40, By: "default"}
	encoded := r.encode()
	b.Run("encode", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			r.encode()
		}
	})
	b.Run("decode", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := decodeRecord(encoded); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkFrame makes the frame of the file that a layer with 50 configs takes.
func BenchmarkFrame(b *testing.B) {
	var l batch
	for i := range 50 {
		rec := Record{Value: measuredValue, Version: 3, Revision: 1 << 20, Created: 1 << 40, Updated: 1 << 40, By: "default"}
		l.changes.set(configKey(measuredName(i)), change{value: rec.encode()})
	}
	var buffer []byte
	b.ReportAllocs()
	for b.Loop() {
		buffer = endFrame(appendChanges(buffer[:0], &l), 1<<20)
	}
	b.SetBytes(int64(len(buffer)))
}
