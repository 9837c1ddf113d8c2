package store

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
)

const goldenChangeset = "\x01\x02\x06prod/a\x01\xd0\x0f\x031\x00s\x06prod/b\x00"

func TestChangesetFormat1(t *testing.T) {
	steps := []step{{name: "prod/a", there: true, value: "1\x00s", expires: 2000}, {name: "prod/b"}}
	if got := encodeChangeset(steps); got != goldenChangeset {
		t.Errorf("encode = %q", got)
	}
	if got, err := decodeChangeset(goldenChangeset); err != nil || !reflect.DeepEqual(got, steps) {
		t.Errorf("decode = %+v, %v", got, err)
	}
	if _, err := decodeChangeset("\x02"); !errors.Is(err, ErrNewerFormat) {
		t.Errorf("a later format: %v", err)
	}
}

func FuzzDecodeChangeset(f *testing.F) {
	f.Add(goldenChangeset)
	f.Add("\x01\xff\xff\xff\xff\x0f")
	f.Fuzz(func(t *testing.T, s string) {
		steps, err := decodeChangeset(s)
		if err != nil {
			return
		}
		if again, err := decodeChangeset(encodeChangeset(steps)); err != nil || !reflect.DeepEqual(again, steps) {
			t.Errorf("%+v became %+v, %v", steps, again, err)
		}
	})
}

// confirming is a transaction that has to be confirmed within a time.
func confirming(within Millis, dos ...func(*Tx) error) func(*Tx) error {
	return func(tx *Tx) error {
		tx.Confirm(tx.Now() + within)
		for _, do := range dos {
			if err := do(tx); err != nil {
				return err
			}
		}
		return nil
	}
}

func expiring(name, value string, at Millis) func(*Tx) error {
	return func(tx *Tx) error { return tx.Set(name, value, at) }
}

func reapAll(tx *Tx) error {
	tx.Reap(1000)
	return nil
}

// pass lets time pass, and has the node do what is due then.
func (n *node) pass(d Millis) {
	n.Helper()
	n.now += d
	for {
		if left, some := n.NextExpiry(n.now); !some || left > 0 {
			return
		}
		n.do(reapAll)
	}
}

func (n *node) confirm(revision uint64) (awaited bool) {
	n.Helper()
	n.do(func(tx *Tx) error { awaited = tx.Confirmed(revision); return nil })
	return awaited
}

func (n *node) wants(want string) {
	n.Helper()
	if got := n.show(); got != want {
		n.Errorf("there is %q, want %q", got, want)
	}
}

// What a bad change has set, deleted and made expire is back when nobody has confirmed it in time.
func TestWhatNobodyConfirmsIsTakenBack(t *testing.T) {
	n := newNode(t)
	n.do(set("prod/retries", "3"), set("prod/timeout", "30s"), expiring("prod/token", "abc", 90_000))
	n.do(confirming(5000, set("prod/timeout", "5s"), set("prod/timeout", "1s"), del("prod/retries"), set("prod/new", "1"), del("prod/new"),
		set("prod/more", "1"), expiring("prod/token", "xyz", 0)))
	n.wants("prod/more=1 prod/timeout=1s prod/token=xyz")
	n.pass(4999)
	n.wants("prod/more=1 prod/timeout=1s prod/token=xyz")
	told := &spies{}
	n.Watch(told)
	n.pass(1)
	n.wants("prod/retries=3 prod/timeout=30s prod/token=abc")
	var rec Record
	n.do(get("prod/token", &rec))
	if rec.Expires != 90_000 {
		t.Errorf("it expires at %d", rec.Expires)
	}
	events := map[string]string{}
	for _, c := range told.all {
		events[c.Name] = c.Events
	}
	for _, name := range []string{"prod/retries", "prod/timeout", "prod/token", "prod/more"} {
		if !strings.HasSuffix(events[name], " rollback") {
			t.Errorf("of %s it was told that %q", name, events[name])
		}
	}
	if n.confirm(2) {
		t.Error("it could be confirmed afterwards")
	}
}

// spies notes what it is told of.
type spies struct{ all []Change }

func (s *spies) Changed(all []Changes) {
	for _, c := range all {
		s.all = append(s.all, c.All...)
	}
}
func (s *spies) Replaced(uint64, func(string) (string, bool)) {}
func (s *spies) Lapsed([]string)                              {}

func TestWhatIsConfirmedStays(t *testing.T) {
	n := newNode(t)
	n.do(set("a", "1"))
	n.do(confirming(5000, set("a", "2"), set("b", "2")))
	n.do(confirming(6000, set("c", "3")))
	_ = n.View(n.now, func(tx *Tx) error {
		want := []Changeset{{2, 6000, "alice", []string{"a", "b"}}, {3, 7000, "alice", []string{"c"}}}
		if got := tx.Unconfirmed(); !reflect.DeepEqual(got, want) {
			t.Errorf("%+v await confirmation, want %+v", got, want)
		}
		return nil
	})
	if n.confirm(1) || !n.confirm(2) || n.confirm(2) {
		t.Error("the wrong one was confirmed")
	}
	n.pass(10_000)
	n.wants("a=2 b=2")
}

// Whoever changes something meanwhile, or deletes it, or sets it anew and deletes it again, does not lose that. What
// has expired by itself was changed by nobody.
func TestWhatIsChangedMeanwhileStays(t *testing.T) {
	n := newNode(t)
	n.do(set("ns/set", "0"), set("ns/deleted", "0"), set("ns/same", "0"), set("ns/gone", "0"), set("ns/came", "0"), set("ns/expired", "0"), set("ns/brief", "0"))
	n.do(confirming(5000, set("ns/set", "1"), set("ns/deleted", "1"), set("ns/same", "1"), del("ns/gone"), del("ns/came"),
		expiring("ns/expired", "1", 2000), expiring("ns/brief", "1", 2000)))
	n.do(set("ns/set", "2"), set("ns/same", "1"), del("ns/deleted"), del("ns/brief"))
	n.do(set("ns/came", "2"))
	n.do(del("ns/came"))
	n.now = 6000
	e := n.evaluate(reapAll)
	origin := Origin{Reason: "not confirmed: revision 2"}
	left := []string{"ns/set", "ns/deleted", "ns/same", "ns/came", "ns/brief"}
	note := Note{At: 6000, By: "alice", Origin: origin, Act: "CONF CONFIRM", Names: left, Refused: "changed again since: it stays as it is", Times: 1}
	if got := e.Txns[0]; got.Origin != origin || !reflect.DeepEqual(got.Notes, []Note{note}) {
		t.Errorf("it says %+v, and notes %+v", got.Origin, got.Notes)
	}
	n.apply(e)
	n.wants("ns/expired=0 ns/gone=0 ns/same=1 ns/set=2")
}

func TestAFlushIsNotTakenBack(t *testing.T) {
	n := newNode(t)
	n.do(set("a", "1"), set("b", "1"))
	n.do(confirming(5000, set("a", "2"), del("b")))
	n.do(func(tx *Tx) error { tx.Flush(); return nil })
	n.pass(5000)
	n.wants("")
}

// A name is a config or a namespace, on the way back too.
func TestKindsOnTheWayBack(t *testing.T) {
	n := newNode(t)
	n.do(set("x/y", "1"), set("z", "1"))
	n.do(confirming(5000, del("x/y"), set("x", "2"), del("z")))
	n.do(set("z/sub", "3"))
	n.pass(5000)
	n.wants("x/y=1 z/sub=3")
}

// Of a confirmation and the way back only one goes through, whichever is first in the log.
func TestConfirmedAtTheLastMoment(t *testing.T) {
	for _, confirmedFirst := range []bool{true, false} {
		n := newNode(t)
		n.do(set("a", "1"))
		n.do(confirming(5000, set("a", "2")))
		n.now = 5999
		confirmed := n.evaluate(func(tx *Tx) error { tx.Confirmed(2); return nil })
		n.now = 6000
		takenBack := n.evaluate(reapAll)
		takenBack.Node = 2
		first, second, want := confirmed, takenBack, "a=2"
		if !confirmedFirst {
			first, second, want = takenBack, confirmed, "a=1"
		}
		if failed := n.apply(first); failed != "" {
			t.Errorf("the first one failed: %q", failed)
		}
		if failed := n.apply(second); failed == "" {
			t.Error("both went through")
		}
		n.wants(want)
	}
}

// endsIn evaluates one update that must end in an error.
func (n *node) endsIn(do func(*Tx) error, want error) (text string) {
	n.Helper()
	_ = n.Evaluate(n.now, []Update{{Do: do}}, func(_ int, txn Txn, err error) bool {
		if !errors.Is(err, want) || txn.Writing() {
			n.Errorf("it ends in %v, want %v; writes %v", err, want, txn.Writes)
		}
		text = fmt.Sprint(err)
		return false
	})
	return text
}

func TestWhatCannotAwaitConfirmation(t *testing.T) {
	n := newNode(t)
	n.do(confirming(5000, set("prod/a", "1")))
	again := confirming(5000, set("prod/b", "1"), set("prod/a", "2"))
	if text := n.endsIn(again, ErrAwaited); text != "prod/a awaits confirmation of revision 1: CONF CONFIRMED 1 first, or wait" {
		t.Error(text)
	}
	n.now += 5000 // until it is taken back
	n.endsIn(again, ErrAwaited)
	n.endsIn(confirming(5000, func(tx *Tx) error { tx.Flush(); return nil }), ErrNoWayBack)
	n.endsIn(confirming(5000, set("large", strings.Repeat("x", MaxTxn-10))), ErrTooLarge)
	n.pass(0)
	n.do(again)
	n.do(set("large", strings.Repeat("x", MaxTxn-10)))
	n.endsIn(confirming(5000, set("large", strings.Repeat("x", 100))), ErrTooLarge)
	n.do(confirming(5000)) // nothing was changed
	n.do(confirming(5000, del("nothing")))
	_ = n.View(n.now, func(tx *Tx) error {
		if all := tx.Unconfirmed(); len(all) != 1 {
			t.Errorf("%+v await confirmation", all)
		}
		return nil
	})
}

// What is refused because the way back would be too large is measured by what the way back takes.
func TestTheWayBackIsMeasured(t *testing.T) {
	n := newNode(t)
	n.do(set("a", "1"), set("b", "1"), expiring("c", "1", 90_000))
	n.do(confirming(5000, set("a", ""), del("b"), set("c", ""), set("new", "1")))
	var rec Record
	n.do(get(changesets+"/00000000000000000001", &rec))
	n.now += 5000
	size := 0
	for _, w := range n.evaluate(reapAll).Txns[0].Writes {
		size += w.size()
	}
	steps, err := decodeChangeset(rec.Value)
	if most := wayBack(steps); err != nil || size > most || size < most-20 {
		t.Errorf("%v; it takes %d bytes, and is taken for %d", err, size, most)
	}
}

// The settings of a namespace do not hold up the way back: what comes back was allowed before. They are changed and
// taken back like other configs.
func TestTheWayBackIsNotChecked(t *testing.T) {
	n := newNode(t)
	yes := true
	n.do(set("prod/a", "1"), set("prod/b", "1"))
	n.do(confirming(5000, set("prod/a", "2"), set("prod/c", "2"), func(tx *Tx) error { return tx.SetSettings("prod", Settings{MaxKeys: 3}) }))
	n.do(func(tx *Tx) error { return tx.SetSettings("prod", Settings{MaxKeys: 1, Protect: &yes}) })
	n.pass(5000)
	n.wants("prod/a=1 prod/b=1")
	n = newNode(t)
	n.do(set("prod/a", "1"), set("prod/b", "1"), set("prod/c", "1"))
	n.do(confirming(5000, del("prod/a"), del("prod/b")))
	n.do(func(tx *Tx) error { return tx.SetSettings("prod", Settings{MaxKeys: 1, Protect: &yes}) })
	n.pass(5000)
	n.wants("prod/a=1 prod/b=1 prod/c=1")
}

// Behind a transaction that has to be confirmed nothing has its revision, so it can be told what is its own.
func TestNothingSharesAnEntryBehindAChangeset(t *testing.T) {
	n := newNode(t)
	var kept []string
	updates := []Update{{Do: set("a", "1")}, {Do: confirming(1, set("b", "1"))}, {Do: set("b", "2")}, {Do: confirming(1, set("c", "1"))}}
	_ = n.Evaluate(n.now, updates, func(i int, txn Txn, err error) bool {
		kept = append(kept, fmt.Sprint(len(txn.Writes), err))
		return true
	})
	if got := strings.Join(kept, "; "); got != "1 <nil>; 2 <nil>; 0 "+ErrNextEntry.Error()+"; 0 "+ErrNextEntry.Error() {
		t.Error(got)
	}
}

// What an earlier transaction of the same entry has written is what was there before.
func TestAChangesetBehindOthersInItsEntry(t *testing.T) {
	n := newNode(t)
	n.do(set("a", "1"), set("b", "1"), del("c"))
	n.do(set("a", "2"), del("b"), set("c", "2"), confirming(5000, set("a", "3"), set("b", "3"), del("c")))
	n.wants("a=3 b=3")
	n.pass(5000)
	n.wants("a=2 c=2")
}

// An entry that comes a second time behind another node's state, which has it already, was carried out at the
// revision of the first time.
func TestCarriedOutBefore(t *testing.T) {
	n := newNode(t)
	e := n.evaluate(set("a", "1"))
	for _, story := range []struct {
		origin Origin
		want   uint64
	}{{Origin{}, 2}, {Origin{Reason: "told"}, 1}} {
		e.Txns[0].Origin = story.origin
		n := newNode(t)
		n.apply(e)
		if got := n.CarriedOut(Indexed{1, e}); got != 1 {
			t.Errorf("it was carried out at %d", got)
		}
		n.apply(e)
		if got := n.CarriedOut(Indexed{2, e}); got != story.want {
			t.Errorf("applied again, it was carried out at %d, want %d", got, story.want)
		}
	}
}

// BenchmarkChangeset compares a transaction of a hundred configs that has to be confirmed with one that has not.
func BenchmarkChangeset(b *testing.B) {
	for _, confirmed := range []bool{false, true} {
		b.Run("confirm="+fmt.Sprint(confirmed), func(b *testing.B) {
			s := OpenMemory()
			defer func() { _ = s.Close() }()
			value := strings.Repeat("x", 100)
			index := uint64(0)
			names := make([]string, 100)
			for i := range names {
				names[i] = fmt.Sprintf("prod/api/config-%d", i)
			}
			update := func(do func(*Tx) error) {
				index++
				e := Entry{Node: 1, Seq: index, At: 1000}
				_ = s.Evaluate(1000, []Update{{By: "default", Do: do}}, func(_ int, txn Txn, err error) bool {
					if err != nil {
						b.Fatal(err)
					}
					e.Txns = append(e.Txns, txn)
					return true
				})
				if _, err := s.Apply([]Indexed{{Index: index, Entry: e}}); err != nil {
					b.Fatal(err)
				}
			}
			for b.Loop() {
				update(func(tx *Tx) error {
					if confirmed {
						tx.Confirmed(index - 1) // the one before
						tx.Confirm(1 << 40)
					}
					for _, name := range names {
						if err := tx.Set(name, value, 0); err != nil {
							return err
						}
					}
					return nil
				})
			}
		})
	}
}
