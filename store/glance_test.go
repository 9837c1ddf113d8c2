package store

import (
	"bytes"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/tidwall/buntdb"
)

// indexIsTheTree checks that the index holds what BuntDB does, but for what is kept of the past.
func (n *node) indexIsTheTree() {
	n.Helper()
	tree := index{}
	_ = n.db.View(func(tx *buntdb.Tx) error {
		database{Tx: tx}.ascend(everything, func(key, value string) bool {
			if indexed(key) {
				tree[key] = value
			}
			return true
		})
		return nil
	})
	if !maps.Equal(n.Store.index, tree) {
		n.Errorf("the index has %d records, the tree has %d", len(n.Store.index), len(tree))
	}
}

// holds reports whether there is a record of a name, as a config or as a namespace, live or not.
func (n *node) holds(name string) bool {
	_, config := n.Store.index[configKey(name)]
	_, space := n.Store.index[namespaceKey(name)]
	return config || space
}

// glances checks that a glance sees of some names and namespaces what a transaction does.
func (n *node) glances(names, spaces []string) {
	n.Helper()
	_ = n.View(n.now, func(tx *Tx) error {
		n.Glance(n.now, func(g Glance) {
			for _, name := range names {
				ns, key := Split(name)
				rec, there := tx.Get(name)
				value, found := g.Get([]byte(name))
				in, foundIn := g.In([]byte(ns), []byte(key))
				if found != there || foundIn != there || there && (value != rec.Value || in != rec.Value) {
					n.Errorf("%s is %q, %v in a glance, %q, %v in its namespace, and %q, %v in a transaction", name, value, found, in, foundIn, rec.Value, there)
				}
			}
			for _, name := range slices.Concat(names, spaces) {
				_, there := tx.Get(name)
				plain := !strings.HasPrefix(name, "/") && name != ""
				switch nothing := g.Nothing([]byte(name)); {
				case nothing && (there || tx.IsNamespace(name) || !plain):
					n.Errorf("%q is nothing in a glance, and something in a transaction", name)
				case !nothing && plain && !n.holds(name):
					n.Errorf("%q is something in a glance, and nothing was ever written there", name)
				}
			}
			for _, ns := range spaces {
				var items []Item
				more, err := g.Items([]byte(ns), 100, func(item Item) { items = append(items, item) })
				if want := tx.List(ns); err != nil || more || !slices.Equal(items, want) {
					n.Errorf("of %q a glance shows %v, %v, %v; it has %v", ns, items, more, err, want)
				}
				revision, found := g.Revision([]byte(ns))
				as := ns
				if as == "" {
					as = "/"
				}
				if want := tx.Revision(as); revision != want || found != (want > 0) {
					n.Errorf("%q was changed at %d, %v in a glance, and at %d", ns, revision, found, want)
				}
			}
		})
		return nil
	})
}

// Whatever is written, flushed, expires, or is replaced by another state, a glance sees what a transaction does.
func TestAGlanceSeesWhatATransactionDoes(t *testing.T) {
	names := []string{"root", "a/b", "a/c", "a/d/e", "b/x", "b/y", "c", "missing", "a/missing"}
	spaces := []string{"", "a", "a/d", "b", "none"}
	for seed := range uint64(10) {
		random := rand.New(rand.NewPCG(seed, 5))
		n := newNode(t)
		for step := range 300 {
			write := func(tx *Tx) error {
				name := names[random.IntN(7)]
				switch random.IntN(10) {
				case 0, 1, 2:
					tx.Delete(name)
				case 3, 4:
					return tx.Set(name, fmt.Sprint(step), n.now+Millis(1+random.IntN(20)))
				case 5:
					return tx.Set("confman/settings/x", fmt.Sprint(step), 0)
				default:
					return tx.Set(name, fmt.Sprint(step), 0)
				}
				return nil
			}
			do := []func(*Tx) error{write, write, write}
			if random.IntN(20) == 0 {
				do[random.IntN(3)] = flush
			}
			n.apply(n.evaluate(do...))
			n.now += Millis(random.IntN(5))
			if random.IntN(50) == 0 {
				n.replaced(random.IntN(2) == 0)
			}
			n.indexIsTheTree()
			n.glances(names, spaces)
			if t.Failed() {
				t.Fatalf("seed %d, step %d", seed, step)
			}
		}
		if err := n.Close(); err != nil {
			t.Fatal(err)
		}
		n.Glance(n.now, func(g Glance) {
			if value, found := g.Get([]byte("root")); found {
				t.Errorf("a store that is closed has %q", value)
			}
			if g.Nothing([]byte("missing")) {
				t.Error("of a store that is closed nobody knows what is not in it")
			}
		})
	}
}

// replaced puts the node's state in its place again, as a snapshot that comes from elsewhere, or by opening its file.
func (n *node) replaced(whole bool) {
	n.Helper()
	var state bytes.Buffer
	sn := n.Snapshot()
	defer sn.Close()
	if _, err := state.ReadFrom(sn); err != nil {
		n.Fatal(err)
	}
	if whole {
		other := newNode(n.T)
		other.do(set("of/another", "state"), set("a/b", "too"))
		if err := other.Restore(&state); err != nil {
			n.Fatal(err)
		}
		n.Store = other.Store
		return
	}
	again, _, err := Load(bytes.NewReader(state.Bytes()))
	if err != nil {
		n.Fatal(err)
	}
	n.Store = again
}

// What a system namespace has nobody glances at: a transaction knows who may see it.
func TestNobodyGlancesAtTheSystem(t *testing.T) {
	n := newNode(t)
	n.do(set("confman/settings/x", "1"), set("confmanual/x", "2"))
	n.Glance(n.now, func(g Glance) {
		value, found := g.Get([]byte("confman/settings/x"))
		_, known := g.Revision([]byte("confman/settings"))
		if nothing := g.Nothing([]byte("confman/none")); found || known || nothing {
			t.Errorf("%q, %v, %v", value, known, nothing)
		}
	})
}
