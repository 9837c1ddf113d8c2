package replication

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// An answering answers rounds when the test says so.
type answering struct {
	mu       sync.Mutex
	patience []time.Duration // of the rounds that have begun
	answer   chan error
}

func (a *answering) ask(patience time.Duration) (<-chan struct{}, error) {
	a.mu.Lock()
	a.patience = append(a.patience, patience)
	a.mu.Unlock()
	return nil, <-a.answer
}

// begun returns how many rounds have begun.
func (a *answering) begun() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.patience)
}

// ended reports whether a round has ended.
func (r *round) ended() bool {
	select {
	case <-r.done:
		return true
	default:
		return false
	}
}

// A round proves something to those only who asked before it began: who comes while it is on its way waits for the
// next one, together with all others who do.
func TestRoundsAreShared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var r rounds
		a, p := &answering{answer: make(chan error)}, Profile{Tick: time.Second, Heartbeat: 1, Again: time.Minute}
		first := r.share(a.ask, p)
		synctest.Wait()
		second := r.share(a.ask, p)
		for range 50 {
			if r.share(a.ask, p) != second {
				t.Error("those who wait do not share a round")
			}
		}
		synctest.Wait()
		if first == second || a.begun() != 1 {
			t.Fatalf("%d rounds are on their way", a.begun())
		}
		a.answer <- nil
		synctest.Wait()
		if !first.ended() || second.ended() || a.begun() != 2 {
			t.Errorf("the first ended: %v, the second: %v; begun: %d", first.ended(), second.ended(), a.begun())
		}
		third := r.share(a.ask, p)
		a.answer <- nil
		synctest.Wait()
		if !second.ended() || third.ended() || third == second {
			t.Error("a round counted for one who asked after it had begun")
		}
		a.answer <- nil
		synctest.Wait()
		if !third.ended() || r.next != nil || r.last != nil {
			t.Errorf("something is left: %+v", &r)
		}
	})
}

// A round that gets no answer does not hold up the next for longer than a heartbeat. One that was not patient enough
// makes the next more patient, however many were not, until one is answered.
func TestARoundThatIsLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var r rounds
		lost, p := &answering{answer: make(chan error)}, Profile{Tick: time.Second, Heartbeat: 2, Again: time.Minute}
		r.share(lost.ask, p)
		synctest.Wait()
		began := time.Now()
		a := &answering{answer: make(chan error)}
		second := r.share(a.ask, p)
		a.answer <- nil
		<-second.done
		if waited := time.Since(began); waited != 2*time.Second {
			t.Errorf("the second waited for the first for %v", waited)
		}
		lost.answer <- errLate
		synctest.Wait()
		for _, step := range []struct {
			patience time.Duration
			answer   error
		}{
			{2 * time.Minute, errLate},
			{4 * time.Minute, errDropped},
			{4 * time.Minute, nil},
			{time.Minute, nil},
		} {
			one := r.share(a.ask, p)
			a.answer <- step.answer
			<-one.done
			if got := a.patience[len(a.patience)-1]; got != step.patience || !errors.Is(one.err, step.answer) {
				t.Errorf("patience %v, want %v; %v, want %v", got, step.patience, one.err, step.answer)
			}
		}
	})
}

// A barrier costs a node little beside the round, which many share.
func TestAllocationsOfABarrier(t *testing.T) {
	answered := &round{done: make(chan struct{})}
	close(answered.done)
	n := &Node{Hold: time.Minute}
	n.fresh.rounds.next = answered
	ctx := t.Context()
	if allocs := testing.AllocsPerRun(100, func() { _ = n.Barrier(ctx) }); allocs > 4 { // a timer, and what calls the leader
		t.Errorf("%v allocations", allocs)
	}
}

// BenchmarkRounds measures what a barrier costs beside asking the leader, if fifty ask at once.
func BenchmarkRounds(b *testing.B) {
	var r rounds
	var asked atomic.Int64
	ask := func(time.Duration) (<-chan struct{}, error) {
		asked.Add(1)
		return nil, nil
	}
	b.ReportAllocs()
	b.SetParallelism(50)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			<-r.share(ask, Profiles[0]).done
		}
	})
	b.ReportMetric(float64(asked.Load())/float64(b.N), "rounds/op")
}
