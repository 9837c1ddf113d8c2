package load

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/anishathalye/porcupine"
)

// Linear is a load that checks that what clients see could have been done one after the other, each operation between
// its call and its answer. Clients at every node read and write a small group of configs, one by one and
// in transactions, as fast as they conflict; some connections are lost on purpose. Behind some operations they
// take another group. A group is read once more, and its history checked, when others have been
// worked on meanwhile, so that an acknowledged write that is lost later is missed too.
type Linear struct {
	Lie        *Lie
	Teams      int           // of clients, each with a group of its own; 2 if 0
	Clients    int           // of a team at each node; 2 if 0
	Operations int           // on a group; 300 if 0
	Kept       int           // groups of a team that wait for their check; 4 if 0, none if negative
	Cuts       int           // of 1000 operations whose answer is lost on purpose; 60 if 0, none if negative
	Pace       time.Duration // between two operations of a client; 10 ms if 0
	Patience   time.Duration // for an answer, and for the check of a group; 10 s if 0
	Pictures   string        // the directory for pictures of histories that are wrong; the system's for temporary files if empty

	ledger
	seed    uint64
	begin   time.Time
	run     string // in the names of its groups: no other run has the same
	rounds  atomic.Int64
	waiting [][]*group // of each team, to be checked
	took    atomic.Int64
}

// Name is linear.
func (l *Linear) Name() string { return "linear" }

// Run has teams of clients work at the nodes.
func (l *Linear) Run(ctx context.Context, addrs []string, seed uint64) {
	l.prepare(seed)
	var teams sync.WaitGroup
	for i := range l.Teams {
		teams.Go(func() { l.team(ctx, i, addrs) })
	}
	teams.Wait()
}

func (l *Linear) prepare(seed uint64) {
	orElse(&l.Teams, 2)
	orElse(&l.Clients, 2)
	orElse(&l.Operations, 300)
	orElse(&l.Kept, 4)
	orElse(&l.Cuts, 60)
	orElse(&l.Pace, 10*time.Millisecond)
	orElse(&l.Patience, 10*time.Second)
	orElse(&l.Pictures, os.TempDir())
	l.seed, l.begin = seed, time.Now()
	l.run = strconv.FormatInt(l.begin.UnixMilli(), 36)
	l.waiting = make([][]*group, l.Teams)
}

// orElse sets what is not set.
func orElse[T comparable](v *T, value T) {
	var zero T
	if *v == zero {
		*v = value
	}
}

// now is the time since the load began.
func (l *Linear) now() time.Duration { return time.Since(l.begin) }

// team works on one group after the other.
func (l *Linear) team(ctx context.Context, team int, addrs []string) {
	var clients []*linearClient
	for i := range l.Clients * len(addrs) {
		chance := rand.New(rand.NewPCG(l.seed, uint64(team<<16+i)))
		clients = append(clients, &linearClient{load: l, addr: addrs[i%len(addrs)], chance: chance, patience: l.Patience})
	}
	defer func() {
		for _, c := range clients {
			c.drop()
		}
	}()
	for ctx.Err() == nil {
		g := newGroup(fmt.Sprintf("linear/%s/%d", l.run, l.rounds.Add(1)))
		l.round(ctx, g, clients)
		l.waiting[team] = append(l.waiting[team], g)
		if len(l.waiting[team]) > l.Kept && l.conclude(ctx, l.waiting[team][0], addrs) {
			l.waiting[team] = l.waiting[team][1:]
		}
	}
}

// round has clients work on a group until it is full, or ctx ends.
func (l *Linear) round(ctx context.Context, g *group, clients []*linearClient) {
	ctx, end := context.WithCancel(ctx)
	defer end()
	var working sync.WaitGroup
	for _, c := range clients {
		working.Go(func() {
			defer end() // the group is full for the others too
			c.work(ctx, g)
		})
	}
	<-ctx.Done()
	late := time.AfterFunc(grace, func() {
		for _, c := range clients {
			c.hangUp()
		}
	})
	working.Wait()
	late.Stop()
}

// Finish checks what has not been checked yet.
func (l *Linear) Finish(ctx context.Context, addrs []string) {
	for team := range l.waiting {
		for _, g := range l.waiting[team] {
			if !l.conclude(ctx, g, addrs) {
				l.unchecked.Add(int64(len(g.history)))
			}
		}
		l.waiting[team] = nil
	}
}

// conclude reads a group for the last time, checks its history, and deletes it. It reports false if ctx has
// ended before the group could be read.
func (l *Linear) conclude(ctx context.Context, g *group, addrs []string) bool {
	chance := rand.New(rand.NewPCG(l.seed, uint64(l.rounds.Load())))
	c := &linearClient{load: l, group: g, id: g.client(), chance: chance, patience: brisk}
	defer c.drop()
	for at := chance.IntN(len(addrs)); ; at++ {
		if ctx.Err() != nil {
			return false
		}
		c.addr = addrs[at%len(addrs)]
		last := operation{steps: []step{c.getAll(), c.get(fields), c.get(fields + 1)}}
		if c.connected(ctx) {
			if _, known := c.do(last); known == told {
				break
			}
			c.drop()
		}
		pauseFor(ctx, setBack)
	}
	if l.judge(g) && c.connected(ctx) {
		_ = c.line.Del(ctx, append([]string{g.namespace}, g.names[fields:]...)...).Err() // it only takes room
	}
	return true
}

// judge checks the history of a group, and reports whether it is of no interest any more.
func (l *Linear) judge(g *group) bool {
	began := time.Now()
	result, info := g.check(l.Patience)
	l.took.Add(int64(time.Since(began)))
	if result == porcupine.Unknown {
		l.unchecked.Add(int64(len(g.history)))
		return true
	}
	l.checked.Add(int64(len(g.history)))
	if result == porcupine.Illegal {
		l.violated("%s (seed %d) is not linearizable; %s%s", g.namespace, l.seed, l.picture(g, info), g.story(info))
	}
	return result == porcupine.Ok
}

// picture draws the history, and tells where.
func (l *Linear) picture(g *group, info porcupine.LinearizationInfo) string {
	path := filepath.Join(l.Pictures, fmt.Sprintf("%s.html", strings.ReplaceAll(g.namespace, "/", "-")))
	if err := porcupine.VisualizePath(model, info, path); err != nil {
		return "there is no picture: " + err.Error()
	}
	return "see " + path
}
