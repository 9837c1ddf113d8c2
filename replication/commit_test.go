package replication

import (
	"context"
	"errors"
	"fmt"
	"math/rand"
	"strconv"
	"sync"
	"testing"
	"time"

	"confman/store"
)

// fakeLog stands in for raft: it orders entries, and each node applies them later, at a
// pace of its own. One proposal in three has an accident.
type fakeLog struct {
	mu      sync.Mutex
	grown   *sync.Cond
	entries [][]byte
	ended   bool
}

// fakeNode is one node's end of the log.
type fakeNode struct {
	*committer
	all *fakeLog
	lag time.Duration

	mu       sync.Mutex
	random   *rand.Rand
	leads    bool
	changed  chan struct{}
	silently bool // proposals vanish
	refusing bool // proposals are refused
	count    int  // entries proposed
}

var errNoLeader = errors.New("no leader")

func (n *fakeNode) leader() (bool, <-chan struct{}) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.leads, n.changed
}

// setLeader makes a leader known, or not.
func (n *fakeNode) setLeader(known bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.leads = known
	close(n.changed)
	n.changed = make(chan struct{})
}

func (n *fakeNode) propose(entry []byte) (<-chan struct{}, error) {
	n.mu.Lock()
	fate, silently := n.random.Intn(9), n.silently
	if n.refusing {
		fate = 1
	}
	n.count++
	n.mu.Unlock()
	dropped := make(chan struct{})
	switch {
	case silently || fate == 0: // it is lost on the way
		return dropped, nil
	case fate == 1: // it is refused
		return nil, errNoLeader
	case fate == 2: // it is dropped, and we hear of it
		close(dropped)
		return dropped, nil
	}
	n.all.mu.Lock()
	n.all.entries = append(n.all.entries, entry)
	if fate == 3 { // it arrives twice
		n.all.entries = append(n.all.entries, entry)
	}
	n.all.mu.Unlock()
	n.all.grown.Broadcast()
	return dropped, nil
}

// next returns the entry behind the first done ones, and waits for it.
func (l *fakeLog) next(done int) (entry []byte, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for len(l.entries) == done && !l.ended {
		l.grown.Wait()
	}
	if l.ended {
		return nil, false
	}
	return l.entries[done], true
}

// apply applies what the log gets until it ends.
func (n *fakeNode) apply(t *testing.T) {
	for index := 0; ; index++ {
		entry, ok := n.all.next(index)
		if !ok {
			return
		}
		if n.lag > 0 {
			n.mu.Lock()
			lag := time.Duration(n.random.Int63n(int64(n.lag)))
			n.mu.Unlock()
			<-time.After(lag)
		}
		e, err := store.DecodeEntry(entry)
		if err != nil {
			t.Error(err)
		}
		in := store.Indexed{Index: uint64(index + 1), Entry: e}
		outcomes, err := n.store.Apply([]store.Indexed{in})
		if err != nil {
			t.Error(err)
		}
		n.hasApplied(in, outcomes[0])
	}
}

// fakeCluster runs nodes over one log until the test ends.
func fakeCluster(t *testing.T, nodes int, lag time.Duration) []*fakeNode {
	all := &fakeLog{}
	all.grown = sync.NewCond(&all.mu)
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	var cluster []*fakeNode
	for i := range nodes {
		n := &fakeNode{
			all: all, lag: lag * time.Duration(i), leads: true, changed: make(chan struct{}),
			random: rand.New(rand.NewSource(int64(i + 1))),
			committer: &committer{
				node: uint64(i + 1), store: store.OpenMemory(), now: time.Now, hold: 20 * time.Second,
				again: 20 * time.Millisecond, refusal: func() error { return store.ErrUnavailable },
			},
		}
		n.log = n
		n.init()
		running.Go(func() { n.run(ctx) })
		running.Go(func() { n.apply(t) })
		cluster = append(cluster, n)
	}
	t.Cleanup(func() {
		cancel()
		all.mu.Lock()
		all.ended = true
		all.mu.Unlock()
		all.grown.Broadcast()
		running.Wait()
	})
	return cluster
}

func count(name string) func(*store.Tx) error {
	return func(tx *store.Tx) error {
		rec, _ := tx.Get(name)
		n, _ := strconv.Atoi(rec.Value)
		return tx.Set(name, strconv.Itoa(n+1), 0)
	}
}

func valueOf(s *store.Store, name string) (value string) {
	_ = s.View(1, func(tx *store.Tx) error {
		rec, _ := tx.Get(name)
		value = rec.Value
		return nil
	})
	return value
}

// Counting up configs from every node at once loses nothing and doubles nothing, though
// proposals are lost, refused, dropped and doubled, and a node has done what it answered.
func TestCountingFromEveryNode(t *testing.T) {
	for _, c := range []struct {
		nodes, clients, each int
		hot                  bool
	}{{1, 50, 40, true}, {3, 1, 60, true}, {3, 8, 25, true}, {3, 50, 10, true}, {5, 4, 20, true}, {3, 8, 25, false}} {
		t.Run(fmt.Sprintf("%+v", c), func(t *testing.T) {
			cluster := fakeCluster(t, c.nodes, 100*time.Microsecond)
			var clients sync.WaitGroup
			for i, n := range cluster {
				for j := range c.clients {
					name := "counter"
					if !c.hot {
						name = fmt.Sprintf("counter/%d.%d", i, j)
					}
					clients.Go(func() {
						for k := range c.each {
							if _, err := n.submit(t.Context(), "test", count(name)); err != nil {
								t.Errorf("node %d: %v", n.node, err)
								return
							}
							if got, _ := strconv.Atoi(valueOf(n.store, name)); got < k+1 {
								t.Errorf("node %d answered the %dth increment, and holds %d", n.node, k+1, got)
							}
						}
					})
				}
			}
			clients.Wait()
			total := c.nodes * c.clients * c.each
			for _, n := range cluster {
				if _, err := n.submit(t.Context(), "test", count("done")); err != nil {
					t.Error(err)
				}
			}
			last := cluster[len(cluster)-1] // it has applied its own, the last entry of all
			if got := valueOf(last.store, "counter"); c.hot && got != strconv.Itoa(total) {
				t.Errorf("counted to %s, want %d", got, total)
			}
			proposals := 0
			for _, n := range cluster {
				n.mu.Lock()
				proposals += n.count
				n.mu.Unlock()
			}
			t.Logf("%d updates in %d proposals", total, proposals)
		})
	}
}

func TestAWriteWaitsForALeader(t *testing.T) {
	n := fakeCluster(t, 1, 0)[0]
	n.setLeader(false)
	done := make(chan error, 1)
	go func() {
		_, err := n.submit(t.Context(), "test", count("x"))
		done <- err
	}()
	select {
	case err := <-done:
		t.Fatalf("answered without a leader: %v", err)
	case <-time.After(20 * time.Millisecond):
	}
	n.setLeader(true)
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestWithoutALeaderAWriteIsRefusedInTime(t *testing.T) {
	n := fakeCluster(t, 1, 0)[0]
	n.hold = 30 * time.Millisecond
	n.setLeader(false)
	ran := false
	_, err := n.submit(t.Context(), "test", func(tx *store.Tx) error { ran = true; return nil })
	if !errors.Is(err, store.ErrUnavailable) || ran {
		t.Errorf("%v, ran: %v", err, ran)
	}
}

func TestAWriteThatMayBeInTheLogIsInDoubt(t *testing.T) {
	n := fakeCluster(t, 1, 0)[0]
	n.hold = 50 * time.Millisecond
	n.mu.Lock()
	n.silently = true
	n.mu.Unlock()
	if _, err := n.submit(t.Context(), "test", count("x")); !errors.Is(err, store.ErrInDoubt) {
		t.Errorf("the proposal has vanished, but: %v", err)
	}
	n.mu.Lock()
	n.silently = false
	n.mu.Unlock()
	n.hold = 20 * time.Second
	if _, err := n.submit(t.Context(), "test", count("y")); err != nil {
		t.Errorf("the next one: %v", err)
	}
}

// An update that was told that nothing was changed changes nothing afterwards, though one
// that shared its entry goes through.
func TestWhatWasRefusedNeverReachesTheLog(t *testing.T) {
	n := fakeCluster(t, 1, 0)[0]
	refuse := func(refusing bool) (proposals int) {
		n.mu.Lock()
		defer n.mu.Unlock()
		n.refusing = refusing
		return n.count
	}
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	refused := 0
	for round := range 20 {
		name := fmt.Sprint("refused/", round)
		impatient := &update{do: count(name), done: make(chan error, 1)}
		patient := &update{do: count("patient"), done: make(chan error, 1)}
		before := refuse(true)
		n.setLeader(false)
		n.queue <- impatient
		n.queue <- patient
		n.setLeader(true)
		for refuse(true) == before {
			<-tick.C
		}
		impatient.giveUp(store.ErrUnavailable)
		signal(n.givenUp)
		refuse(false)
		if err := <-patient.done; err != nil {
			t.Fatal(err)
		}
		if err := <-impatient.done; errors.Is(err, store.ErrInDoubt) {
			continue
		}
		if refused++; valueOf(n.store, name) != "" {
			t.Fatalf("round %d: refused, and done", round)
		}
	}
	if refused == 0 {
		t.Error("nothing was ever refused: this tests nothing")
	}
}

func TestWhatReadsAndWritesNothingIsAnsweredAtOnce(t *testing.T) {
	n := fakeCluster(t, 1, 0)[0]
	boom := errors.New("boom")
	if _, err := n.submit(t.Context(), "test", func(*store.Tx) error { return boom }); err != boom {
		t.Errorf("got %v", err)
	}
	n.mu.Lock()
	proposals := n.count
	n.mu.Unlock()
	if proposals != 0 {
		t.Errorf("%d entries were proposed", proposals)
	}
	start := time.Now()
	if _, err := n.submit(t.Context(), "test", count("x")); err != nil || time.Since(start) > n.hold/2 {
		t.Errorf("the next update took %v: %v", time.Since(start), err)
	}
}

// An error that comes from what was read is checked by the log, like any other answer.
func TestAnErrorThatReadSomethingIsProposed(t *testing.T) {
	n := fakeCluster(t, 1, 0)[0]
	boom := errors.New("boom")
	_, err := n.submit(t.Context(), "test", func(tx *store.Tx) error {
		tx.Get("x")
		return boom
	})
	n.mu.Lock()
	defer n.mu.Unlock()
	if err != boom || n.count == 0 {
		t.Errorf("%v, %d entries proposed", err, n.count)
	}
}

func TestManyLargeUpdatesShareEntriesOfBoundedSize(t *testing.T) {
	n := fakeCluster(t, 1, 0)[0]
	value := string(make([]byte, 600<<10))
	var clients sync.WaitGroup
	for i := range 20 {
		clients.Go(func() {
			_, err := n.submit(t.Context(), "test", func(tx *store.Tx) error { return tx.Set(fmt.Sprint(i), value, 0) })
			if err != nil {
				t.Error(err)
			}
		})
	}
	clients.Wait()
	n.all.mu.Lock()
	defer n.all.mu.Unlock()
	for _, e := range n.all.entries {
		if len(e) > store.MaxTxn+1<<10 {
			t.Errorf("an entry of %d bytes", len(e))
		}
	}
}

func TestStopAnswersWhoeverWaits(t *testing.T) {
	n := &fakeNode{changed: make(chan struct{}), committer: &committer{
		node: 1, store: store.OpenMemory(), now: time.Now, hold: time.Minute, refusal: func() error { return errNoLeader },
	}}
	n.log = n
	n.init()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { n.run(ctx); close(ended) }()
	done := make(chan error, 1)
	go func() {
		_, err := n.submit(t.Context(), "test", count("x"))
		done <- err
	}()
	cancel()
	<-ended
	if err := <-done; !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("got %v", err)
	}
}
