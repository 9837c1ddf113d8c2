package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9/logging"

	"confman/integration/ground"
)

func TestMain(m *testing.M) {
	logging.Disable()
	os.Exit(ground.Main(m))
}

// quick is a bench that tries everything once, however fast it is.
func quick(t *testing.T) *Bench {
	t.Helper()
	b := &Bench{
		Rounds: 1, Time: 100 * time.Millisecond, Quick: true, Dir: t.TempDir(),
		Confman: ground.Binary(t), Etcd: filepath.Join(ground.Root(t), "bin/tools/etcd"),
	}
	if _, err := os.Stat(b.Etcd); err != nil {
		b.Etcd = debianProgram // how fast it is does not matter here
	}
	t.Cleanup(b.Close)
	return b
}

// Every row can be measured: both sides do its work, and what they answer is what they should.
func TestEveryRow(t *testing.T) {
	b := quick(t)
	for _, row := range rows() {
		t.Run(row.Name, func(t *testing.T) {
			pairs, err := row.Measure(t.Context(), b)
			if errors.Is(err, ErrMissing) {
				missing(t, err)
			}
			if err != nil {
				t.Fatal(err)
			}
			if len(pairs) == 0 {
				t.Error("there are no rounds")
			}
			for _, p := range pairs {
				none := p.Ours == 0 && !row.Less // of what should be little, nothing is best
				if p.Ours < 0 || none || p.Theirs <= 0 && row.Against != "" {
					t.Errorf("a round comes to %+v", p)
				}
			}
		})
	}
}

// missing skips a test for want of something, unless it is a program that CI requires.
func missing(t *testing.T, err error) {
	t.Helper()
	var program *exec.Error
	if errors.As(err, &program) && os.Getenv("CONFMAN_REQUIRE_SERVERS") == "1" {
		t.Fatal(err)
	}
	t.Skip(err)
}

// Rows have names of their own, and all that is said of them.
func TestRowsAreComplete(t *testing.T) {
	seen, topics, last := map[string]bool{}, map[string]bool{}, ""
	for _, row := range rows() {
		if row.Topic == "" || row.Name == "" || row.Unit == "" || row.Measure == nil {
			t.Errorf("%q lacks something", row.Name)
		}
		if seen[row.Name] {
			t.Errorf("there are two rows %q", row.Name)
		}
		if row.Topic != last && topics[row.Topic] {
			t.Errorf("the topic %q is in two places", row.Topic)
		}
		seen[row.Name], topics[row.Topic], last = true, true, row.Topic
		if !regexp.MustCompile(row.Name).MatchString(row.Name) {
			t.Errorf("make bench RUN=%q does not find the row of that name", row.Name)
		}
	}
}

// A server that answers anything else than was asked for does not count as a fast one.
func TestWrongRepliesFail(t *testing.T) {
	b := quick(t)
	for _, w := range []work{get(100), hgetall(20, 100), linearizable(get(100))} {
		up, err := b.services(t.Context(), oneNode)
		if err != nil {
			t.Fatal(err)
		}
		l := load{clients: 2, work: w}
		if perSecond, err := l.side(up[0])(t.Context(), b.Time); err == nil {
			t.Errorf("configs that are not there were read, %.0f in a second", perSecond)
		}
	}
}

// Increments that nobody knows of are noticed.
func TestIncrementsAreExact(t *testing.T) {
	b := quick(t)
	up, err := b.services(t.Context(), oneNode)
	if err != nil {
		t.Fatal(err)
	}
	l := load{clients: 4, work: increments{}}
	if _, err := l.side(up[0])(t.Context(), b.Time); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	counting, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		client := connect(up[0].nodes[0].addr)
		defer client.Close()
		for n := 0; ctx.Err() == nil; n++ {
			client.Incr(ctx, "bench/counter")
			if n == 0 {
				close(counting)
			}
		}
	}()
	<-counting
	_, err = l.side(up[0])(t.Context(), b.Time)
	cancel()
	<-stopped
	if err == nil || !strings.Contains(err.Error(), "increments were acknowledged") {
		t.Errorf("somebody else has counted too, and it says %v", err)
	}
}

// Both sides have as many turns, and each begins every other round.
func TestTurns(t *testing.T) {
	order := ""
	turn := func(name string, figure float64) side {
		return func(context.Context, time.Duration) (float64, error) {
			order += name
			return figure, nil
		}
	}
	b := &Bench{Rounds: 3}
	pairs, err := b.turns(t.Context(), turn("A", 1), turn("B", 2))
	if err != nil || order != "ABBAAB" || len(pairs) != 3 {
		t.Errorf("the turns are %s: %v, %v", order, pairs, err)
	}
	for _, p := range pairs {
		if p != (Pair{1, 2}) {
			t.Errorf("a round comes to %+v", p)
		}
	}
}

// Pinned servers have a core for themselves, and those that come after them all.
func TestCores(t *testing.T) {
	b := quick(t)
	mine := func(pid int) string {
		return strings.Join(expand(field(fmt.Sprintf("/proc/%d/status", pid), "Cpus_allowed_list")), ",")
	}
	before := mine(os.Getpid())
	for _, one := range []*shape{redisPinned, redisServer} {
		up, err := b.services(t.Context(), one)
		if errors.Is(err, ErrMissing) {
			missing(t, err)
		}
		if err != nil {
			t.Fatal(err)
		}
		server, clients := before, before
		if one.pinned {
			server, clients = cores()
		}
		if got := mine(up[0].nodes[0].cmd.Process.Pid); got != server {
			t.Errorf("%s runs on %s, not on %s", one.name, got, server)
		}
		if got := mine(os.Getpid()); got != clients {
			t.Errorf("clients of %s run on %s, not on %s", one.name, got, clients)
		}
	}
}

func TestExpand(t *testing.T) {
	for list, want := range map[string]string{"0-3": "0 1 2 3", "1": "1", "0,2-3,7": "0 2 3 7", "": "", "x": ""} {
		if got := strings.Join(expand(list), " "); got != want {
			t.Errorf("%s is %s", list, got)
		}
	}
}

func TestSumCalls(t *testing.T) {
	table := "syscall        calls\n--------- ---------\nfsync 12\nfdatasync 500\n--------- ---------\ntotal                  512\n"
	if n, err := sumCalls(table); n != 512 || err != nil {
		t.Errorf("it adds up to %d, %v", n, err)
	}
	if _, err := sumCalls("fsync 1x"); err == nil {
		t.Error("a damaged table is read")
	}
}
