package store

import (
	"errors"
	"fmt"
	"math/rand"
	"reflect"
	"strings"
	"testing"
)

func TestRecordTellsItsStory(t *testing.T) {
	n := newNode(t)
	n.do(set("prod/db", "a"))
	n.now = 2000
	n.do(set("prod/db", "b"), shout("prod/db"), shout("prod/db")) // each sees the one before
	var got Record
	_ = n.View(n.now, get("prod/db", &got))
	want := Record{Value: "b!!", Revision: 2, Version: 4, Created: 1000, Updated: 2000, By: "alice"}
	if got != want {
		t.Errorf("Get = %+v, want %+v", got, want)
	}
	n.do(del("prod/db"))
	n.do(set("prod/db", "again"))
	_ = n.View(n.now, get("prod/db", &got))
	if got.Version != 5 || got.Created != 2000 || got.Revision != 4 {
		t.Errorf("after deletion: %+v", got)
	}
}

func TestStaleTransactionsLose(t *testing.T) {
	n := newNode(t)
	n.do(set("x", "a"))
	stale := n.evaluate(shout("x"), set("y", "1"), shout("x"))
	stale.Node = 2
	n.do(set("x", "b"))
	if got, want := n.apply(stale), "c\x00x,,c\x00x"; got != want {
		t.Errorf("stale entry: %q, want %q", got, want)
	}
	if got, want := n.show(), "x=b y=1"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	t.Run("and proposed again, do nothing more", func(t *testing.T) {
		_, before := n.Hash()
		if got, want := n.apply(stale), "c\x00x,,c\x00x"; got != want {
			t.Errorf("again: %q, want %q", got, want)
		}
		if _, after := n.Hash(); after != before {
			t.Error("the state has changed")
		}
	})
	t.Run("and overtaken by a later one of their node, count for nothing", func(t *testing.T) {
		late := n.evaluate(set("late", "1"))
		n.do(set("later", "1"))
		if got := n.apply(late); got != "overtaken" {
			t.Errorf("got %q", got)
		}
	})
}

// What a transaction saw of an earlier one in its entry holds only if that one went
// through, even if a third one wrote to the same config.
func TestTransactionsOfOneEntryDependOnEachOther(t *testing.T) {
	n := newNode(t)
	n.do(set("gate", "open"))
	e := n.evaluate(
		set("x", "1"),
		func(tx *Tx) error { tx.Get("gate"); return shout("x")(tx) },
		shout("x"),
		set("free", "1"),
	)
	e.Node = 2
	n.do(set("gate", "shut"))
	if got, want := n.apply(e), ",c\x00gate,c\x00gate,"; got != want {
		t.Errorf("outcome %q, want %q", got, want)
	}
	if got, want := n.show(), "free=1 gate=shut x=1"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestListsAreGuarded(t *testing.T) {
	n := newNode(t)
	var keys []string
	list := func(tx *Tx) error {
		keys = nil
		for _, item := range tx.List("ns") {
			keys = append(keys, item.Key)
		}
		return nil
	}
	n.do(set("ns/b", "1"), list, set("ns/a", "2"), del("ns/b"), set("ns/c", "3"), list)
	if want := []string{"a", "c"}; !reflect.DeepEqual(keys, want) {
		t.Errorf("List = %q, want %q", keys, want)
	}
	stale := n.evaluate(set("ns/d", "1"), list)
	stale.Node = 2
	n.do(set("ns/e", "1"))
	if got, want := n.apply(stale), ",nns"; got != want {
		t.Errorf("outcome %q, want %q", got, want)
	}
}

// A plain write depends on nothing but the settings of namespaces, which hardly ever change.
func TestBlindWritesNeverConflict(t *testing.T) {
	n := newNode(t)
	n.do(set("a/b/c", "1"))
	mine, theirs := n.evaluate(set("a/b/c", "2")), n.evaluate(set("a/b/c", "3"))
	theirs.Node = 2
	for _, e := range []Entry{theirs, mine} {
		if !blind(e.Txns[0]) {
			t.Errorf("a plain write has other guards: %+v", e.Txns[0].Guards)
		}
		if got := n.apply(e); got != "" {
			t.Errorf("failed: %q", got)
		}
	}
}

func TestAnErrorKeepsItsGuardsAndLosesItsWrites(t *testing.T) {
	n := newNode(t)
	n.do(set("x", "1"))
	boom := errors.New("boom")
	_ = n.Evaluate(n.now, []Update{{"alice", func(tx *Tx) error {
		tx.Get("x")
		_ = tx.Set("x", "2", 0)
		return boom
	}}}, func(_ int, txn Txn, err error) bool {
		if err != boom || len(txn.Guards) != 1 || len(txn.Writes) != 0 {
			t.Errorf("kept %+v, %v", txn, err)
		}
		return false
	})
	large := func(tx *Tx) error {
		for i := range 5 {
			_ = tx.Set(fmt.Sprint(i), string(make([]byte, 1<<20)), 0)
		}
		return nil
	}
	_ = n.Evaluate(n.now, []Update{{"alice", large}}, func(_ int, txn Txn, err error) bool {
		if !errors.Is(err, ErrTooLarge) || len(txn.Writes) != 0 {
			t.Errorf("five mebibytes: %v", err)
		}
		return false
	})
}

// A transaction that writes or depends on too much is not proposed, not even for its guards, and
// takes no further account of either.
func TestWhatIsTooLargeIsLetGo(t *testing.T) {
	n := newNode(t)
	n.do(set("x", "1"))
	mebibyte := string(make([]byte, 1<<20))
	for name, do := range map[string]func(tx *Tx){
		"writes": func(tx *Tx) {
			for i := range 100 {
				_ = tx.Set(fmt.Sprint(i), mebibyte, 0)
			}
			if _, found := tx.Get("99"); found {
				t.Error("what was written behind the limit was kept")
			}
		},
		"writes that are taken back": func(tx *Tx) {
			_ = tx.Try(func() error {
				for i := range 5 {
					_ = tx.Set(fmt.Sprint(i), mebibyte, 0)
				}
				return errors.New("boom")
			})
		},
		"reads": func(tx *Tx) {
			_ = tx.Set("y", "1", 0)
			for i := range 200_000 {
				tx.Get(fmt.Sprint("not there/", i))
			}
			if len(tx.txn.Guards) > 200_000 {
				t.Error("what was read behind the limit was guarded")
			}
		},
	} {
		_ = n.Evaluate(n.now, []Update{{"alice", func(tx *Tx) error { do(tx); return nil }}}, func(_ int, txn Txn, err error) bool {
			if !errors.Is(err, ErrTooLarge) || !txn.Empty() {
				t.Errorf("%s: %d guards, %d writes, %v", name, len(txn.Guards), len(txn.Writes), err)
			}
			return false
		})
	}
}

// What a transaction writes over, takes back or flushes does not count.
func TestOnlyWhatIsLeftBehindIsTooLarge(t *testing.T) {
	n := newNode(t)
	three := string(make([]byte, 3<<20))
	n.do(func(tx *Tx) error {
		for range 3 {
			_ = tx.Set("x", three, 0)
			_ = tx.Try(func() error {
				_ = tx.Set("x", "1", 0)
				_ = tx.Set("y", "1", 0)
				return errors.New("boom")
			})
		}
		tx.Flush()
		_ = tx.Set("y", three, 0)
		_ = tx.Set("y", "", 0)
		_ = tx.Set("z", three, 0)
		return nil
	})
	n.do(func(tx *Tx) error {
		if rec, _ := tx.Get("z"); rec.Value != three {
			t.Error("it was not carried out")
		}
		return nil
	})
}

func TestTryTakesBackWhatFailed(t *testing.T) {
	n := newNode(t)
	n.do(set("kept", "1"), set("gone", "1"))
	boom := errors.New("boom")
	n.do(func(tx *Tx) error {
		_ = tx.Set("before", "1", 0)
		err := tx.Try(func() error {
			_ = tx.Set("before", "2", 0)
			_ = tx.Set("kept", "2", 0)
			_ = tx.Set("new/one", "2", 0)
			tx.Delete("gone")
			_ = tx.Try(func() error { return tx.Set("new/two", "2", 0) })
			return boom
		})
		if err != boom {
			t.Errorf("Try = %v", err)
		}
		if tx.IsNamespace("new") || len(tx.txn.Writes) != 1 {
			t.Errorf("left %+v", tx.txn.Writes)
		}
		return tx.Try(func() error { return tx.Set("new", "3", 0) })
	})
	if got, want := n.show(), "before=1 gone=1 kept=1 new=3"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestExpectChecksWhatWasSeen(t *testing.T) {
	n := newNode(t)
	n.do(set("prod/x", "1"))
	var config, space, none uint64
	_ = n.View(n.now, func(tx *Tx) error {
		config, space, none = tx.Revision("prod/x"), tx.Revision("prod"), tx.Revision("nothing")
		return nil
	})
	if config != 1 || space != 1 || none != 0 {
		t.Errorf("revisions %d %d %d", config, space, none)
	}
	n.do(set("prod/y", "1"))
	_ = n.View(n.now, func(tx *Tx) error {
		if err := tx.Expect("prod/x", config); err != nil {
			t.Error(err)
		}
		if err := tx.Expect("prod", space); err != ErrChanged {
			t.Errorf("the namespace has changed, but: %v", err)
		}
		return tx.Expect("nothing", none)
	})
}

// Nodes that apply the same entries in the same order hold the same bytes, however the
// entries come in batches, and whether or not the node restarts, is sent the state or writes its
// file anew in between.
func TestSameEntriesSameBytes(t *testing.T) {
	r := rand.New(rand.NewSource(7))
	n := newNode(t)
	var log []Indexed
	names := []string{"a", "a/b", "a/b/c", "d", "d/e", "f/g", "f/h", "i", "confman/x", "confman/y/z"}
	for range 400 {
		var dos []func(*Tx) error
		for range 1 + r.Intn(4) {
			name := names[r.Intn(len(names))]
			if r.Intn(30) == 0 {
				dos = append(dos, func(tx *Tx) error {
					tx.Flush()
					return tx.Try(func() error { return tx.Set("since", fmt.Sprint(tx.Now()), 0) })
				})
			}
			switch r.Intn(6) {
			case 5:
				dos = append(dos, func(tx *Tx) error { tx.Reap(3); return nil })
			case 0:
				dos = append(dos, del(name))
			case 1:
				dos = append(dos, func(tx *Tx) error {
					tx.List("f")
					rec, _ := tx.Get(name)
					_ = tx.Set(name, rec.Value+"!", 0)
					return nil
				})
			case 2:
				expires := n.now + Millis(r.Intn(300))
				dos = append(dos, func(tx *Tx) error { _ = tx.Set(name, "soon gone", expires); return nil })
			default:
				dos = append(dos, func(tx *Tx) error { _ = tx.Set(name, "x", 0); return nil })
			}
		}
		e := n.evaluate(dos...)
		e.Node = uint64(1 + r.Intn(3))
		n.now += Millis(r.Intn(100))
		n.counted()
		_ = n.View(n.now, func(tx *Tx) error {
			if got, want := tx.Count(), len(strings.Fields(allNames(tx))); got != want {
				t.Errorf("Count = %d, want %d", got, want)
			}
			return nil
		})
		if r.Intn(3) > 0 { // else it comes late, or never
			n.apply(e)
			log = append(log, Indexed{n.index, e})
		}
	}
	_, want := n.Hash()
	for _, most := range []int{1, 7, 400} {
		dir, expired := Dir(t.TempDir()), uint64(0)
		s, err := Open(dir)
		if err != nil {
			t.Fatal(err)
		}
		for rest := log; len(rest) > 0; {
			k := min(len(rest), 1+r.Intn(most))
			if _, err := s.Apply(rest[:k]); err != nil {
				t.Fatal(err)
			}
			rest = rest[k:]
			switch r.Intn(20) {
			case 0:
				err = s.Restore(s.Snapshot())
			case 1:
				if err = s.Compact(); errors.Is(err, ErrCompacting) {
					err = nil
				}
			case 2, 3:
				expired += s.Expired()
				if err := s.Close(); err != nil {
					t.Fatal(err)
				}
				s, err = Open(dir)
			}
			if err != nil {
				t.Fatal(err)
			}
			s.file.slack = 4 << 10
		}
		index, hash := s.Hash()
		if hash != want || index != n.index {
			t.Errorf("batches of up to %d: hash %x at %d, want %x at %d", most, hash, index, want, n.index)
		}
		(&node{T: t, Store: s}).counted()
		if expired += s.Expired(); expired != n.Expired() || expired == 0 {
			t.Errorf("%d configs have expired, want %d", expired, n.Expired())
		}
		if s.totals.configs != n.totals.configs || s.totals.clock != n.totals.clock {
			t.Errorf("totals %+v, want %+v", s.totals, n.totals)
		}
	}
}
