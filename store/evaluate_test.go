package store

import (
	"math/rand/v2"
	"testing"
)

// What a transaction sees of those before it in its entry is what will stand there, whatever steps these took to it, and
// whichever of those took back.
func TestTheNextOneSeesWhatWillStandThere(t *testing.T) {
	names := []string{"a", "b", "ns/c", "ns/d"}
	for seed := range uint64(50) {
		n, chance := newNode(t), rand.New(rand.NewPCG(seed, 0))
		step := func() func(*Tx) error {
			name := names[chance.IntN(len(names))]
			switch chance.IntN(8) {
			case 0:
				return flush
			case 1, 2:
				return del(name)
			case 3:
				return func(tx *Tx) error { // takes back what it does
					_ = tx.Try(func() error { _ = shout(name)(tx); tx.Delete("a"); return ErrChanged })
					return nil
				}
			}
			return shout(name)
		}
		for range 20 {
			n.now++
			saw := make([]Record, len(names))
			var steps, all []func(*Tx) error
			for range 1 + chance.IntN(4) {
				steps = append(steps, step())
			}
			all = append(all, step(), together(steps...), step())
			for i, name := range names {
				all = append(all, get(name, &saw[i]))
			}
			n.do(all...)
			for i, name := range names {
				var rec Record
				if err := n.View(n.now, get(name, &rec)); err != nil {
					t.Fatal(err)
				}
				rec.Revision, rec.Version = saw[i].Revision, saw[i].Version // of a new one nobody knows them before
				if rec != saw[i] {
					t.Fatalf("seed %d: %s was seen as %+v, and is %+v", seed, name, saw[i], rec)
				}
			}
		}
	}
}
