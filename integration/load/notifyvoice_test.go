package load

import "testing"

// What is in doubt may come, late, or never, and only once; all else comes in its order.
func TestHearing(t *testing.T) {
	for _, c := range []struct {
		what   string
		unsure []uint64 // of 1 to 20, which were sent; 10 of them before the subscription
		lossy  bool
		heard  []uint64
		wrong  int // how many of them are
		whole  bool
	}{
		{"all", nil, false, []uint64{11, 12, 13, 14, 15, 16, 17, 18, 19, 20}, 0, true},
		{"some of before", nil, false, []uint64{9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20}, 0, true},
		{"a gap within before", nil, false, []uint64{8, 10}, 1, false},
		{"a gap at the beginning", nil, false, []uint64{12, 13}, 1, false},
		{"a gap", nil, false, []uint64{11, 13}, 1, false},
		{"the end is missing", nil, false, []uint64{11, 12}, 0, false},
		{"twice", nil, false, []uint64{11, 12, 12}, 1, false},
		{"going back", nil, false, []uint64{11, 12, 13, 11}, 1, false},
		{"swapped", nil, false, []uint64{11, 13, 12}, 2, false},
		{"beyond what was sent", nil, false, []uint64{21}, 1, false},
		{"in doubt, and never", []uint64{12, 13}, false, []uint64{11, 14, 15, 16, 17, 18, 19, 20}, 0, true},
		{"in doubt, and late", []uint64{12}, false, []uint64{11, 13, 14, 12, 15}, 0, false},
		{"in doubt, and late twice", []uint64{12}, false, []uint64{11, 13, 12, 12}, 1, false},
		{"in doubt, and in time and late", []uint64{12}, false, []uint64{11, 12, 13, 12}, 1, false},
		{"in doubt, from long before", []uint64{3}, false, []uint64{3, 11, 12}, 0, false},
		{"in doubt, and at the end", []uint64{20}, false, []uint64{11, 12, 13, 14, 15, 16, 17, 18, 19}, 0, true},
		{"with losses", nil, true, []uint64{13, 17, 20}, 0, true},
		{"with losses, and back", nil, true, []uint64{13, 17, 15}, 1, false},
	} {
		v := newVoice("v")
		v.sent = 10
		for _, n := range c.unsure {
			v.unsure[n] = struct{}{}
		}
		h := hear(v, c.lossy)
		v.sent = 20
		wrong := 0
		for _, n := range c.heard {
			if h.take(n) != nil {
				wrong++
			}
		}
		if wrong != c.wrong || h.complete() != c.whole {
			t.Errorf("%s: %d are wrong, complete: %v", c.what, wrong, h.complete())
		}
	}
}

// What stands for a number is understood as the nearest one that it may stand for.
func TestNearest(t *testing.T) {
	for next := uint64(1); next < 3000; next += 7 {
		h := hear(newVoice("v"), false)
		h.next = next
		for n := max(next, 257) - 256; n < next+256; n++ {
			if got := h.nearest(n%512, 512); got != n {
				t.Fatalf("with %d next %d is understood as %d", next, n, got)
			}
		}
	}
}
