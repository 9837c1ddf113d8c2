package store

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"testing"
)

// settings says what a namespace is told about itself.
func settings(ns string, s Settings) func(*Tx) error {
	return func(tx *Tx) error { return tx.SetSettings(ns, s) }
}

// policies returns the settings as whoever looks at the store finds them.
func (n *node) policies() (p *Policies) {
	_ = n.View(n.now, func(tx *Tx) error { p = tx.Policies(); return nil })
	return p
}

// blind reports whether a transaction depends on nothing but the settings of namespaces.
func blind(txn Txn) bool {
	return len(txn.After) == 0 && len(txn.Guards) == 1 && txn.Guards[0].Key == settingsGuard
}

func yes(v bool) *bool { return &v }

func TestSettingsAreInherited(t *testing.T) {
	n := newNode(t)
	if got := n.policies().Of("prod/api"); !got.zero() {
		t.Errorf("settings that nobody made: %+v", got)
	}
	n.do(
		settings("", Settings{Description: "all", Owner: "ops", Keep: 5, Rules: []Rule{{"*", "required"}}}),
		settings("prod", Settings{Description: "production", Keep: 7, Age: 1000, Protect: yes(true), Strict: yes(true), MaxKeys: 10}),
		settings("prod/api/eu", Settings{Owner: "eu", MaxBytes: 99, Protect: yes(false), Rules: []Rule{{"t", "number"}}}),
	)
	p := n.policies()
	for ns, want := range map[string]Settings{
		"":            {Description: "all", Owner: "ops", Keep: 5, Rules: []Rule{{"*", "required"}}},
		"production":  {Owner: "ops", Keep: 5, Rules: []Rule{{"*", "required"}}},
		"prod":        {Description: "production", Owner: "ops", Keep: 7, Age: 1000, Protect: yes(true), Strict: yes(true), MaxKeys: 10, Rules: []Rule{{"*", "required"}}},
		"prod/api":    {Owner: "ops", Keep: 7, Age: 1000, Protect: yes(true), Strict: yes(true), MaxKeys: 10, Rules: []Rule{{"*", "required"}}},
		"prod/api/eu": {Owner: "eu", Keep: 7, Age: 1000, Protect: yes(false), Strict: yes(true), MaxKeys: 10, MaxBytes: 99, Rules: []Rule{{"*", "required"}, {"t", "number"}}},
	} {
		if got := p.Of(ns); !reflect.DeepEqual(got, want) {
			t.Errorf("%q: %+v, want %+v", ns, got, want)
		}
	}
	if got, want := p.Path("prod/api/eu/x"), []string{"", "prod", "prod/api/eu"}; !slices.Equal(got, want) {
		t.Errorf("Path = %q, want %q", got, want)
	}
	if own, found := p.Own("prod/api"); found || !own.zero() {
		t.Errorf("prod/api has settings of its own: %+v", own)
	}
	if n.policies() != p {
		t.Error("the settings were read again though they are the same")
	}
}

func TestSettingsComeAndGo(t *testing.T) {
	n := newNode(t)
	odd := []string{"", "a%2Fb", "a/b", "%2F", "%252F", "a/%", "ünï"}
	for i, ns := range odd {
		n.do(settings(ns, Settings{Keep: uint64(i + 1)}))
	}
	for i, ns := range odd {
		if own, found := n.policies().Own(ns); !found || own.Keep != uint64(i+1) {
			t.Errorf("%q: %+v, %v", ns, own, found)
		}
	}
	if got := n.show(); got != "" {
		t.Errorf("clients see %s", got)
	}
	for _, ns := range odd[1:] {
		n.do(func(tx *Tx) error {
			if !tx.DeleteSettings(ns) || tx.DeleteSettings(ns) {
				t.Errorf("%q: cannot be deleted once", ns)
			}
			return nil
		})
	}
	n.do(settings("", Settings{}))
	if p := n.policies(); len(p.own) != 0 || p.revision != 0 {
		t.Errorf("settings left: %+v", p)
	}
}

// Within an entry, and within a transaction, later ones go by what earlier ones have set.
func TestSettingsInAnEntry(t *testing.T) {
	n := newNode(t)
	var seen []uint64
	look := func(tx *Tx) error {
		seen = append(seen, tx.Policies().Of("a/b").Keep)
		return nil
	}
	n.do(look, settings("a", Settings{Keep: 2}), look, look, func(tx *Tx) error {
		err := tx.Try(func() error { _ = tx.SetSettings("a/b", Settings{Keep: 3}); return errors.Join(look(tx), errChecked) })
		return errors.Join(look(tx), tx.SetSettings("a", Settings{Keep: 4}), look(tx), ignore(err, errChecked))
	}, look)
	if want := []uint64{0, 2, 2, 3, 2, 4, 4}; !slices.Equal(seen, want) {
		t.Errorf("%d, want %d", seen, want)
	}
	seen = nil
	n.do(look, func(tx *Tx) error { tx.DeleteSettings("a"); return nil }, look)
	if want := []uint64{4, 0}; !slices.Equal(seen, want) {
		t.Errorf("%d, want %d", seen, want)
	}
}

var errChecked = errors.New("checked")

func ignore(err, expected error) error {
	if errors.Is(err, expected) {
		return nil
	}
	return fmt.Errorf("%w, want %w", err, expected)
}

// Whoever writes depends on all settings, with one guard, and on who changed them in the same entry.
func TestSettingsAreGuarded(t *testing.T) {
	n := newNode(t)
	stale := n.evaluate(set("x", "1"), settings("a", Settings{Keep: 1}))
	stale.Node = 2
	n.do(settings("b", Settings{Keep: 1}))
	if got, want := n.apply(stale), settingsGuard+","; got != want {
		t.Errorf("outcome %q, want %q", got, want)
	}
	e := n.evaluate(set("x", "1"), settings("b", Settings{Keep: 2}), settings("c", Settings{Keep: 1}), set("y", "1"))
	if got := e.Txns[3].After; !slices.Equal(got, []int{1, 2}) || !blind(e.Txns[0]) || len(e.Txns[1].Guards) != 0 {
		t.Errorf("%+v", e.Txns)
	}
	both := n.evaluate(func(tx *Tx) error { tx.Policies(); tx.Policies(); return tx.Set("z", "1", 0) })
	if !blind(both.Txns[0]) {
		t.Errorf("%+v", both.Txns[0])
	}
}

// What a transaction that writes for the system alone reads of the settings, nobody asks.
func TestSystemWritesAreNotChecked(t *testing.T) {
	n := newNode(t)
	for _, e := range []Entry{n.evaluate(set("confman/nodes/1", "x")), n.evaluate(settings("a", Settings{Keep: 1})), n.evaluate(get("x", new(Record)))} {
		for _, g := range e.Txns[0].Guards {
			if g.Key == settingsGuard {
				t.Errorf("%+v", e.Txns[0])
			}
		}
	}
	e := n.evaluate(func(tx *Tx) error { tx.Unchecked(); return tx.Set("x", "1", 0) })
	if len(e.Txns[0].Guards) != 0 {
		t.Errorf("%+v", e.Txns[0])
	}
}

// The settings come with the state: by a snapshot of another node, and out of the file.
func TestSettingsAreState(t *testing.T) {
	n, other := newNode(t), newNode(t)
	n.do(settings("a", Settings{Keep: 1}))
	other.do(settings("a", Settings{Keep: 2}))
	other.policies()
	if err := other.Restore(n.Snapshot()); err != nil {
		t.Fatal(err)
	}
	if got := other.policies().Of("a").Keep; got != 1 {
		t.Errorf("Keep = %d", got)
	}
	n.do(set("a/b", "1"), flush)
	if got := n.policies().Of("a").Keep; got != 1 || n.show() != "" {
		t.Errorf("after a flush: Keep = %d, %s", got, n.show())
	}
}

// What a later version wrote and this one cannot read counts as if it were not set.
func TestSettingsThatCannotBeRead(t *testing.T) {
	n := newNode(t)
	n.do(set(settingsName("a"), "?"), set(settingsName("b"), `{"keep":3,"later":[1]}`))
	if p := n.policies(); len(p.own) != 1 || p.Of("b").Keep != 3 {
		t.Errorf("%+v", p)
	}
}

// The batch knows the settings as its entries so far have left them.
func TestSettingsOfABatch(t *testing.T) {
	n := newNode(t)
	n.do(settings("a", Settings{Keep: 1}))
	b, err := n.newBatch(n.tallies)
	if err != nil {
		t.Fatal(err)
	}
	defer b.end()
	keep := func(want uint64) {
		t.Helper()
		if got := b.policies().Of("a").Keep; got != want {
			t.Errorf("Keep = %d, want %d", got, want)
		}
	}
	keep(1)
	value := func(keep string) []Write { return []Write{{Name: settingsName("a"), Value: `{"keep":` + keep + `}`}} }
	b.apply(Indexed{n.index + 1, Entry{Node: 1, Seq: n.seq + 1, Txns: []Txn{{Writes: value("2")}}}})
	keep(2)
	lost := Txn{Writes: append(value("4"), Write{Name: "x"}, Write{Name: "x/y"})}
	b.apply(Indexed{n.index + 2, Entry{Node: 1, Seq: n.seq + 2, Txns: []Txn{{Writes: value("3")}, lost}}})
	keep(3)
}

func TestRefusedError(t *testing.T) {
	err := error(&RefusedError{Name: "a/b", Code: "OOM", Text: "no"})
	if !errors.Is(fmt.Errorf("evaluate: %w", err), ErrRefused) || errors.Is(err, ErrTooLarge) || err.Error() != "no" {
		t.Error(err)
	}
}
