package load

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// Counter is a load that checks that what is asked for happens once, and that each request is answered, by its own
// answer. Clients at every node count and append, in pipelines with other commands, of which some need no other node
// and some all of them. What was acknowledged must have happened once, and what nobody knows of once or not at
// all.
type Counter struct {
	Lie      *Lie
	Clients  int           // at each node; 2 if 0
	Cuts     int           // of 1000 pipelines whose answers are lost on purpose; 20 if 0, none if negative
	Pace     time.Duration // between two pipelines of a client; 50 ms if 0
	Patience time.Duration // for an answer of a node that answers others; 30 s if 0

	ledger
	seed     uint64
	run      string // in the names of its configs: no other run has the same
	ones     *sum   // counted by INCR
	several  *sum   // counted by HINCRBY
	current  atomic.Pointer[scroll]
	old      []*scroll // to be checked by Finish
	requests atomic.Int64
}

// Name is counter.
func (l *Counter) Name() string { return "counter" }

// Run has clients count at every node.
func (l *Counter) Run(ctx context.Context, addrs []string, seed uint64) {
	orElse(&l.Clients, 2)
	orElse(&l.Cuts, 20)
	orElse(&l.Pace, 50*time.Millisecond)
	orElse(&l.Patience, 30*time.Second)
	l.seed = seed
	l.run = "counter/" + strconv.FormatInt(time.Now().UnixMilli(), 36)
	l.ones, l.several = &sum{name: l.run + "/ones"}, &sum{name: l.run + "/several"}
	l.current.Store(l.scroll(0))
	var clients sync.WaitGroup
	for i, addr := range addrs {
		beat := &pulse{}
		clients.Go(func() { beat.feel(ctx, addr) })
		for j := range l.Clients {
			c := &counterClient{load: l, addr: addr, pulse: beat, id: i*l.Clients + j, chance: rand.New(rand.NewPCG(seed, uint64(i<<16+j)))}
			clients.Go(func() { c.work(ctx) })
		}
	}
	l.turnScrolls(ctx, addrs)
	clients.Wait()
}

func (l *Counter) scroll(n int) *scroll { return newScroll(fmt.Sprintf("%s/scroll-%d", l.run, n)) }

// turnScrolls begins another scroll whenever one is full, and checks it.
func (l *Counter) turnScrolls(ctx context.Context, addrs []string) {
	for n := 1; ; n++ {
		s := l.current.Load()
		select {
		case <-s.full:
			l.current.Store(l.scroll(n))
		case <-ctx.Done():
			l.old = append(l.old, s)
			return
		}
		if !l.conclude(ctx, s, addrs) {
			l.old = append(l.old, s)
		}
	}
}

// conclude checks a scroll when nobody appends to it any more, and deletes it. It reports false if ctx has ended
// before anybody told what is in it.
func (l *Counter) conclude(ctx context.Context, s *scroll, addrs []string) bool {
	s.close()
	text, addr, found := l.ask(ctx, addrs, s.name)
	if !found {
		return false
	}
	l.checked.Add(int64(len(s.words)))
	if err := s.check(text); err != nil {
		l.violated("%s (seed %d): %v, says %s: %q", l.run, l.seed, err, addr, text)
		return true // it is left as it is, to look at
	}
	if line, err := dial(ctx, addr, nil, brisk); err == nil {
		_ = line.Del(ctx, s.name).Err() // it only takes room
		line.close()
	}
	return true
}

// ask reads a config behind a barrier, at any of the nodes.
func (l *Counter) ask(ctx context.Context, addrs []string, name string) (text, addr string, told bool) {
	for at := 0; ctx.Err() == nil; at++ {
		addr = addrs[at%len(addrs)]
		line, err := dial(ctx, addr, nil, brisk, []any{"CONF", "CONSISTENCY", "LINEARIZABLE"})
		if err == nil {
			var asked []any
			asked, err = line.MGet(ctx, name).Result()
			line.close()
			if err == nil {
				text, _ = asked[0].(string)
				return text, addr, true
			}
		}
		pauseFor(ctx, setBack)
	}
	return "", "", false
}

// Finish checks what was counted in the end, and what has not been checked yet.
func (l *Counter) Finish(ctx context.Context, addrs []string) {
	for _, s := range l.old {
		if !l.conclude(ctx, s, addrs) {
			l.unchecked.Add(int64(len(s.words)))
		}
	}
	l.old = nil
	for _, s := range []*sum{l.ones, l.several} {
		for _, addr := range addrs {
			text, _, told := l.ask(ctx, []string{addr}, s.name)
			if !told {
				l.unchecked.Add(1)
				continue
			}
			counted, err := strconv.ParseInt("0"+text, 10, 64)
			if err == nil {
				err = s.total(counted)
			}
			if l.checked.Add(1); err != nil {
				l.violated("%s (seed %d): %v, says %s", l.run, l.seed, err, addr)
			}
		}
	}
}
