package store

import (
	"fmt"
	"testing"
)

// BenchmarkCheckedSet evaluates and applies a plain SET: as it was before anything was checked, and as
// it is with the settings of so many namespaces.
func BenchmarkCheckedSet(b *testing.B) {
	b.Run("unchecked", func(b *testing.B) { benchmarkSet(b, 0, func(tx *Tx) { tx.Unchecked() }) })
	for _, namespaces := range []int{0, 100} {
		b.Run(fmt.Sprint(namespaces), func(b *testing.B) { benchmarkSet(b, namespaces, func(*Tx) {}) })
	}
}

func benchmarkSet(b *testing.B, namespaces int, as func(*Tx)) {
	n := &node{T: new(testing.T), Store: OpenMemory(), now: 1000}
	for i := range namespaces {
		ns := fmt.Sprintf("prod/%d", i)
		n.do(settings(ns, Settings{Owner: "ops", Keep: 10, MaxKeys: 1000, Protect: yes(i%2 == 0)}))
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		name := fmt.Sprintf("prod/%d/timeout", i%100)
		n.do(func(tx *Tx) error { as(tx); return tx.Set(name, "30s", 0) })
	}
}
