package store

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"

	"github.com/tidwall/buntdb"
)

func flush(tx *Tx) error { tx.Flush(); return nil }

// rooted is a node whose store has configs of clients and of the system.
func rooted(t *testing.T) *node {
	n := newNode(t)
	n.do(set("a", "1"), set("b/c", "2"), set("b/d/e", "3"), set("confman/nodes/1", "n"), set("confmans", "4"), set("confman-x/y", "5"))
	return n
}

func TestFlushDeletesAllButTheSystem(t *testing.T) {
	n := rooted(t)
	n.do(flush)
	if got := n.show(); got != "" {
		t.Errorf("left: %s", got)
	}
	_ = n.View(n.now, func(tx *Tx) error {
		if rec, _ := tx.Get("confman/nodes/1"); rec.Value != "n" || tx.Revision("b") != 0 || tx.Revision("/") != 0 || tx.Count() != 0 {
			t.Errorf("of the system %q is left, %d configs, b at %d", rec.Value, tx.Count(), tx.Revision("b"))
		}
		return nil
	})
	n.do(set("b", "a config now"))
	if got, want := n.show(), "b=a config now"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// What a transaction has written before it flushes is moot, and what it writes then stays.
func TestFlushWithinATransaction(t *testing.T) {
	n := rooted(t)
	n.do(func(tx *Tx) error {
		_ = tx.Set("moot", "1", 0)
		_ = tx.Set("confman/nodes/2", "m", 0)
		tx.Delete("confman/nodes/1")
		tx.Flush()
		if _, found := tx.Get("a"); found || tx.IsNamespace("b") || len(tx.List("b")) != 0 || tx.Count() != 0 || tx.Revision("a") != 0 {
			t.Error("something is seen behind a flush")
		}
		if err := tx.Set("b", "1", 0); err != nil { // it was a namespace
			t.Error(err)
		}
		tx.Flush()
		if got := allNames(tx); got != "" {
			t.Errorf("behind the second flush: %s", got)
		}
		_ = tx.Set("a/b", "2", 0) // a was a config
		if got := allNames(tx); got != "a/b" || len(tx.txn.Guards) != 1 || len(tx.txn.Writes) != 3 {
			t.Errorf("%s, %+v", got, tx.txn)
		}
		return nil
	})
	if got, want := n.show(), "a/b=2"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	var gone, there Record
	_ = n.View(n.now, get("confman/nodes/1", &gone))
	_ = n.View(n.now, get("confman/nodes/2", &there))
	if gone.Value != "" || there.Value != "m" {
		t.Errorf("of the system: %q, %q", gone.Value, there.Value)
	}
}

func allNames(tx *Tx) string {
	var all []string
	tx.Names("", -1, func(name string, _ Record) { all = append(all, name) })
	return strings.Join(all, " ")
}

func TestTryTakesBackAFlush(t *testing.T) {
	n, boom := rooted(t), errors.New("boom")
	n.do(func(tx *Tx) error {
		_ = tx.Set("a", "2", 0)
		err := tx.Try(func() error {
			_ = tx.Set("c", "1", 0)
			tx.Flush()
			_ = tx.Set("d", "1", 0)
			_ = tx.Try(func() error { tx.Flush(); return nil })
			_ = tx.Set("confman/nodes/1", "m", 0)
			return boom
		})
		if err != boom || tx.txn.Flush || len(tx.txn.Writes) != 1 {
			t.Errorf("%v, %+v", err, tx.txn)
		}
		return tx.Set("d", "2", 0)
	})
	if got, want := n.show(), "a=2 confmans=4 d=2 b/c=2 b/d/e=3 confman-x/y=5"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// A flush has no guard but that of all writes and does not conflict with others; what read something that it deleted does.
func TestFlushAndGuards(t *testing.T) {
	n := rooted(t)
	flushing, reader, lister, walker := n.evaluate(flush), n.evaluate(shout("a")), n.evaluate(func(tx *Tx) error {
		return tx.Set("n", fmt.Sprint(len(tx.List("b"))), 0)
	}), n.evaluate(set("a", "6"))
	if !blind(flushing.Txns[0]) || flushing.Txns[0].Empty() {
		t.Errorf("%+v", flushing.Txns[0])
	}
	for i, c := range []struct {
		Entry
		want string
	}{{flushing, ""}, {reader, "c\x00a"}, {lister, "nb"}, {walker, ""}} {
		c.Node = uint64(i + 2)
		if got := n.apply(c.Entry); got != c.want {
			t.Errorf("entry %d: %q, want %q", i, got, c.want)
		}
	}
	if got, want := n.show(), "a=6"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// Transactions that saw a flush of their entry come after it.
func TestFlushWithinAnEntry(t *testing.T) {
	n := rooted(t)
	gated := func(tx *Tx) error { tx.Get("confman/nodes/1"); tx.Flush(); return nil }
	list := func(tx *Tx) error { return tx.Set("list", fmt.Sprint(len(tx.List("b"))), 0) }
	e := n.evaluate(set("b/c", "before"), gated, shout("a"), list, set("free", "1"), set("b/x", "1"), list)
	e.Node = 2
	for i, want := range []string{"[]", "[]", "[1]", "[1]", "[]", "[]", "[1 5]"} {
		if got := fmt.Sprint(e.Txns[i].After); got != want {
			t.Errorf("transaction %d comes after %s, want %s", i, got, want)
		}
	}
	late := e
	late.Node = 3
	if got := n.apply(e); strings.Trim(got, ",") != "" {
		t.Errorf("outcome %q", got)
	}
	if got, want := n.show(), "a=! free=1 list=1 b/x=1"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	n.do(set("confman/nodes/1", "m"))
	const lost = "cconfman/nodes\x001"
	if got, want := n.apply(late), strings.Join([]string{"", lost, lost, lost, "", "", lost}, ","); got != want {
		t.Errorf("outcome %q, want %q", got, want)
	}
}

// counted checks that what is known of the database without walking it is so.
func (n *node) counted() {
	n.Helper()
	var sums totals
	deadlines := map[deadline]bool{}
	_ = n.db.View(func(tx *buntdb.Tx) error {
		database{Tx: tx}.ascend(everything, func(key, value string) bool {
			if at := sums.count(key, value, +1); at != 0 {
				deadlines[deadline{at, key}] = true
			}
			return true
		})
		return nil
	})
	if n.hash != sums.hash || n.past.hash != sums.past.hash || n.configs != sums.configs || n.namespaces != sums.namespaces {
		n.Errorf("totals %+v, want %+v", n.totals, sums)
	}
	for _, d := range append(n.expiries.clients.Items(), n.expiries.system.Items()...) {
		if !deadlines[d] {
			n.Errorf("%q does not expire at %d", d.key, d.at)
		}
		delete(deadlines, d)
	}
	if len(deadlines) > 0 {
		n.Errorf("nobody knows of %v", deadlines)
	}
	n.archiveHolds()
}

// Nothing of what was deleted is left in memory, in the file, or in the file written anew.
func TestAFlushLeavesNothing(t *testing.T) {
	const configs = 10*pageRecords + 1000
	dir := Dir(t.TempDir())
	n := openNode(t, dir)
	n.do(set("confman/nodes/1", "n"))
	for i := range configs / 1000 {
		n.do(func(tx *Tx) error {
			for j := range 1000 {
				_ = tx.Set(fmt.Sprintf("y/%d/%d", i, j), "v", Millis(j%2*100_000))
			}
			return nil
		})
	}
	n.do(set("earlier in the entry", "1"), flush, set("since", "1"))
	n.counted()
	state, want := n.Hash()
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the first time its file tells all that has happened
		n.Store = openNode(t, dir).Store
		n.counted()
		if index, hash := n.Hash(); hash != want || index != state || n.show() != "since=1" {
			t.Errorf("after a restart: %s at %d", n.show(), index)
		}
		if err := n.startRewrite(); err != nil {
			t.Fatal(err)
		}
		n.rewriting.Wait()
		if err := n.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if content, err := ReadFile(dir, FileName); err != nil || len(content) > n.past.bytes+2*n.archive.bytes+2<<10 {
		t.Errorf("the file has %d bytes, of which %d tell the past and %d what was, %v", len(content), n.past.bytes, n.archive.bytes, err)
	}
}

// Once all is deleted the file is written anew, also when it was being written anew already.
func TestAFlushMakesTheFileSmall(t *testing.T) {
	for _, amid := range []string{"", "write", "sync"} {
		dir := Dir(t.TempDir())
		n := openNode(t, dir)
		n.file.slack = 1 << 10
		n.do(set("large", strings.Repeat("v", 1<<20)))
		n.rewriting.Wait()
		if amid != "" {
			p := &pause{at: make(chan struct{}), end: make(chan struct{}), after: goOn, operation: amid, nth: 1}
			n.file.fs = &watched{FS: dir, before: p.before}
			if err := n.startRewrite(); err != nil {
				t.Fatal(err)
			}
			<-p.at
			n.do(flush)
			close(p.end)
			n.rewriting.Wait()
			n.do(set("small", "1")) // begins again, because it was not room that was wanting
		} else {
			n.do(flush)
		}
		n.rewriting.Wait()
		if content, err := ReadFile(dir, FileName); err != nil || len(content) > 50<<10 { // the large value is history, compressed
			t.Errorf("the file has %d bytes, %v", len(content), err)
		}
		if err := n.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// A file that takes longer to be written anew than it is from one flush to the next is written anew in the end, or it
// would grow for ever.
func TestFlushesDoNotLetTheFileGrow(t *testing.T) {
	n := openNode(t, Dir(t.TempDir()))
	n.file.slack = 1 << 10
	var mu sync.Mutex
	next, flushes, began := sync.NewCond(&mu), 0, 0
	n.file.fs = &watched{FS: n.file.fs, before: func(operation string) error {
		mu.Lock()
		defer mu.Unlock()
		if operation == "create" {
			began = flushes
		}
		for operation == "sync" && began == flushes {
			next.Wait()
		}
		return nil
	}}
	const large = 100 << 10
	for range 20 {
		n.do(set("large", strings.Repeat("v", large)))
		n.do(flush)
		mu.Lock()
		flushes++
		next.Broadcast()
		mu.Unlock()
		n.rewriting.Wait()
	}
	if size := n.FileStatus().Size; size > 4*large {
		t.Errorf("%d bytes", size)
	}
}

func openNode(t *testing.T, dir FS) *node {
	s, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return &node{T: t, Store: s, now: 1000}
}

// Whoever reads a snapshot when all is deleted reads on.
func TestASnapshotOutlivesAFlush(t *testing.T) {
	n := rooted(t)
	_, before := n.Hash()
	sn := n.Snapshot()
	sn.pageRecords = 1
	var b strings.Builder
	if _, err := io.CopyN(&b, sn, 10); err != nil {
		t.Fatal(err)
	}
	n.do(set("a", "2"))
	n.do(flush)
	n.do(set("a", "3"), set("b/c", "3"))
	if len(n.retired) != 1 {
		t.Errorf("%d databases are kept for snapshots", len(n.retired))
	}
	if _, err := io.Copy(&b, sn); err != nil {
		t.Fatal(err)
	}
	s, extent, err := Load(strings.NewReader(b.String()))
	if err != nil || extent.Damaged() {
		t.Fatal(extent, err)
	}
	if _, hash := s.Hash(); hash != before {
		t.Error("the snapshot holds a state that never was")
	}
	if len(n.retired) != 0 {
		t.Error("the old database is kept though nobody reads it")
	}
}
