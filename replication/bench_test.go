package replication

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"confman/store"
)

// promptLog is a log of one node that takes and applies every entry at once.
type promptLog struct {
	*committer
	index   uint64
	entries chan []byte
}

func (l *promptLog) leader() (bool, <-chan struct{}) { return true, nil }

func (l *promptLog) propose(entry []byte) (<-chan struct{}, error) {
	l.entries <- entry
	return nil, nil
}

// apply applies what is proposed until ctx ends.
func (l *promptLog) apply(ctx context.Context, tb testing.TB) {
	for {
		select {
		case entry := <-l.entries:
			e, err := store.DecodeEntry(entry)
			if err != nil {
				tb.Error(err)
			}
			l.index++
			in := store.Indexed{Index: l.index, Entry: e}
			outcomes, err := l.store.Apply([]store.Indexed{in})
			if err != nil {
				tb.Error(err)
			}
			l.hasApplied(in, outcomes[0])
		case <-ctx.Done():
			return
		}
	}
}

// startPrompt runs a committer over such a log until the test ends.
func startPrompt(tb testing.TB) *promptLog {
	l := &promptLog{entries: make(chan []byte, 1), committer: &committer{
		node: 1, store: store.OpenMemory(), now: time.Now, hold: time.Minute, again: time.Minute,
		refusal: func() error { return store.ErrUnavailable },
	}}
	l.log = l
	l.init()
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { l.run(ctx) })
	running.Go(func() { l.apply(ctx, tb) })
	tb.Cleanup(func() { cancel(); running.Wait(); _ = l.store.Close() })
	return l
}

// set is a SET as a client's.
func set(name string) func(*store.Tx) error {
	return func(tx *store.Tx) error {
		tx.Origin(store.Origin{Addr: "127.0.0.1:43210", Protocol: "resp"})
		return tx.Set(name, "a value of some bytes", 0)
	}
}

// BenchmarkCommit has clients write one thing after another, and counts how many of them share an entry.
func BenchmarkCommit(b *testing.B) {
	for _, clients := range []int{1, 50, 200} {
		b.Run(fmt.Sprintf("%d clients", clients), func(b *testing.B) {
			l := startPrompt(b)
			b.ReportAllocs()
			var left atomic.Int64
			left.Store(int64(b.N))
			var writing sync.WaitGroup
			for i := range clients {
				writing.Go(func() {
					write := set(fmt.Sprint("prod/", i))
					for left.Add(-1) >= 0 {
						if _, err := l.submit(b.Context(), "default", write); err != nil {
							b.Error(err)
						}
					}
				})
			}
			writing.Wait()
			b.ReportMetric(float64(b.N)/float64(l.store.Applied()), "SETs/entry")
		})
	}
}

// commitAllocs is what a SET may allocate from where it is queued until it is answered, if it is alone in its entry.
const commitAllocs = 145

func TestACommitAllocatesNoMoreThanItDid(t *testing.T) {
	l := startPrompt(t)
	write := set("prod/timeout")
	got := testing.AllocsPerRun(300, func() {
		if _, err := l.submit(t.Context(), "default", write); err != nil {
			t.Error(err)
		}
	})
	if got > commitAllocs {
		t.Errorf("%v allocations, want at most %v", got, commitAllocs)
	}
	t.Logf("%v allocations", got)
}
