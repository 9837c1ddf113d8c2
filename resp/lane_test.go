package resp

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"reflect"
	"strings"
	"testing"
	"time"

	"confman/store"
)

// twoWays are two servers over the same data: one answers the short way what it can, the other all of it the long way.
type twoWays [2]*Server

func bothWays(t *testing.T) (both twoWays) {
	t.Helper()
	for i := range both {
		both[i] = &Server{Node: newLaneNode(i == 1), AllowFlush: true, Namespaces: true}
		addr, _ := laneServer(t, both[i])
		c := laneDial(t, addr)
		if got := c.ask(t, "CONFIG", "SET", "slowlog-log-slower-than", "0", "slowlog-max-len", "1000000"); got != Status("OK") {
			t.Fatal(got)
		}
		_ = c.Close()
		both[i].leaves(t, 0)
	}
	return both
}

// pass lets time pass on both.
func (w twoWays) pass(millis int64) {
	for _, s := range w {
		s.Node.(*laneNode).now.Add(millis)
	}
}

// leaves waits until so many connections are left.
func (s *Server) leaves(t testing.TB, n int) {
	t.Helper()
	laneHolds(t, "the others are gone", func() bool { return s.clients() == n })
}

// known is what a server has taken down of what it has answered.
func (s *Server) known() map[string]any {
	known := map[string]any{"hits": s.counts.hits.Load(), "misses": s.counts.misses.Load(), "received": s.counts.received.Load(), "sent": s.counts.sent.Load()}
	for name, cmd := range s.table.byName {
		if n := cmd.used.latencies.calls(); n > 0 {
			known["calls "+name] = n
		}
		if failed, rejected := cmd.used.failed.Load(), cmd.used.rejected.Load(); failed+rejected > 0 {
			known["errors "+name] = fmt.Sprint(failed, rejected)
		}
	}
	for i := range s.readings.parts {
		for _, r := range s.readings.parts[i].all {
			known["reads "+r.name] = r.count
		}
	}
	known["errors"], _ = s.counts.failures()
	var slow []string
	for _, one := range s.slowlog.last(-1) {
		slow = append(slow, fmt.Sprintf("%q", one.words))
	}
	known["slow"] = strings.Join(slow, "\n")
	return known
}

// agree checks that both know the same.
func (w twoWays) agree(t *testing.T) {
	t.Helper()
	short, long := w[0].known(), w[1].known()
	for what, want := range long {
		if got := short[what]; !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %v the short way, %v the long way", what, got, want)
		}
	}
	for what, got := range short {
		if _, is := long[what]; !is {
			t.Errorf("%s: %v the short way, nothing the long way", what, got)
		}
	}
}

// play sends pieces to a server, each when the one before has come, and returns all that it answers until it hangs up.
func (s *Server) play(t *testing.T, pieces []string) string {
	t.Helper()
	c := laneDial(t, s.addr)
	var answer []byte
	heard := make(chan struct{})
	go func() {
		defer close(heard)
		answer, _ = io.ReadAll(c.r) // of a connection with more to come it may be reset
	}()
	want := s.counts.received.Load()
	tick := time.NewTicker(50 * time.Microsecond)
	defer tick.Stop()
	for _, piece := range pieces {
		if _, err := io.WriteString(c, piece); err != nil {
			break // it has hung up
		}
		want += int64(len(piece))
		for s.counts.received.Load() < want {
			select {
			case <-heard:
				want = 0
			case <-tick.C:
			}
		}
	}
	<-heard
	_ = c.Close()
	s.leaves(t, 0)
	return string(answer)
}

// fill has both hold something of each kind.
func (w twoWays) fill(t *testing.T) {
	t.Helper()
	for _, s := range w {
		c := laneDial(t, s.addr)
		for _, words := range [][]string{
			{"FLUSHALL"},
			{"MSET", "root", "r", "a/b", "1", "a/c", "2", "a/deep/er", "3", "b/x", "4", "confmanx/y", "5", "é/ü", "6", "empty", ""},
			{"SET", "b/soon", "s", "PX", "1500"},
			{"SET", "gone/soon", "s", "PX", "1000"},
			{"SET", "big/v", strings.Repeat("v", maxReady+1)},
			{"SET", "huge/v", strings.Repeat("v", flushAt+1)},
		} {
			if got := c.ask(t, words...); got != Status("OK") {
				t.Fatal(got)
			}
		}
		many := []string{"MSET"}
		for i := range maxReadyConfigs + 1 {
			many = append(many, fmt.Sprint("many/", i), "m")
		}
		if got := c.ask(t, many...); got != Status("OK") {
			t.Fatal(got)
		}
		_ = c.Close()
		s.leaves(t, 0)
		if _, err := s.Node.Update(t.Context(), "", func(tx *store.Tx) error {
			return errorsOf(tx.Set("confman/settings/x", "s", 0), tx.Set("confman/members/1", "m", 0))
		}); err != nil {
			t.Fatal(err)
		}
	}
}

// No client can tell which way it was served, and nobody else can.
func TestTheLaneAnswersAsTheLongWayDoes(t *testing.T) {
	rounds := 8
	if testing.Short() {
		rounds = 2
	}
	for seed := range uint64(rounds) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			both, b := bothWays(t), babbler{rand.New(rand.NewPCG(seed, 9))}
			for i := range 60 {
				if i%20 == 0 {
					both.fill(t)
				}
				pieces := b.cut(b.stream())
				if short, long := both[0].play(t, pieces), both[1].play(t, pieces); short != long {
					t.Fatalf("stream %d: %q is answered\n%q the short way,\n%q the long way", i, pieces, short, long)
				}
				both.pass(b.Int64N(500))
			}
			both.agree(t)
			if both[0].counts.hits.Load() == 0 {
				t.Error("nothing was found")
			}
		})
	}
}

// What is not in the form in which clients send commands is not the lane's, even if nothing else is sent.
func TestTheLaneTakesOnlyWhatIsInForm(t *testing.T) {
	both := bothWays(t)
	both.fill(t)
	for _, bytes := range broken {
		pieces := []string{bytes, laneEncode("QUIT")}
		if short, long := both[0].play(t, pieces), both[1].play(t, pieces); short != long {
			t.Errorf("%q is answered %q the short way, %q the long way", bytes, short, long)
		}
	}
	both.agree(t)
}

// laneStep is what one of several clients sends, of which the first is the one that may be served the short way.
type laneStep struct {
	client int
	words  string
	more   int // messages that come beside the reply
}

// What was agreed on, by the client or by others, holds for what it reads.
func TestTheLaneKeepsToWhatWasAgreedOn(t *testing.T) {
	for what, steps := range map[string][]laneStep{
		"tracking":      {{0, "HELLO 3", 0}, {0, "GET a/b", 0}, {0, "CLIENT TRACKING ON", 0}, {0, "GET a/b", 0}, {0, "HGETALL a", 0}, {0, "SET a/b 7", 1}, {0, "GET a/b", 0}},
		"subscribers":   {{0, "GET a/b", 0}, {0, "SUBSCRIBE x", 0}, {0, "GET a/b", 0}, {0, "HGETALL a", 0}, {0, "UNSUBSCRIBE x", 0}, {0, "GET a/b", 0}},
		"monitors":      {{0, "GET a/b", 0}, {1, "MONITOR", 0}, {0, "GET a/b", 0}, {0, "HGET a b", 0}, {0, "HGETALL a", 0}, {1, "RESET", 3}},
		"a password":    {{0, "GET a/b", 0}, {1, "CONFIG SET requirepass x", 0}, {0, "GET a/b", 0}, {2, "GET a/b", 0}, {2, "AUTH x", 0}, {2, "GET a/b", 0}, {0, "RESET", 0}, {0, "GET a/b", 0}},
		"consistency":   {{0, "CONF CONSISTENCY LINEARIZABLE", 0}, {0, "GET a/b", 0}, {0, "CONF CONSISTENCY BOUNDED 10", 0}, {0, "GET a/b", 0}},
		"transactions":  {{0, "WATCH a/b", 0}, {0, "GET a/b", 0}, {0, "MULTI", 0}, {0, "GET a/b", 0}, {0, "HGETALL a", 0}, {1, "SET a/b 9", 0}, {0, "EXEC", 0}, {0, "GET a/b", 0}},
		"changes":       {{0, "HGETALL a", 0}, {1, "SET a/new 1", 0}, {0, "HGETALL a", 0}, {1, "DEL a/c", 0}, {0, "HGETALL a", 0}, {1, "PEXPIRE a/new 10", 0}, {0, "HGETALL a", 0}},
		"a flush":       {{0, "HGETALL a", 0}, {1, "FLUSHALL", 0}, {0, "HGETALL a", 0}, {0, "GET root", 0}, {1, "SET a x", 0}, {0, "HGETALL a", 0}, {0, "GET a", 0}, {0, "HGET a b", 0}},
		"none but some": {{0, "CLIENT REPLY SKIP", -1}, {0, "GET a/b", -1}, {0, "GET a/c", 0}},
	} {
		t.Run(what, func(t *testing.T) {
			both := bothWays(t)
			both.fill(t)
			var told [2][]string
			for i, s := range both {
				clients := [3]*laneClient{laneDial(t, s.addr), laneDial(t, s.addr), laneDial(t, s.addr)}
				for _, c := range clients {
					c.ask(t, "PING") // it is there before anything changes
				}
				for _, step := range steps {
					c, bytes := clients[step.client], laneEncode(strings.Fields(step.words)...)
					want := s.counts.received.Load() + int64(len(bytes))
					c.send(t, bytes)
					laneHolds(t, "it has come", func() bool { return s.counts.received.Load() >= want })
					for range step.more + 1 {
						r, line := c.hear(t), ""
						if seen, is := r.(Status); is && strings.Contains(string(seen), " [0 ") {
							_, line, _ = strings.Cut(string(seen), "] ")
						} else {
							line = string(appendReply(nil, r, 3))
						}
						told[i] = append(told[i], step.words+": "+line)
					}
				}
				for _, c := range clients {
					_ = c.Close()
				}
				s.leaves(t, 0)
			}
			if !reflect.DeepEqual(told[0], told[1]) {
				t.Errorf("%q the short way,\n%q the long way", told[0], told[1])
			}
			both.agree(t)
		})
	}
}

// While everything is held, so is what would go the short way.
func TestAPauseHoldsTheLane(t *testing.T) {
	s := &Server{}
	addr, _ := laneServer(t, s)
	c, other := laneDial(t, addr), laneDial(t, addr)
	c.ask(t, "SET", "a/b", "1")
	c.ask(t, "GET", "a/b")
	other.ask(t, "CLIENT", "PAUSE", "600000", "ALL")
	c.send(t, laneEncode("GET", "a/b"))
	laneHolds(t, "it is held", func() bool { return s.counts.blocked.Load() == 1 })
	other.ask(t, "CLIENT", "UNPAUSE")
	if got := c.hear(t); got != "1" {
		t.Error(got)
	}
}

// What expires, and what another state has, is seen at once.
func TestHGETALLOfWhatIsNotThereAnyMore(t *testing.T) {
	node := newLaneNode(false)
	addr, _ := laneServer(t, &Server{Node: node})
	c := laneDial(t, addr)
	for _, words := range [][]string{{"SET", "a/b", "1"}, {"SET", "a/c", "2", "PX", "1000"}, {"SET", "d/e", "3"}} {
		c.ask(t, words...)
	}
	all := func(want ...Reply) {
		t.Helper()
		for range 2 {
			if got := c.ask(t, "HGETALL", "a"); !reflect.DeepEqual(got, append([]Reply{}, want...)) {
				t.Errorf("%q, want %q", got, want)
			}
		}
	}
	all("b", "1", "c", "2")
	node.now.Add(1000)
	all("b", "1")
	if got := []Reply{c.ask(t, "GET", "a/c"), c.ask(t, "HGET", "a", "c")}; got[0] != nil || got[1] != nil {
		t.Errorf("what has expired is %q", got)
	}
	node.now.Add(1)
	c.ask(t, "SET", "a/c", "2")
	all("b", "1", "c", "2")

	other := newLaneNode(false) // in which the namespace has the same revision, and something else in it
	otherAddr, _ := laneServer(t, &Server{Node: other})
	there := laneDial(t, otherAddr)
	for range 3 {
		there.ask(t, "SET", "d/e", "9")
	}
	there.ask(t, "SET", "a/b", "other")
	sn := other.store.Snapshot()
	defer sn.Close()
	if err := node.store.Restore(sn); err != nil {
		t.Fatal(err)
	}
	all("b", "other")
}

// A read that goes the short way takes no memory.
func TestTheLaneAllocatesNothing(t *testing.T) {
	node := newLaneNode(false)
	s := &Server{Node: node}
	addr, _ := laneServer(t, s)
	laneDial(t, addr).ask(t, "PING") // the server is ready
	ours, theirs := net.Pipe()
	defer ours.Close()
	defer theirs.Close()
	if _, err := node.Update(t.Context(), "", func(tx *store.Tx) error {
		return errorsOf(tx.Set("a/b", "1", 0), tx.Set("a/c", strings.Repeat("v", 1000), 0), tx.Set("root", "2", 0))
	}); err != nil {
		t.Fatal(err)
	}
	c := newConn(s, ours, 1)
	for _, words := range [][]string{{"GET", "a/b"}, {"HGET", "a", "c"}, {"HGET", "/", "root"}, {"HGETALL", "a"}, {"hgetall", "/"}, {"GET", "a/none"}} {
		came, out := []byte(laneEncode(words...)), make([]byte, 0, 2*flushAt)
		buf := make([]byte, 0, 2*len(came))
		answered := func() int64 { return s.counts.hits.Load() + s.counts.misses.Load() }
		before := answered()
		n := testing.AllocsPerRun(100, func() {
			c.lend(append(buf, came...), out)
			c.takeShort()
			c.guard.compact()
		})
		if hits := answered() - before; hits != 101 || n != 0 {
			t.Errorf("%q: %v allocations, %d of 101 went the short way", words, n, hits)
		}
	}
}

func errorsOf(all ...error) error {
	for _, err := range all {
		if err != nil {
			return err
		}
	}
	return nil
}
