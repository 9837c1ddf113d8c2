package store

import (
	"errors"
	"fmt"
	"maps"
	"math/rand"
	"strings"
	"testing"
)

// try evaluates one update and returns its transaction, and how it ended.
func (n *node) try(do func(*Tx) error) (txn Txn, err error) {
	n.Helper()
	_ = n.Evaluate(n.now, []Update{{"alice", do}}, func(_ int, t Txn, e error) bool {
		txn, err = t, e
		return false
	})
	return txn, err
}

// refused checks that an update is refused, with a code and a text.
func (n *node) refused(code, text string, do func(*Tx) error) {
	n.Helper()
	txn, err := n.try(do)
	var r *RefusedError
	if !errors.As(err, &r) || r.Code != code || r.Text != text || len(txn.Writes) > 0 || txn.Flush || txn.Bounded {
		n.Errorf("%+v: %v, want %s %s", txn, err, code, text)
	}
}

// together does several things in one transaction.
func together(dos ...func(*Tx) error) func(*Tx) error {
	return func(tx *Tx) error {
		for _, do := range dos {
			if err := do(tx); err != nil {
				return err
			}
		}
		return nil
	}
}

func quota(ns string, keys, bytes uint64) func(*Tx) error {
	return settings(ns, Settings{MaxKeys: keys, MaxBytes: bytes})
}

func TestQuotaOfKeys(t *testing.T) {
	n := newNode(t)
	n.do(set("prod/a", "1"), set("prod/api/b", "1"), set("production/x", "1"))
	n.do(quota("prod", 3, 0))
	n.do(set("prod/api/c", "1"))
	const full = "namespace prod is at its quota of 3 keys: it holds 3, and this would make it 4; delete some, or raise the quota with NS SET prod QUOTA keys bytes"
	n.refused("OOM", full, set("prod/d", "1"))
	n.refused("OOM", full, together(set("prod/x/y/z", "1"), set("other", "1")))
	n.do(set("prod/a", "longer"), set("production/d", "1"))
	n.do(together(del("prod/a"), set("prod/d", "1"))) // no more than before
	n.do(quota("prod", 1, 0))
	n.refused("OOM", strings.Replace(full, "of 3", "of 1", 1), set("prod/e", "1"))
	n.do(together(del("prod/d"), del("prod/api/b"), set("prod/e", "1"))) // less than before, though still over the quota
	n.do(together(quota("prod", 3, 0), set("prod/f", "1")))              // what is left behind counts
	n.do(quota("prod", 0, 0), set("prod/g", "1"), set("prod/h", "1"))
}

func TestQuotaOfBytes(t *testing.T) {
	n := newNode(t)
	n.do(quota("", 0, 21), quota("a", 0, 10))
	n.do(set("a/b", "1234567"), set("c", "123456789")) // names count
	n.refused("OOM", "namespace a is at its quota of 10 bytes: it holds 10, and this would make it 11; delete some, or raise the quota with NS SET a QUOTA keys bytes", set("a/b", "12345678"))
	n.do(quota("", 0, 20))
	n.refused("OOM", "namespace / is at its quota of 20 bytes: it holds 20, and this would make it 21; delete some, or raise the quota with NS SET / QUOTA keys bytes", set("c", "1234567890"))
	n.do(set("a/b", "x"), set("c", "1234567890"), set("confman/nodes/1", strings.Repeat("x", 100)))
}

// Transactions of an entry add up, and only those that something is bounded for say so.
func TestQuotaInAnEntry(t *testing.T) {
	n := newNode(t)
	n.do(quota("a", 2, 0), quota("a/b", 1, 0), set("a/x", "1"))
	e := n.evaluate(set("a/y", "1"), set("a/y", "2"), del("a/y"), set("a/b/z", "1"), set("other", "1"))
	for i, want := range []bool{true, false, false, true, false} {
		if e.Txns[i].Bounded != want {
			t.Errorf("transaction %d is bounded: %v", i, !want)
		}
	}
	if got := n.apply(e); strings.Trim(got, ",") != "" {
		t.Error(got)
	}
	var errs []bool
	_ = n.Evaluate(n.now, []Update{{"", flush}, {"", set("a/1", "")}, {"", set("a/2", "")}, {"", set("a/3", "")}, {"", flush}, {"", set("a/3", "")}},
		func(_ int, _ Txn, err error) bool { errs = append(errs, err != nil); return err == nil })
	if got := fmt.Sprint(errs); got != "[false false false true false false]" {
		t.Error(got)
	}
}

// Two nodes that each take the last place do not both get it: what was right when it was evaluated is
// checked again when it is applied.
func TestQuotaIsNeverOvershot(t *testing.T) {
	n := newNode(t)
	n.do(quota("a", 2, 0), set("a/x", "1"))
	mine, theirs := n.evaluate(set("a/y", "1"), set("b", "1"), shout("a/y")), n.evaluate(set("a/z", "1"))
	theirs.Node = 2
	if got := n.apply(theirs); got != "" {
		t.Error(got)
	}
	if got, want := n.apply(mine), "na,,na"; got != want {
		t.Errorf("outcome %q, want %q", got, want)
	}
	if got, want := n.show(), "b=1 a/x=1 a/z=1"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if _, err := n.try(set("a/y", "1")); !errors.Is(err, ErrRefused) {
		t.Errorf("evaluated again: %v", err)
	}
}

// A quota that is set with an entry holds from the next transaction on, on every node.
func TestQuotaIsSetOnTheWay(t *testing.T) {
	n := newNode(t)
	n.do(set("a/x", "1"))
	if got, want := n.apply(n.evaluate(together(quota("a", 2, 0), set("a/1", ""), set("a/2", "")), set("a/3", ""))), ",na"; got != want {
		t.Errorf("outcome %q, want %q", got, want)
	}
	if got := n.show(); got != "a/1= a/2= a/x=1" {
		t.Error(got)
	}
	n.do(together(quota("a", 4, 0), set("a/3", "")), quota("a", 0, 0), set("a/4", ""))
}

// What has expired counts until somebody removes it.
func TestQuotaCountsWhatHasExpired(t *testing.T) {
	n := newNode(t)
	n.do(quota("a", 1, 0), func(tx *Tx) error { return tx.Set("a/x", "1", 1500) })
	n.now = 2000
	if _, err := n.try(set("a/y", "1")); !errors.Is(err, ErrRefused) {
		t.Errorf("%v", err)
	}
	n.do(set("a/x", "2")) // takes its place
	n.do(func(tx *Tx) error { return tx.Set("a/x", "1", 2500) })
	n.now = 3000
	n.do(func(tx *Tx) error { tx.Reap(10); tx.Unchecked(); return nil }, set("b", "1"))
	n.do(set("a/y", "1"))
}

// talliesHold checks the tallies of a store against a walk.
func (n *node) talliesHold() {
	n.Helper()
	_ = n.View(n.now, func(tx *Tx) error {
		if got, want := n.tallies, tallies(nil).under(tx.Policies(), tx.src); !maps.Equal(got, want) {
			n.Fatalf("tallies %v, want %v", got, want)
		}
		return nil
	})
}

// Whatever happens, the tallies are what a walk counts, and stores that apply the same entries, in
// whatever batches, agree about what they refuse.
func TestTalliesFollowWhatChanges(t *testing.T) {
	held, bounded := talliesFollow(t, 7, rounds(1500))
	t.Logf("%d refused when evaluated, about %d when applied", held, bounded)
	if held == 0 || bounded == 0 {
		t.Error("no quota was ever exceeded")
	}
}

// So do they after a few entries each, where nothing that came later has covered up what came apart.
func TestStoresComeToOneState(t *testing.T) {
	for seed := range rounds(200) {
		if talliesFollow(t, int64(seed), 60); t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

// talliesFollow makes so many random entries. It returns how much was refused when it was evaluated, and about how much when it
// was applied.
func talliesFollow(t *testing.T, seed int64, count int) (held, bounded int) {
	t.Helper()
	r := rand.New(rand.NewSource(seed))
	n := newNode(t)
	var log []Indexed
	var outcomes []string
	spaces := []string{"", "a", "a/b", "a/b/c", "d", "confman-not"}
	change := func(tx *Tx) error {
		ns := spaces[r.Intn(len(spaces))]
		name := Join(ns, fmt.Sprintf("k%d", r.Intn(6)))
		switch r.Intn(24) {
		case 0:
			return tx.SetSettings(ns, Settings{MaxKeys: uint64(r.Intn(10)), MaxBytes: uint64(r.Intn(4) * 40), Keep: uint64(1 + r.Intn(3)), Age: Millis(r.Intn(2) * r.Intn(500))})
		case 1:
			tx.DeleteSettings(ns)
		case 2:
			tx.Flush()
		case 3:
			tx.Reap(3)
		case 4, 5, 6:
			tx.Delete(name)
		case 7:
			return tx.Set(name, "soon gone", tx.Now()+Millis(1+r.Intn(300)))
		case 8:
			tx.Unchecked()
		default:
			return tx.Set(name, strings.Repeat("x", r.Intn(20)), 0)
		}
		return nil
	}
	for range count {
		e := Entry{Node: uint64(1 + r.Intn(3)), Seq: uint64(len(log) + 1), At: n.now}
		var updates []Update
		for range 1 + r.Intn(5) {
			changes := 1 + r.Intn(3)
			updates = append(updates, Update{"", func(tx *Tx) error {
				for range changes {
					if err := change(tx); err != nil {
						return err
					}
				}
				return nil
			}})
		}
		_ = n.Evaluate(n.now, updates, func(_ int, txn Txn, err error) bool {
			if errors.Is(err, ErrRefused) {
				held++
			}
			e.Txns = append(e.Txns, txn)
			return true
		})
		if n.now += Millis(r.Intn(60)); r.Intn(6) == 0 { // another node is first
			log, outcomes = append(log, Indexed{n.index + 1, Entry{Node: 4, Seq: n.index + 1, At: n.now, Txns: []Txn{{Writes: []Write{{Name: "a/b/k1", Value: "other"}}}}}}), append(outcomes, "")
			n.apply(log[len(log)-1].Entry)
		}
		outcomes = append(outcomes, n.apply(e))
		log = append(log, Indexed{n.index, e})
		n.talliesHold()
	}
	other := openNode(t, newPowered())
	other.now = n.now
	for rest := log; len(rest) > 0; {
		k := min(len(rest), 1+r.Intn(40))
		got, err := other.Apply(rest[:k])
		if err != nil {
			t.Fatal(err)
		}
		for i, o := range got {
			if want := outcomes[len(log)-len(rest)+i]; strings.Join(o, ",") != want && want != "overtaken" {
				t.Fatalf("entry %d: %q, want %q", rest[i].Index, o, want)
			}
		}
		if rest = rest[k:]; r.Intn(5) == 0 {
			if err := other.Restore(other.Snapshot()); err != nil {
				t.Fatal(err)
			}
		}
		other.talliesHold()
	}
	_, want := n.Hash()
	if _, got := other.Hash(); got != want {
		t.Error("the stores have come apart")
	}
	other.Store = reopened(t, other)
	if _, got := other.Hash(); got != want {
		t.Error("the file holds another state")
	}
	return held, strings.Count(strings.Join(outcomes, ","), "na")
}
