package replication

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"maps"
	"net"
	"os"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"confman/store"

	"github.com/lni/dragonboat/v4/raftio"
	pb "github.com/lni/dragonboat/v4/raftpb"
)

const rankStep = 30 * time.Millisecond

// fallen is a succession in which the leader of five voters is hit. What happens then is a test's.
type fallen struct {
	raft
	*succession
	mu       sync.Mutex
	stood    []time.Duration // since the beginning
	began    time.Time
	refusing bool
	probed   bool
	onStand  func(f *fallen, term uint64)
}

func newFallen(self uint64) *fallen {
	f := &fallen{began: time.Now(), refusing: true, onStand: func(*fallen, uint64) {}}
	f.leads(3, 7)
	f.succession = &succession{
		self: self, step: rankStep,
		leader: func() (uint64, uint64) {
			leader, term, _ := f.sees()
			return leader, term
		},
		changed: func() <-chan struct{} { _, changed := f.raft.leader(); return changed },
		host: func(id uint64) string {
			return map[uint64]string{3: "three", 5: "five"}[id]
		},
		voters: func() map[uint64]string {
			return map[uint64]string{1: "one", 2: "two", 3: "three", 4: "four", 5: "five"}
		},
		refuses: func(context.Context, string) bool { f.probed = true; return f.refusing },
		bereave: f.misses,
		stand: func(_, term uint64) {
			f.mu.Lock()
			f.stood = append(f.stood, time.Since(f.began))
			f.mu.Unlock()
			f.onStand(f, term)
		},
		said: func(slog.Level, string, uint64, uint64) {},
	}
	return f
}

func (f *fallen) leads(id, term uint64) { f.LeaderUpdated(raftio.LeaderInfo{LeaderID: id, Term: term}) }

func won(f *fallen, term uint64) { f.leads(f.self, term+1) }

func TestADeadLeaderIsFollowedAtOnce(t *testing.T) {
	for name, c := range map[string]struct {
		self     uint64
		host     string
		dead     bool
		alive    bool
		onStand  func(*fallen, uint64)
		stood    []time.Duration
		known    bool // a leader, in the end
		unprobed bool
	}{
		"by the next voter":                   {self: 4, host: "three", onStand: won, stood: []time.Duration{0}, known: true},
		"by the last voter":                   {self: 2, host: "three", onStand: won, stood: []time.Duration{3 * rankStep}, known: true},
		"when its next life says hello":       {self: 4, host: "three", dead: true, alive: true, onStand: won, stood: []time.Duration{0}, known: true, unprobed: true},
		"not if it still answers":             {self: 4, host: "three", alive: true, known: true},
		"not if it is another one that died":  {self: 4, host: "five", known: true, unprobed: true},
		"not by itself":                       {self: 3, host: "three", known: true, unprobed: true},
		"not by a non-voter, which misses it": {self: 9, host: "three"},
		"by one that has to apply something first": {
			self: 4, host: "three", stood: []time.Duration{0, standAgain, 2 * standAgain}, known: true,
			onStand: func(f *fallen, term uint64) {
				if len(f.stood) == 3 {
					won(f, term)
				}
			},
		},
		"once, though the others do not elect it": {
			self: 4, host: "three", stood: []time.Duration{0},
			onStand: func(f *fallen, term uint64) { f.leads(0, term+1) },
		},
		"not for ever, if it cannot stand": {
			self: 4, host: "three", stood: every(standAgain, maxStands),
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFallen(c.self)
				f.refusing = !c.alive
				if c.onStand != nil {
					f.onStand = c.onStand
				}
				f.lost(t.Context(), c.host, c.dead)
				if !slices.Equal(f.stood, c.stood) {
					t.Errorf("stood for election after %v, want %v", f.stood, c.stood)
				}
				if known, _ := f.raft.leader(); known != c.known {
					t.Errorf("a leader is known: %t", known)
				}
				if f.probed == c.unprobed {
					t.Errorf("the leader's address was tried: %t", f.probed)
				}
			})
		})
	}
}

// every is the first n times of something that is done again and again.
func every(d time.Duration, n int) []time.Duration {
	times := make([]time.Duration, n)
	for i := range times {
		times[i] = time.Duration(i) * d
	}
	return times
}

// Whoever has just begun to stand is given the time that it takes, however long it took to begin.
func TestAVoterWaitsForTheOneThatStands(t *testing.T) {
	for name, c := range map[string]struct {
		wins  time.Duration // after the leader died, or never
		stood []time.Duration
	}{
		"which wins":  {wins: rankStep * 3 / 2},
		"which fails": {stood: []time.Duration{rankStep*4/5 + rankStep}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFallen(5)
				f.onStand = won
				time.AfterFunc(rankStep*4/5, func() { f.leads(0, 8) })
				if c.wins > 0 {
					time.AfterFunc(c.wins, func() { f.leads(4, 8) })
				}
				f.lost(t.Context(), "three", false)
				if !slices.Equal(f.stood, c.stood) {
					t.Errorf("stood for election after %v, want %v", f.stood, c.stood)
				}
			})
		})
	}
}

// Whoever comes later in the ring does not stand when there is a leader by then.
func TestOneVoterStandsAfterTheOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFallen(5)
		time.AfterFunc(rankStep/2, func() { f.leads(4, 8) })
		f.lost(t.Context(), "three", false)
		if len(f.stood) != 0 {
			t.Errorf("stood for election after %v", f.stood)
		}
	})
}

// An heir stands for election until it does, but no longer than the leader waits.
func TestAnHeirInsists(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFallen(4)
		f.called(t.Context(), 3, 7, 10*standAgain+1)
		if len(f.stood) != 10 {
			t.Errorf("stood %d times", len(f.stood))
		}
		f = newFallen(4)
		f.onStand = won
		f.called(t.Context(), 3, 7, time.Hour)
		if len(f.stood) != 1 {
			t.Errorf("stood %d times, though elected", len(f.stood))
		}
	})
}

func TestTheRingOfVoters(t *testing.T) {
	voters := map[uint64]string{2: "", 5: "", 9: ""}
	got := map[uint64]int{}
	for id := range maps.Keys(voters) {
		got[id] = rank(voters, 5, id)
	}
	if want := map[uint64]int{9: 0, 2: 1, 5: 2}; !maps.Equal(got, want) {
		t.Errorf("ranks %v, want %v", got, want)
	}
}

// Whether a process has ended shows in what its port does.
func TestAPortRefuses(t *testing.T) {
	serve := func(do func(net.Listener)) string {
		ln := listen(t, "127.0.0.1:0")
		go do(ln)
		return ln.Addr().String()
	}
	gone := listen(t, "127.0.0.1:0")
	_ = gone.Close()
	for name, c := range map[string]struct {
		addr string
		want bool
	}{
		"of a process that is gone": {gone.Addr().String(), true},
		"of one that is there":      {serve(func(ln net.Listener) { keep(ln) }), false},
		"of one that is ending": {serve(func(ln net.Listener) {
			drop(ln, 2)
			_ = ln.Close()
		}), true},
		"of one that drops all": {serve(func(ln net.Listener) { drop(ln, maxProbes+1) }), false},
	} {
		t.Run(name, func(t *testing.T) {
			book := &book{}
			book.learn(hostB, c.addr)
			if got := (&transport{book: book}).refuses(t.Context(), hostB); got != c.want {
				t.Errorf("refuses: %t", got)
			}
		})
	}
	if (&transport{book: &book{}}).refuses(t.Context(), hostB) {
		t.Error("a host refuses whose address nobody knows")
	}
}

// A port that goes while a connection to it is being made resets it.
func TestAPortThatGoesRefuses(t *testing.T) {
	book := &book{}
	book.learn(hostB, "127.0.0.1:1")
	for _, last := range []error{syscall.ECONNREFUSED, syscall.ECONNRESET, context.DeadlineExceeded} {
		ends := []error{syscall.ECONNRESET, last}
		dial := func(context.Context, string) (net.Conn, error) {
			err := ends[0]
			ends = ends[min(1, len(ends)-1):]
			return nil, &net.OpError{Op: "dial", Err: os.NewSyscallError("connect", err)}
		}
		if got := (&transport{book: book, dial: dial}).refuses(t.Context(), hostB); got != (last == syscall.ECONNREFUSED) {
			t.Errorf("reset and then %v: refuses: %t", last, got)
		}
	}
}

// keep takes connections until the listener is closed.
func keep(ln net.Listener) {
	for {
		conn, err := ln.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
	}
}

// drop takes n connections only to close them.
func drop(ln net.Listener, n int) {
	for range n {
		if conn, err := ln.Accept(); err == nil {
			_ = conn.Close()
		}
	}
}

// patient is timing with which a silent leader is missed after 4 to 8 s.
var patient = Profile{Name: "patient", Tick: 10 * time.Millisecond, Election: 400, Heartbeat: 5, Again: 10 * time.Second, Snapshot: 10_000, Overhead: 10_000}

// patientThree is three nodes that are.
func patientThree(t *testing.T, log *slog.Logger) *cluster {
	c := newCluster(t)
	c.profile, c.log = patient, log
	first := c.start(t.TempDir(), "")
	for range 2 {
		c.start(t.TempDir(), first.Raft.Addr().String())
	}
	c.eventually("three voters", func() bool {
		for _, n := range c.nodes {
			if st := n.Status(); st.Voters != 3 || st.Role == "non-voter" {
				return false
			}
		}
		return true
	})
	return c
}

// A process that dies loses its connections and its port. The others do not wait until they miss it.
func TestAProcessDies(t *testing.T) {
	c := patientThree(t, nil)
	dead := c.leader()
	start := time.Now()
	if err := dead.transport.Close(); err != nil {
		t.Fatal(err)
	}
	c.nodes = slices.DeleteFunc(c.nodes, func(n *Node) bool { return n == dead })
	t.Cleanup(func() { _ = dead.end() })
	for _, n := range c.nodes {
		c.update(n, write("after", "it"))
	}
	if took := time.Since(start); took > 3*time.Second {
		t.Errorf("there is another leader after %v", took)
	}
}

// The only voter has no leader to miss: it leads at once, when it founds a cluster and when it comes back.
func TestTheOnlyVoterLeadsAtOnce(t *testing.T) {
	c := newCluster(t)
	c.profile = patient
	dir := t.TempDir()
	for range 2 {
		n := c.start(dir, "")
		start := time.Now()
		c.update(n, write("a", "b"))
		if took := time.Since(start); took > 3*time.Second {
			t.Errorf("the first update took %v", took)
		}
		c.stop(n)
	}
}

// One of three that comes back finds itself alone in what it has not read to the end yet. It stands against nobody.
func TestAVoterThatComesBackFollows(t *testing.T) {
	c := patientThree(t, nil)
	founder := c.nodes[0]
	c.stop(founder) // it hands over
	_, term, _ := c.leader().raft.sees()
	for range 3 {
		n := c.start(founder.Dir, "")
		c.update(n, write("here", "again"))
		c.stop(n)
	}
	if _, now, _ := c.leader().raft.sees(); now != term {
		t.Errorf("term %d, and it was %d", now, term)
	}
}

// signals has something for each line of the log that says that the leader answers.
type signals chan struct{}

func (s signals) Write(line []byte) (int, error) {
	if bytes.Contains(line, []byte(leaderAnswers)) {
		signal(s)
	}
	return len(line), nil
}

// A leader that has lost its connections, and is there, leads on.
func TestALeaderThatAnswersLeadsOn(t *testing.T) {
	looked := make(signals, 100)
	c := patientThree(t, slog.New(slog.NewTextHandler(looked, &slog.HandlerOptions{Level: slog.LevelDebug})))
	leader := c.leader()
	_, term, _ := leader.raft.sees()
	for _, n := range c.nodes {
		if n == leader {
			continue
		}
		n.transport.mu.Lock()
		for conn := range n.transport.conns {
			_ = conn.Close()
		}
		n.transport.mu.Unlock()
	}
	for range 2 {
		<-looked
	}
	for _, n := range c.nodes {
		c.update(n, write("still", "it"))
		if l, now, _ := n.raft.sees(); l != leader.identity.Node || now != term {
			t.Errorf("node %d leads in term %d, it was node %d in term %d", l, now, leader.identity.Node, term)
		}
	}
}

// A leader that stops has another one lead before it goes.
func TestALeaderHandsOver(t *testing.T) {
	c := patientThree(t, nil)
	leader := c.leader()
	c.stop(leader)
	if !slices.ContainsFunc(c.nodes, (*Node).leads) { // whoever voted for nobody may hear of it later
		t.Error("nobody leads when the leader has stopped")
	}
	for _, n := range c.nodes {
		c.update(n, write("after", "it"))
	}
}

// Whoever does not vote is told by nobody that a leader is gone. Nothing else but its silence shows it,
// and its first word that it is there.
func TestASilentLeaderIsMissed(t *testing.T) {
	n := &Node{identity: identity{Node: 9}, raft: &raft{}, transport: &transport{}}
	n.transport.peers.start()
	n.transport.peers.speaks = n.raft.hears
	known := func() bool { known, _ := n.raft.leader(); return known }
	heartbeat := []pb.Message{{Type: pb.Heartbeat, Term: 3}}
	n.transport.peers.heard(heartbeat)
	n.raft.LeaderUpdated(raftio.LeaderInfo{LeaderID: 2, Term: 3})
	if n.lookForLeader(time.Hour); !known() {
		t.Fatal("a leader is missed that was heard of just now")
	}
	_, changed := n.raft.leader()
	if n.lookForLeader(0); known() {
		t.Fatal("a silent leader is not missed")
	}
	<-changed
	_, changed = n.raft.leader()
	n.transport.peers.heard([]pb.Message{{Type: pb.Heartbeat, Term: 2}, {Type: pb.HeartbeatResp, Term: 3}})
	if known() {
		t.Fatal("what is known again is not the leader")
	}
	if n.transport.peers.heard(heartbeat); !known() {
		t.Fatal("a leader is missed that was heard of again")
	}
	<-changed
	n.raft.LeaderUpdated(raftio.LeaderInfo{LeaderID: 9, Term: 4})
	if n.lookForLeader(0); !known() {
		t.Error("a leader misses itself")
	}
}

// A node without a vote knows at once that the leader's process has died, and that there is a leader again.
func TestANonVoterMissesTheLeader(t *testing.T) {
	c := newCluster(t)
	c.profile = patient
	leader := c.start(t.TempDir(), "")
	c.hold = 200 * time.Millisecond
	n := c.nonVoter()
	c.eventually("it follows", func() bool { st := n.Status(); return st.Leader == leader.identity.Node && !st.Loading })
	if err := leader.transport.Close(); err != nil {
		t.Fatal(err)
	}
	c.eventually("it knows of no leader", func() bool {
		known, _ := n.raft.leader()
		return !known && n.Status().Leader == 0
	})
	if st := n.Status(); st.Role != "non-voter" {
		t.Errorf("it is a %s", st.Role)
	}
	_, err := n.Update(t.Context(), "test", write("a", "b"))
	if !errors.Is(err, store.ErrUnavailable) || !strings.Contains(err.Error(), "this node reaches 0 of 1 nodes") {
		t.Errorf("a write: %v", err)
	}
	c.nodes = c.nodes[1:]
	if err := leader.end(); err != nil {
		t.Error(err)
	}
	c.start(leader.Dir, "")
	c.eventually("it follows again", func() bool { return n.Status().Leader == leader.identity.Node })
}
