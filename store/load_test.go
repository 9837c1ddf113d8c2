package store

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

// However many records are parsed, put in order and counted at once, what is loaded is what there was.
func TestLoadOfManyPagesIsWhatThereWas(t *testing.T) {
	n, random := newNode(t), rand.New(rand.NewPCG(1, 2))
	for range 40 {
		var all []func(*Tx) error
		for range 200 {
			name := fmt.Sprintf("site/%d/key-%d", random.IntN(50), random.IntN(100))
			switch random.IntN(6) {
			case 0:
				all = append(all, del(name))
			case 1:
				at := n.now + Millis(1+random.IntN(1e6))
				all = append(all, func(tx *Tx) error { return tx.Set(name, "soon", at) })
			default:
				all = append(all, set(name, fmt.Sprint(random.Uint64())))
			}
		}
		n.apply(n.evaluate(all...))
		n.now++
	}
	was, kept, due := n.totals, n.archive.archived, n.expiries.clients.Items()
	if was.configs < 4*page {
		t.Fatalf("%d configs are not many pages", was.configs)
	}
	n.replaced(false)
	n.indexIsTheTree()
	if n.totals != was {
		t.Errorf("%+v was loaded, and was %+v", n.totals, was)
	}
	if n.archive.archived != kept {
		t.Errorf("%+v was loaded of versions, and was %+v", n.archive.archived, kept)
	}
	if !slices.Equal(n.expiries.clients.Items(), due) {
		t.Error("other configs expire")
	}
}
