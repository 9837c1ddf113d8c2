package store

import (
	"fmt"
	"math/rand"
	"slices"
	"testing"
)

// crowd makes a node with n configs, half of them in one namespace, the others in many of
// their own; of every tenth the name has expired. It returns the names that can be seen.
func crowd(t *testing.T, count int) (n *node, names []string) {
	n = newNode(t)
	var dos []func(*Tx) error
	for i := range count {
		name := fmt.Sprintf("large/%05d", i)
		if i%2 == 1 {
			name = fmt.Sprintf("small/%05d/x", i)
		}
		expires := Millis(0)
		if i%10 == 3 {
			expires = n.now + 1
		} else {
			names = append(names, name)
		}
		dos = append(dos, func(tx *Tx) error { return tx.Set(name, "v", expires) })
	}
	n.do(dos...)
	n.do(set("confman/x", "1"), set("root", "1"))
	n.now += 2
	slices.Sort(names)
	return n, append(names, "root")
}

// spread draws often, and wants each hundred of the names to come about as often as the next.
func spread(t *testing.T, names []string, draw func() (string, bool)) {
	t.Helper()
	const per, each = 100, 400
	groups := make([]int, (len(names)+per-1)/per)
	for range each * len(names) / per {
		name, found := draw()
		at, known := slices.BinarySearch(names, name)
		if !found || !known {
			t.Fatalf("%q, %v is drawn", name, found)
		}
		groups[at/per]++
	}
	for i, times := range groups[:len(groups)-1] { // the last is smaller
		if times < each*3/4 || times > each*5/4 {
			t.Errorf("names from %s on are drawn %d times, want about %d", names[i*per], times, each)
		}
	}
}

// Whether there are few or many: all are as likely.
func TestChanceIsFair(t *testing.T) {
	t.Parallel() // it takes long
	for _, count := range []int{500, rounds(8000)} {
		n, names := crowd(t, count)
		slices.Sort(names)
		r := rand.New(rand.NewSource(1))
		inLarge := slices.DeleteFunc(slices.Clone(names), func(name string) bool { return name[:1] != "l" })
		spaces := slices.DeleteFunc(slices.Clone(names), func(name string) bool { return name[:1] == "l" })
		for i, name := range spaces {
			if name != "root" {
				spaces[i] = name[:len(name)-len("/x")]
			}
		}
		spaces = append(spaces, "large")
		slices.Sort(spaces)
		_ = n.View(n.now, func(tx *Tx) error {
			spread(t, names, func() (string, bool) { return tx.DrawName(r.Intn) })
			spread(t, spaces, func() (string, bool) { return tx.DrawKey(r.Intn) })
			spread(t, inLarge, func() (string, bool) {
				item, found := tx.Draw("large", r.Intn)
				return Join("large", item.Key), found
			})
			return nil
		})
	}
}

// counting counts the records that are looked at.
type counting struct {
	source
	n *int
}

func (c counting) ascend(s span, visit func(key, value string) bool) {
	c.source.ascend(s, func(key, value string) bool {
		*c.n++
		return visit(key, value)
	})
}

// To draw one takes as long however many there are.
func TestChanceIsCheap(t *testing.T) {
	n, _ := crowd(t, 30_000)
	r := rand.New(rand.NewSource(1))
	for what, draw := range map[string]func(tx *Tx) bool{
		"a config": func(tx *Tx) bool { _, found := tx.DrawName(r.Intn); return found },
		"a key":    func(tx *Tx) bool { _, found := tx.DrawKey(r.Intn); return found },
		"a field":  func(tx *Tx) bool { _, found := tx.Draw("large", r.Intn); return found },
	} {
		looks := 0
		_ = n.View(n.now, func(tx *Tx) error {
			tx.src = counting{tx.src, &looks}
			for range 200 {
				if !draw(tx) {
					t.Errorf("%s: nothing is drawn", what)
				}
			}
			return nil
		})
		if looks > 200*3000 {
			t.Errorf("%s: %d of 30,000 records are looked at", what, looks/200)
		}
	}
}

// Milestones follow what is written and deleted, and a restart finds the same ones.
func TestMilestonesAreKept(t *testing.T) {
	n, names := crowd(t, 3000)
	var dos []func(*Tx) error
	for _, name := range names[:len(names)/2] {
		dos = append(dos, del(name))
	}
	n.do(dos...)
	n.do(set("small/00001/y", "1"))
	again := OpenMemory()
	if err := again.Restore(n.Snapshot()); err != nil {
		t.Fatal(err)
	}
	got, want := n.milestones.keys.Keys(), again.milestones.keys.Keys()
	if !slices.Equal(got, want) || len(want) < 10 {
		t.Errorf("%d milestones, want %d", len(got), len(want))
	}
}

// Where there is nothing, nothing is drawn, and what a transaction has written can be.
func TestChanceSeesWhatThereIs(t *testing.T) {
	n := newNode(t)
	n.do(set("confman/x", "1"))
	n.do(func(tx *Tx) error {
		for range 2 {
			name, found := tx.DrawName(rand.Intn)
			key, also := tx.DrawKey(rand.Intn)
			item, within := tx.Draw("a", rand.Intn)
			if empty := name == "" && key == "" && item.Key == ""; empty != (tx.Count() == 0) || found != !empty || also != found || within != found {
				t.Errorf("%q %v, %q %v, %q %v", name, found, key, also, item.Key, within)
			}
			if err := tx.Set("a/b", "1", 0); err != nil {
				return err
			}
		}
		return nil
	})
}
