package replication

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"confman/store"
)

// revisionOf returns at which revision a config stands in a store.
func revisionOf(s *store.Store, name string) (revision uint64) {
	_ = s.View(1, func(tx *store.Tx) error {
		revision = tx.Revision(name)
		return nil
	})
	return revision
}

// confirming is a transaction that is taken back at a time unless it is confirmed.
func confirming(until time.Time, do func(*store.Tx) error) func(*store.Tx) error {
	return func(tx *store.Tx) error {
		tx.Confirm(store.Millis(until.UnixMilli()))
		return do(tx)
	}
}

// confirm confirms, and fails with errNotAwaited if there is nothing to confirm.
func confirm(revision uint64) func(*store.Tx) error {
	return func(tx *store.Tx) error {
		if !tx.Confirmed(revision) {
			return errNotAwaited
		}
		return nil
	}
}

var errNotAwaited = errors.New("nothing awaits confirmation")

// The revision that an update answers is that of its writes, though proposals are lost, refused, dropped and
// doubled. No two that have to be confirmed have the same one.
func TestUpdatesAnswerTheirRevision(t *testing.T) {
	cluster := fakeCluster(t, 3, 100*time.Microsecond)
	var mu sync.Mutex
	confirmed := map[uint64]string{}
	var clients sync.WaitGroup
	for i, n := range cluster {
		for j := range 8 {
			clients.Go(func() {
				for k := range 15 {
					name := fmt.Sprintf("x/%d.%d.%d", i, j, k)
					do := write(name, "1")
					if j%2 == 0 {
						do = confirming(time.Now().Add(time.Hour), do)
					}
					revision, err := n.submit(t.Context(), "test", do)
					if at := revisionOf(n.store, name); err != nil || revision == 0 || at != revision {
						t.Errorf("node %d: %v; it answered %d, and %s is at %d", n.node, err, revision, name, at)
					}
					mu.Lock()
					if other := confirmed[revision]; j%2 == 0 && other != "" {
						t.Errorf("%s and %s await confirmation of revision %d", other, name, revision)
					} else if j%2 == 0 {
						confirmed[revision] = name
					}
					mu.Unlock()
				}
			})
		}
	}
	clients.Wait()
}

// What writes nothing has no revision, whether it is proposed or not.
func TestWhatWritesNothingHasNoRevision(t *testing.T) {
	n := fakeCluster(t, 1, 0)[0]
	for what, do := range map[string]func(*store.Tx) error{
		"nothing": func(*store.Tx) error { return nil },
		"a read":  func(tx *store.Tx) error { tx.Get("x"); return nil },
		"a deletion of nothing": func(tx *store.Tx) error {
			tx.Delete("x")
			return nil
		},
		"what fails": func(tx *store.Tx) error {
			tx.Get("x")
			return errors.Join(tx.Set("x", "1", 0), errNoLeader)
		},
	} {
		if revision, _ := n.submit(t.Context(), "test", do); revision != 0 {
			t.Errorf("%s stands at revision %d", what, revision)
		}
	}
}

func TestThreeNodesAnswerRevisions(t *testing.T) {
	c := three(t)
	for i := range 30 {
		n, name := c.nodes[i%3], fmt.Sprint("x/", i)
		revision, err := n.Update(t.Context(), "test", write(name, "1"))
		if at := revisionOf(n.store, name); err != nil || at != revision || revision == 0 {
			t.Errorf("%v: it answered %d, and %s is at %d", err, revision, name, at)
		}
	}
}

// The reaper takes a changeset back in the millisecond in which its time is up.
func TestTheReaperTakesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newReaped(t)
		wants := func(want string) {
			t.Helper()
			if got := valueOf(r.store, "x"); got != want {
				t.Errorf("x = %q, want %q", got, want)
			}
		}
		_ = r.apply(write("x", "1"))
		_ = r.apply(confirming(time.Now().Add(time.Minute), write("x", "2")))
		r.after(time.Minute-time.Millisecond, 0, 0)
		wants("2")
		r.after(time.Millisecond, 1, 1)
		wants("1")
		_ = r.apply(confirming(time.Now().Add(time.Minute), write("x", "3")))
		if err := r.apply(confirm(4)); err != nil {
			t.Error(err)
		}
		r.after(time.Hour, 1, 1)
		wants("3")
	})
}

// A change is made on a follower, and the leader is stopped before anybody confirms it: the next one takes it back.
// Another change is confirmed on another node, and stays.
func TestANewLeaderTakesBack(t *testing.T) {
	c := three(t)
	c.update(c.nodes[0], func(tx *store.Tx) error {
		return errors.Join(tx.Set("prod/timeout", "30s", 0), tx.Set("prod/retries", "3", 0), tx.Set("stays", "1", 0))
	})
	c.same()
	gone := c.leader()
	follower := c.nodes[0]
	if follower == gone {
		follower = c.nodes[1]
	}
	stays, err := follower.Update(t.Context(), "test", confirming(time.Now().Add(time.Hour), write("stays", "2")))
	if err != nil {
		t.Fatal(err)
	}
	deadline := time.Now().Add(time.Second)
	bad, err := follower.Update(t.Context(), "test", confirming(deadline, func(tx *store.Tx) error {
		tx.Delete("prod/retries")
		return errors.Join(tx.Set("prod/timeout", "1s", 0), tx.Set("prod/new", "1", 0))
	}))
	if err != nil || valueOf(follower.store, "prod/timeout") != "1s" {
		t.Fatal(err)
	}
	c.same()
	c.stop(gone)
	for _, n := range c.nodes {
		if n != follower {
			c.update(n, confirm(stays))
		}
	}
	c.eventually("it is taken back", func() bool {
		return valueOf(follower.store, "prod/timeout") == "30s" && valueOf(follower.store, "prod/retries") == "3"
	})
	if late := time.Since(deadline); late < 0 {
		t.Errorf("it was taken back %v too early", -late)
	} else {
		t.Logf("it was taken back %v after its time was up", late)
	}
	if sees(t, follower, "prod/new") || valueOf(follower.store, "stays") != "2" {
		t.Error("the wrong one is there, or gone")
	}
	if _, err := follower.Update(t.Context(), "test", confirm(bad)); !errors.Is(err, errNotAwaited) {
		t.Errorf("confirmed too late: %v", err)
	}
	c.start(gone.Dir, "")
	c.same()
}

// Clients change and confirm the same few configs on all nodes while the leader takes back what nobody confirms:
// what is there in the end was confirmed, or was there before.
func TestConfirmingOnAllNodes(t *testing.T) {
	c := three(t)
	wants := make([]string, 6)
	var clients sync.WaitGroup
	for i := range wants {
		name := fmt.Sprint("x/", i)
		c.update(c.nodes[0], write(name, "start"))
		clients.Go(func() {
			wants[i] = "start"
			for k := range 12 {
				value := fmt.Sprint(k)
				within := time.Hour
				if k%2 == 0 {
					within = 20 * time.Millisecond
				}
				until := time.Now().Add(within)
				revision, err := c.nodes[k%3].Update(t.Context(), "test", confirming(until, write(name, value)))
				if errors.Is(err, store.ErrAwaited) {
					continue
				} else if err != nil {
					t.Error(err)
					return
				}
				if _, err = c.nodes[(k+1)%3].Update(t.Context(), "test", confirm(revision)); err == nil {
					wants[i] = value
				} else if !errors.Is(err, errNotAwaited) {
					t.Error(err)
				}
			}
		})
	}
	clients.Wait()
	for i, want := range wants {
		name := fmt.Sprint("x/", i)
		c.eventually(name+" is "+want, func() bool { return valueOf(c.nodes[0].store, name) == want })
	}
	c.same()
}
