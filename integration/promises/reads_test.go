package promises

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"confman/integration/ground"
	"confman/integration/load"
)

// A sight is what was seen at one node of a config that only counts up.
type sight struct {
	host  *ground.Host
	name  string
	floor atomic.Int64 // what has been read there, or was acknowledged there
	seen  atomic.Int64 // how often

	mu    sync.Mutex
	wrong []string
}

// counts counts the config up through the node until ctx ends.
func (s *sight) counts(ctx context.Context) {
	client := load.Client(s.host.Addr, nil)
	defer client.Close()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for ctx.Err() == nil {
		if n, err := client.Incr(context.Background(), s.name).Result(); err == nil {
			s.raise(n)
		}
		<-tick.C
	}
}

func (s *sight) raise(n int64) {
	for old := s.floor.Load(); n > old && !s.floor.CompareAndSwap(old, n); old = s.floor.Load() {
	}
}

// watches reads the config at an address until ctx ends: what is read there is never older than what was.
func (s *sight) watches(ctx context.Context, addr string) {
	client := load.Client(addr, nil)
	defer client.Close()
	tick := time.NewTicker(2 * time.Millisecond) // so that it is early when the node answers again
	defer tick.Stop()
	for ; ctx.Err() == nil; <-tick.C {
		floor := s.floor.Load()
		n, err := client.Get(context.Background(), s.name).Int64()
		if err != nil && !errors.Is(err, redis.Nil) {
			continue // it refuses, or is down
		}
		if s.seen.Add(1); n < floor {
			s.mu.Lock()
			s.wrong = append(s.wrong, fmt.Sprintf("%s is %d at %s, where it was %d", s.name, n, addr, floor))
			s.mu.Unlock()
			return
		}
		s.raise(n)
	}
}

// sights has each of some nodes be written through and watched until what happens meanwhile has happened.
func sights(t *testing.T, hosts []*ground.Host, meanwhile func()) (wrong []string, all []*sight) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var work sync.WaitGroup
	for _, h := range hosts {
		s := &sight{host: h, name: "reads/up"}
		all = append(all, s)
		work.Go(func() { s.counts(ctx) })
		work.Go(func() { s.watches(ctx, h.Addr) })
	}
	further(t, all)
	meanwhile()
	further(t, all)
	stop()
	work.Wait()
	for _, s := range all {
		wrong = append(wrong, s.wrong...)
	}
	return wrong, all
}

// further waits until each node was read some more, or was read wrong.
func further(t *testing.T, all []*sight) {
	t.Helper()
	for _, s := range all {
		before := s.seen.Load()
		await(t, s.host.Name+" reads", func() bool {
			s.mu.Lock()
			defer s.mu.Unlock()
			return s.seen.Load() > before+20 || len(s.wrong) > 0
		})
	}
}

// Class 4: a node answers from nothing, or from what it had long ago, while it starts, or while it is sent the state.
func TestNoReadIsEmptyOrOld(t *testing.T) {
	t.Parallel()
	g := newGround(t)
	hosts := g.Found(3)
	wrong, all := sights(t, hosts, func() {
		hosts[2].Kill()
		hosts[2].Start()
		for _, h := range hosts {
			h.Kill()
		}
		for _, h := range hosts {
			h.Launch()
		}
		hosts[0].Eventually("it takes part", hosts[0].TakesPart)
		hosts[2].Replace(hosts[0]) // it is sent the state
	})
	holds(t, wrong)

	empty := g.Host("n9")
	empty.Start() // a cluster of its own
	s := &sight{host: hosts[0], name: "reads/up"}
	s.raise(all[0].floor.Load())
	ctx, stop := context.WithTimeout(t.Context(), 10*time.Second)
	defer stop()
	s.watches(ctx, empty.Addr)
	noticed(t, "a node answers that has nothing", s.wrong)
}

// asks sends commands over a connection of their own, and returns the last one's answer.
func asks(h *ground.Host, commands ...[]any) (answer any, err error) {
	client := h.Client()
	defer client.Close()
	conn := client.Conn()
	defer conn.Close()
	for _, words := range commands {
		if answer, err = conn.Do(context.Background(), words...).Result(); err != nil && !errors.Is(err, redis.Nil) {
			return nil, err
		}
	}
	return answer, nil
}

// others are all hosts but one.
func others(g *ground.Ground, but *ground.Host) (all []*ground.Host) {
	for _, h := range g.Hosts() {
		if h != but {
			all = append(all, h)
		}
	}
	return all
}

// pausedReads pauses the leader, has another node write, and asks the paused one, which finds the question when
// it goes on, while it still takes itself for the leader. It returns each answer that is older than the question.
func pausedReads(t *testing.T, g *ground.Ground, consistency string, rounds int) (wrong []string) {
	t.Helper()
	for i := range rounds {
		old := g.Leader()
		conn, err := net.Dial("tcp", old.Addr)
		if err != nil {
			t.Fatal(err)
		}
		answers := bufio.NewScanner(conn)
		send := func(line string) {
			if _, err := conn.Write([]byte(line + "\r\n")); err != nil {
				t.Fatal(err)
			}
		}
		send("CONF CONSISTENCY " + consistency)
		if !answers.Scan() || answers.Text() != "+OK" {
			t.Fatalf("CONF CONSISTENCY: %q", answers.Text())
		}
		old.Pause()
		next := g.Leader()
		want := fmt.Sprint(consistency, i)
		next.Eventually("it writes", func() bool {
			_, err := asks(next, []any{"SET", "reads/now", want})
			return err == nil
		})
		send("GET reads/now")
		old.Resume()
		if answers.Scan() && strings.HasPrefix(answers.Text(), "$") && answers.Scan() && answers.Text() != want {
			wrong = append(wrong, fmt.Sprintf("%s was paused, and answers %q to a question behind the write of %q", old.Name, answers.Text(), want))
		}
		_ = conn.Close()
		old.Eventually("it follows", func() bool { return old.Info()["raft_role"] == "follower" })
	}
	return wrong
}

// dirtyReads cuts the leader off, has it asked to write, and reads there all the while: as long as that is not acknowledged it
// is not there. It also returns what a linearizable read there was answered.
func dirtyReads(t *testing.T, g *ground.Ground, lie *load.Lie) (wrong []string) {
	t.Helper()
	old := g.Leader()
	g.Isolate(old)
	defer g.Heal()
	client := load.Client(old.Addr, lie)
	defer client.Close()
	write, read := make(chan error, 1), make(chan error, 1)
	go func() { write <- client.Set(t.Context(), "reads/dirty", "dirty", 0).Err() }()
	go func() {
		_, err := asks(old, []any{"CONF", "CONSISTENCY", "LINEARIZABLE"}, []any{"GET", "reads/dirty"})
		read <- err
	}()
	reads := 0
	for pending := true; pending; reads++ {
		if got := client.Get(t.Context(), "reads/dirty").Val(); got != "" {
			wrong = append(wrong, fmt.Sprintf("%s is cut off, and reads %q, which nobody has acknowledged", old.Name, got))
			break
		}
		select {
		case err := <-write:
			if pending = false; err == nil {
				wrong = append(wrong, old.Name+" is cut off, and has acknowledged a write")
			}
		default:
		}
	}
	if <-read == nil {
		wrong = append(wrong, old.Name+" is cut off, and says that it reads what all have")
	}
	if len(wrong) > 0 {
		return wrong
	}
	if reads < 20 {
		t.Errorf("it was read only %d times", reads)
	}
	return nil
}

// Class 5: what is not committed is read at a leader that is cut off; one that was paused answers a linearizable read
// with what there was before.
func TestNoReadIsUncommittedOrFromBefore(t *testing.T) {
	t.Parallel()
	g := newGround(t)
	g.Found(3)
	t.Run("paused", func(t *testing.T) {
		holds(t, pausedReads(t, g, "LINEARIZABLE", 3))
		noticed(t, "the reads are local", pausedReads(t, g, "LOCAL", 1))
	})
	t.Run("cut off", func(t *testing.T) {
		if err := g.Can(ground.Cut); err != nil {
			t.Skip(err)
		}
		holds(t, dirtyReads(t, g, nil))
		var asked atomic.Bool
		noticed(t, "a write is read before it is acknowledged", dirtyReads(t, g,
			lie("", func(_ context.Context, cmd redis.Cmder, send func() error) error {
				if get, is := cmd.(*redis.StringCmd); is && asked.Load() {
					get.SetVal("dirty")
					return nil
				}
				asked.Store(true)
				return send()
			})))
	})
}

// ownReads writes through one node and reads at another, over one connection each, until ctx ends. It returns each read that is
// older than what the client knows.
func ownReads(ctx context.Context, write, read *ground.Host, reads *atomic.Int64) (wrong []string) {
	name := fmt.Sprintf("reads/own/%s-%s", write.Name, read.Name)
	in, out := load.Client(write.Addr, nil), load.Client(read.Addr, nil)
	defer in.Close()
	defer out.Close()
	known := int64(0)
	for tick := time.NewTicker(5 * time.Millisecond); ctx.Err() == nil && len(wrong) == 0; <-tick.C {
		if n, err := in.Incr(context.Background(), name).Result(); err == nil {
			known = n
		}
		n, err := out.Get(context.Background(), name).Int64()
		if err != nil && !errors.Is(err, redis.Nil) {
			continue
		}
		if reads.Add(1); n < known {
			wrong = append(wrong, fmt.Sprintf("%s is %d at %s, and its client knows that it is %d", name, n, read.Name, known))
		}
		known = max(known, n)
	}
	return wrong
}

// Class 6: reads of one client go back in time, or do not see what it has written through the same node.
func TestReadsDoNotGoBack(t *testing.T) {
	t.Parallel()
	g := newGround(t)
	hosts := g.Found(3)
	ctx, stop := context.WithCancel(t.Context())
	var work sync.WaitGroup
	var wrong [3][]string
	var reads [3]atomic.Int64
	for i, h := range hosts {
		work.Go(func() { wrong[i] = ownReads(ctx, h, h, &reads[i]) })
	}
	for range 2 {
		leads := g.Leader()
		leads.Kill()
		g.Leader()
		leads.Start()
		leads.Pause()
		g.Leader()
		leads.Resume()
		leads.Eventually("it takes part", leads.TakesPart)
	}
	if g.Can(ground.Cut) == nil {
		leads := g.Leader()
		g.Isolate(leads)
		g.Leader()
		g.Heal()
	}
	for i, h := range hosts {
		before := reads[i].Load()
		await(t, h.Name+" reads", func() bool { return reads[i].Load() > before+20 })
	}
	stop()
	work.Wait()
	for i := range hosts {
		holds(t, wrong[i])
	}
	leads := g.Leader()
	behind := others(g, leads)[0]
	behind.Eventually("it takes part", behind.TakesPart)
	ctx, stop = context.WithTimeout(t.Context(), 10*time.Second)
	defer stop()
	behind.Pause() // what it will read it has heard of before
	got := make(chan []string)
	go func() {
		got <- ownReads(ctx, leads, behind, new(atomic.Int64))
	}()
	await(t, "it has been written", func() bool {
		n, err := asks(leads, []any{"GET", fmt.Sprintf("reads/own/%s-%s", leads.Name, behind.Name)})
		return err == nil && n != nil && strings.TrimSpace(fmt.Sprint(n)) != ""
	})
	behind.Resume()
	noticed(t, "one writes here and reads there", <-got)
}
