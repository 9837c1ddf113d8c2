package load

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
)

// Local is a load that checks what nodes answer from what they have: a value that was committed, with its
// revision; no half of a transaction; nothing older than what the same node has shown or acknowledged before, on whatever
// connection and across its restarts; and, where there is a bound, nothing older than that by this load's own clock.
type Local struct {
	Lie      *Lie
	Readers  int             // at each node, without a bound; 2 if 0
	Bounds   []time.Duration // of one more reader each at each node; 250 ms and 2 s if nil
	Pace     time.Duration   // between two operations of a client; 20 ms if 0; writers take four times as long
	Patience time.Duration   // for an answer; 10 s if 0

	ledger
	seed    uint64
	run     string // in the names of its namespaces: no other run has the same
	begin   time.Time
	writes  atomic.Int64
	current atomic.Pointer[chapter]
	old     []*chapter // to be concluded by Finish
}

// Name is local.
func (l *Local) Name() string { return "local" }

// Run has clients write at every node, and others read.
func (l *Local) Run(ctx context.Context, addrs []string, seed uint64) {
	orElse(&l.Readers, 2)
	orElse(&l.Pace, 20*time.Millisecond)
	orElse(&l.Patience, 10*time.Second)
	if l.Bounds == nil {
		l.Bounds = []time.Duration{250 * time.Millisecond, 2 * time.Second}
	}
	l.seed, l.begin = seed, time.Now()
	l.run = strconv.FormatInt(l.begin.UnixMilli(), 36)
	l.current.Store(l.chapter(0))
	var clients sync.WaitGroup
	for i, addr := range addrs {
		clients.Go(func() { l.client(addr, i, 0).work(ctx, 4*l.Pace, (*localClient).write) })
		for j := range l.Readers {
			clients.Go(func() { l.client(addr, i, 1+j).work(ctx, l.Pace, (*localClient).read) })
		}
		for j, bound := range l.Bounds {
			c := l.client(addr, i, 1+l.Readers+j)
			c.bound = bound
			clients.Go(func() { c.work(ctx, l.Pace, (*localClient).read) })
		}
	}
	l.turnPages(ctx, addrs)
	clients.Wait()
}

func (l *Local) chapter(n int) *chapter {
	return newChapter(fmt.Sprintf("local/%s/%d", l.run, n))
}

func (l *Local) client(addr string, node, n int) *localClient {
	return &localClient{load: l, addr: addr, chance: rand.New(rand.NewPCG(l.seed, uint64(node<<16+n)))}
}

// now is the time since the load began.
func (l *Local) now() time.Duration { return time.Since(l.begin) }

// turnPages begins another chapter whenever enough was written in one, and concludes those that are over.
func (l *Local) turnPages(ctx context.Context, addrs []string) {
	for n := 1; ; n++ {
		c := l.current.Load()
		select {
		case <-c.full:
			l.current.Store(l.chapter(n))
		case <-ctx.Done():
			l.old = append(l.old, c)
			return
		}
		if !l.conclude(ctx, c, addrs) {
			l.old = append(l.old, c)
		}
	}
}

// Finish concludes what has not been concluded.
func (l *Local) Finish(ctx context.Context, addrs []string) {
	for _, c := range l.old {
		if !l.conclude(ctx, c, addrs) {
			l.unchecked.Add(int64(len(c.known())))
		}
	}
	l.old = nil
}

// conclude compares all that was read and acknowledged in a chapter with the history that the cluster has committed,
// and deletes its configs. It reports false if ctx has ended before anybody told.
func (l *Local) conclude(ctx context.Context, c *chapter, addrs []string) bool {
	c.close()
	for at := 0; ctx.Err() == nil; at++ {
		addr := addrs[at%len(addrs)]
		line, err := dial(ctx, addr, l.Lie, brisk, []any{"CONF", "CONSISTENCY", "LINEARIZABLE"})
		if err == nil {
			err = l.compare(line, addr, c)
			line.close()
		}
		if err == nil {
			return true
		}
		pauseFor(ctx, setBack)
	}
	return false
}

// compare asks a node for the history.
func (l *Local) compare(line *line, addr string, c *chapter) error {
	known := c.known()
	values := slices.Collect(maps.Keys(known))
	var questions [][]any
	for _, value := range values {
		questions = append(questions, []any{"CONF", "GET", c.namespace + "/b", "REVISION", known[value]})
	}
	asked, err := line.ask(questions...)
	for _, a := range asked {
		if k := knows(a.Err()); err == nil && (k == declined || k == doubtful) {
			err = a.Err() // it is asked again, or another node is
		}
	}
	var deleted []*redis.Cmd
	if err == nil {
		deleted, err = line.ask([]any{"DEL", c.namespace})
	}
	if err == nil {
		err = deleted[0].Err()
	}
	if l.count(knows(err)); err != nil {
		return err
	}
	for i, value := range values {
		then, err := asked[i].Val(), asked[i].Err()
		switch {
		case redis.HasErrorPrefix(err, "GONE"):
			l.unchecked.Add(1)
		case then != value && !l.shares(c, value, then):
			l.violated("%s (seed %d): %q was at revision %d, where %s knows %v (%v)", c.namespace, l.seed, value, known[value], addr, then, err)
		default:
			l.checked.Add(1)
		}
	}
	return nil
}

// shares reports whether two values have one revision, because they were committed together: the one that was not
// acknowledged last can be read by nobody.
func (l *Local) shares(c *chapter, value string, other any) bool {
	text, _ := other.(string)
	c.mu.Lock()
	defer c.mu.Unlock()
	a, b := c.versions[value], c.versions[text]
	return b != nil && !a.read && (a.revision == b.revision || b.revision == 0 && !b.declined)
}
