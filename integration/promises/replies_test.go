package promises

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"confman/integration/ground"
	"confman/integration/load"
)

// Class 8: answers cross over to other connections, or come in another order, when commands that are answered at once and
// commands that the cluster has to agree upon are sent together and the leader goes.
func TestAnswersAreToTheirQuestions(t *testing.T) {
	t.Parallel()
	g := newGround(t)
	l := counter(nil)
	tell(t, g, "08_answers.txt", only(l))
	if n := l.Report().Checked; n < 500 {
		t.Errorf("only %d answers were checked", n)
	}
	for _, lie := range counterLies(t, "two answers are in the wrong order", "an answer is another client's") {
		l := counter(lie)
		noticed(t, lie.Name, works(t, l, g.Addrs(), done(l, 1000)))
	}
}

// unanswered asks each node for what it can do alone, for what all must agree upon, and to wait, again and again until ctx
// ends. It returns what was not answered within a time, be it with an error or by hanging up.
func unanswered(ctx context.Context, hosts []*ground.Host, patience time.Duration, answered *atomic.Int64) (wrong []string) {
	var work sync.WaitGroup
	var mu sync.Mutex
	for _, h := range hosts {
		for _, words := range [][]any{
			{"GET", "asked"},
			{"SET", "asked", "1"},
			{"WAIT", 2, 500},
			{"XREAD", "BLOCK", 500, "STREAMS", "confman/changes", "$"},
			{"INFO", "confman"},
			{"PUBLISH", "asked", "1"},
		} {
			work.Go(func() {
				client := load.Client(h.Addr, nil)
				defer client.Close()
				for ; ctx.Err() == nil; rest() {
					began := time.Now()
					err := client.Do(context.Background(), words...).Err()
					answered.Add(1)
					if took := time.Since(began); took > patience {
						mu.Lock()
						wrong = append(wrong, fmt.Sprintf("%s: %v is answered after %v: %v", h.Name, words, took, err))
						mu.Unlock()
						return
					}
				}
			})
		}
	}
	work.Wait()
	return wrong
}

// Class 9: a request is never answered.
func TestEverythingIsAnswered(t *testing.T) {
	t.Parallel()
	const patience = 1500*time.Millisecond + 4*time.Second // for as long as a node holds a write, and then some
	g := newGround(t)
	hosts := g.Found(3)
	asked := func(meanwhile func()) []string {
		ctx, stop := context.WithCancel(t.Context())
		var answered atomic.Int64
		got := make(chan []string)
		go func() { got <- unanswered(ctx, hosts, patience, &answered) }()
		await(t, "they are asked", func() bool { return answered.Load() > 100 })
		meanwhile()
		stop()
		return <-got
	}
	holds(t, asked(func() {
		leads := g.Leader()
		leads.Kill()
		next := g.Leader()
		leads.Start()
		leads.Eventually("it takes part", leads.TakesPart)
		if g.Can(ground.Cut) == nil {
			g.Isolate(next)
			g.Leader()
			g.Heal()
		}
		leads = g.Leader()
		for _, h := range others(g, leads) {
			h.Kill()
		}
		_, err := asks(leads, []any{"SET", "asked", "alone"})
		if err == nil || !slices.ContainsFunc([]string{"CLUSTERDOWN", "INDOUBT", "TRYAGAIN"}, func(s string) bool { return strings.HasPrefix(err.Error(), s) }) {
			t.Errorf("a write at a node that is alone: %v", err)
		}
		for _, h := range others(g, leads) {
			h.Start()
		}
		g.Leader()
	}))
	noticed(t, "a node hangs", asked(func() {
		hosts[0].Pause()
		time.Sleep(patience + 500*time.Millisecond) // that is what is to be noticed
		hosts[0].Resume()
	}))
}
