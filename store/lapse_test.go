package store

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// The watcher is told once of each config that has expired, whether or not it is removed, in the order in
// which they expire.
func TestTheWatcherIsToldOfWhatHasExpired(t *testing.T) {
	n := newNode(t)
	w := &told{store: n.Store}
	n.Watch(w)
	n.do(setUntil("a/late", 3000), setUntil("a/soon", 2000), setUntil("b", 2000), setUntil("confman/tokens/x", 1500), set("stays", "1"))
	w.lines = nil
	for _, step := range []struct {
		now  Millis
		left Millis
		told string
	}{
		{1500, 500, ""}, {1999, 1, ""}, {2000, 0, "lapsed b a/soon"}, {2500, 500, ""}, {1000, 2000, ""}, {9000, 0, "lapsed a/late"},
	} {
		if left, some := n.NextLapse(step.now); left != step.left || !some {
			t.Errorf("at %d the next one lapses in %d ms, %v", step.now, left, some)
		}
		n.Lapse(step.now)
		if got := strings.Join(w.lines, ", "); got != step.told {
			t.Errorf("at %d: told %q, want %q", step.now, got, step.told)
		}
		w.lines = nil
	}
	if left, some := n.NextLapse(9000); some {
		t.Errorf("there is another one, in %d ms", left)
	}
	n.do(setUntil("later", 9500))
	if left, some := n.NextLapse(9000); left != 500 || !some {
		t.Errorf("%d, %v", left, some)
	}
}

// Nobody waits long for that: of many it is told a thousand at a time.
func TestManyThatExpireAtOnce(t *testing.T) {
	n := newNode(t)
	for i := range 5 {
		n.do(func(tx *Tx) error {
			for j := range 500 {
				if err := tx.Set(fmt.Sprintf("many/%d", 500*i+j), "1", 2000); err != nil {
					return err
				}
			}
			return nil
		})
	}
	w := &told{store: n.Store}
	n.Watch(w)
	w.lines = nil
	for range 4 {
		n.Lapse(2000)
	}
	var counts []int
	names := map[string]bool{}
	for _, line := range w.lines {
		counts = append(counts, strings.Count(line, "many/"))
		for _, name := range strings.Fields(line) {
			names[name] = true
		}
	}
	if !slices.Equal(counts, []int{1000, 1000, 500}) || len(names) != 2501 {
		t.Errorf("told of %d, %d together", counts, len(names))
	}
}
