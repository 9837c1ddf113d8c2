package replication

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"net"
	"os"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/lni/dragonboat/v4/raftio"
	pb "github.com/lni/dragonboat/v4/raftpb"
)

const (
	standAgain = 3 * time.Millisecond  // raft does not let a node stand that has something to apply
	maxStands  = 30                    // attempts to stand in one term
	probeTime  = 50 * time.Millisecond // for a host to take a connection, and to drop it again
	maxProbes  = 15                    // connections that a host which is ending may take and drop, in half a second
)

// leaderAnswers is for the log.
const leaderAnswers = "a connection with the leader has ended, and a new one does not"

// A succession has voters stand for election at once when the leader is known to be dead, instead
// of waiting for the time after which it would be missed. It is known to be dead when a connection
// to it has ended and nobody listens at its address any more, or when another life of its host says
// hello. Neither a lost connection nor silence proves that: raft's own timing is for these.
type succession struct {
	self    uint64
	step    time.Duration                               // between the voters that stand, one after the other: what an election takes
	leader  func() (leader, term uint64)                // as raft sees it; 0 if there is none
	changed func() <-chan struct{}                      // is closed when that changes
	host    func(id uint64) string                      // on which a node is, or ""
	voters  func() map[uint64]string                    // hosts by id
	refuses func(ctx context.Context, host string) bool // nobody listens there
	bereave func(leader, term uint64)                   // there is no such leader any more
	stand   func(leader, term uint64)                   // has raft stand for election if that is still so
	said    func(level slog.Level, message string, leader, term uint64)

	mu sync.Mutex // held by the one who looks after a dead leader
}

// lost looks into it when a connection with a host has ended, or when the host is dead for certain.
func (s *succession) lost(ctx context.Context, host string, dead bool) {
	hit, during := s.leader() // while this waits for its turn the host may have begun to lead anew
	s.mu.Lock()
	defer s.mu.Unlock()
	leader, term := s.leader()
	dead = dead && leader == hit && term == during
	if ctx.Err() != nil || leader == 0 || leader == s.self {
		return
	}
	if s.host(leader) != host {
		return
	}
	if !dead && !s.refuses(ctx, host) {
		s.said(slog.LevelDebug, leaderAnswers, leader, term)
		return
	}
	if now, t := s.leader(); now != leader || t != term {
		return
	}
	s.bereave(leader, term)
	voters := s.voters()
	if _, votes := voters[s.self]; votes {
		s.succeed(ctx, leader, term, rank(voters, leader, s.self))
	}
}

// rank is how many voters go first when a leader is dead: the ones after it in the order of their
// ids, which is taken for a ring.
func rank(voters map[uint64]string, dead, self uint64) int {
	ids := slices.Sorted(maps.Keys(voters))
	return (slices.Index(ids, self) - slices.Index(ids, dead) - 1 + len(ids)) % len(ids)
}

// succeed stands for election when it is this node's turn and there is no new leader by then. Who has
// stood before may have failed, for want of an entry that this node has, or may be about to win.
func (s *succession) succeed(ctx context.Context, dead, term uint64, rank int) {
	if s.turn(ctx, dead, term, time.Duration(rank)*s.step) {
		_, now := s.leader()
		s.said(slog.LevelInfo, "the leader is dead: standing for election", dead, now)
		s.insist(ctx, dead, now)
	}
}

// turn waits until nothing has happened for a while, and reports whether there is still no leader after
// the dead one: whoever stands begins a term, and has as long from then on to win it.
func (s *succession) turn(ctx context.Context, dead, term uint64, still time.Duration) bool {
	for !s.followed(dead, term) && ctx.Err() == nil {
		leader, now := s.leader()
		if s.await(ctx, still, func() bool { l, t := s.leader(); return l != leader || t != now }) {
			return true
		}
	}
	return false
}

// followed reports whether there is a leader after the dead one.
func (s *succession) followed(dead, term uint64) bool {
	leader, now := s.leader()
	return leader != 0 && (leader != dead || now != term)
}

// insist has raft stand for election until it does. It gives up after a while, or when ctx ends.
func (s *succession) insist(ctx context.Context, leader, term uint64) {
	moved := func() bool { _, now := s.leader(); return now != term }
	for range maxStands {
		if s.stand(leader, term); !s.await(ctx, standAgain, moved) {
			return
		}
	}
}

// called stands for election at the leader's own wish, for as long as the leader waits for that: its
// one message is lost on a node that has something left to apply.
func (s *succession) called(ctx context.Context, leader, term uint64, patience time.Duration) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	moved := func() bool { l, now := s.leader(); return l != leader || now != term }
	for s.await(ctx, standAgain, moved) {
		s.stand(leader, term)
	}
}

// await waits, and reports whether nothing came in between: neither what it is told to look for nor
// the end of ctx.
func (s *succession) await(ctx context.Context, d time.Duration, come func() bool) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	for {
		changed := s.changed()
		if come() {
			return false
		}
		select {
		case <-changed:
		case <-timer.C:
			return !come()
		case <-ctx.Done():
			return false
		}
	}
}

// leadAlone has the only voter stand for election at once: it has no leader to miss. It tries for as long as it
// has nobody beside itself, and raft's own time has not come.
func (n *Node) leadAlone(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, n.Profile.election())
	defer cancel()
	s := n.newSuccession()
	led := func() bool { leader, _ := s.leader(); return leader != 0 }
	for n.noOtherVotes() && s.await(ctx, standAgain, led) {
		if n.votes() {
			s.stand(s.self, 0) // in whichever term it is
		}
	}
}

// noOtherVotes reports whether no other node votes, or is meant to.
func (n *Node) noOtherVotes() bool {
	voters, _ := n.shardInfo()
	for id := range voters {
		if id != n.identity.Node {
			return false
		}
	}
	return !slices.ContainsFunc(n.members(), func(m Member) bool { return m.ID != n.identity.Node && !m.NonVoter })
}

// newSuccession is the succession of a node that has its transport and its raft.
func (n *Node) newSuccession() *succession {
	t := n.transport
	return &succession{
		self: n.identity.Node, step: n.Profile.step(), refuses: t.refuses,
		leader:  func() (leader, term uint64) { leader, term, _ = n.raft.sees(); return leader, term },
		changed: func() <-chan struct{} { _, changed := n.raft.leader(); return changed },
		host:    func(id uint64) string { host, _ := t.book.host(shard, id); return host },
		voters:  func() map[uint64]string { voters, _ := n.shardInfo(); return voters },
		bereave: func(leader, term uint64) {
			n.raft.misses(leader, term)
			t.peers.missed.Store(true) // after that, or its next word might come in between
		},
		stand: func(leader, term uint64) {
			host, _, err := t.book.Resolve(shard, leader) // dragonboat takes the sender's host from a message
			if err != nil {
				return
			}
			t.batches(pb.MessageBatch{
				SourceAddress: host, BinVer: raftio.TransportBinVersion, DeploymentId: uint64(t.cluster),
				Requests: []pb.Message{{Type: pb.TimeoutNow, To: n.identity.Node, From: leader, ShardID: shard, Term: term}},
			})
		},
		said: func(level slog.Level, message string, leader, term uint64) {
			n.log().Log(t.ctx, level, message, "leader", leader, "term", term)
		},
	}
}

// watchLeader has the transport tell a succession what it needs to know.
func (n *Node) watchLeader() {
	t, s := n.transport, n.newSuccession()
	t.lost = func(host string, dead bool) {
		if !n.leaving.Load() {
			s.lost(t.ctx, host, dead)
		}
	}
	t.peers.called = func(m pb.Message) {
		patience := n.Profile.election() / 2 // after which the leader leads on
		t.wg.Go(func() { s.called(t.ctx, m.From, m.Term, patience) })
	}
	t.peers.speaks = n.raft.hears
}

// parted notes the end of a connection with a host.
func (t *transport) parted(host string) {
	t.peers.went(host)
	t.tell(host, false)
}

// tell passes on that a connection with a host has ended, or that the host's process has. It
// is called by a goroutine that Close waits for.
func (t *transport) tell(host string, dead bool) {
	if t.lost != nil && t.ctx.Err() == nil {
		t.wg.Go(func() { t.lost(host, dead) })
	}
}

// refuses reports whether nobody listens where a host was, so that its process must have ended.
// A process that is ending may have lost its connections before its port, which then takes new
// ones only to drop or reset them.
func (t *transport) refuses(ctx context.Context, host string) bool {
	addr, found := t.book.address(host)
	if !found {
		return false
	}
	dial := t.dial
	if dial == nil {
		dial = dialTCP
	}
	pause := time.Millisecond
	for range maxProbes {
		try, cancel := context.WithTimeout(ctx, probeTime)
		conn, err := dial(try, addr)
		cancel()
		switch {
		case errors.Is(err, syscall.ECONNRESET): // the port went while the connection was made
		case err != nil:
			return errors.Is(err, syscall.ECONNREFUSED)
		case !drops(conn):
			return false
		}
		select {
		case <-time.After(pause):
			pause = min(2*pause, probeTime)
		case <-ctx.Done():
			return false
		}
	}
	return false
}

// drops closes a connection and reports whether the other side has done so before.
func drops(conn net.Conn) bool {
	defer conn.Close()
	if err := conn.SetReadDeadline(time.Now().Add(probeTime)); err != nil {
		return false
	}
	_, err := conn.Read(make([]byte, 1)) // whoever is there waits for a hello
	return err != nil && !errors.Is(err, os.ErrDeadlineExceeded)
}
