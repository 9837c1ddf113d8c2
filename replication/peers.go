package replication

import (
	"errors"
	"sync"
	"sync/atomic"
	"time"

	pb "github.com/lni/dragonboat/v4/raftpb"
)

const (
	minPause    = 20 * time.Millisecond  // between two attempts to connect to a host
	maxPause    = 160 * time.Millisecond // to which it doubles while they fail
	refusePause = time.Second            // after a host answered that it does not want to
	complainGap = time.Minute            // between two complaints about a host in the log
)

// peers is what a transport knows about the other hosts.
type peers struct {
	born    time.Time
	contact atomic.Int64     // with a leader: nanoseconds after born, 0 = never
	term    atomic.Uint64    // the highest of a leader heard
	missed  atomic.Bool      // speaks wants to be told of the next contact
	speaks  func()           // may be nil
	called  func(pb.Message) // is told when the leader wants this node to take its place; may be nil

	mu     sync.Mutex
	byHost map[string]*peer
	held   map[uint64]holding // by replica
}

type peer struct {
	conns      int    // to and from it
	life       *life  // whose connections come from it; nil if there are none
	last       string // the life that was heard last
	next       time.Time
	pause      time.Duration
	complained time.Time
	traffic    *traffic
}

func (p *peers) start() { p.born = time.Now() }

// heard notes messages that only a leader sends. A leader of an older term that has not
// heard of its end does not count.
func (p *peers) heard(messages []pb.Message) {
	for i := range messages {
		switch m := &messages[i]; m.Type {
		case pb.Heartbeat, pb.Replicate, pb.InstallSnapshot, pb.TimeoutNow:
			term := p.term.Load()
			for m.Term > term && !p.term.CompareAndSwap(term, m.Term) {
				term = p.term.Load()
			}
			if m.Term >= term {
				p.heardLeader()
			}
			if m.Type == pb.TimeoutNow && p.called != nil {
				p.called(*m)
			}
		case pb.ReplicateResp:
			p.holds(m)
		}
	}
}

func (p *peers) heardLeader() {
	p.contact.Store(int64(time.Since(p.born)))
	if p.missed.CompareAndSwap(true, false) && p.speaks != nil {
		p.speaks()
	}
}

// holds notes up to where a replica has the leader's log.
func (p *peers) holds(m *pb.Message) {
	if m.Reject {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.held == nil {
		p.held = map[uint64]holding{}
	}
	p.held[m.From] = holding{m.Term, m.LogIndex}
}

// holding is up to where a replica has the log of a term's leader.
type holding struct{ term, index uint64 }

// heldBy returns up to where a replica has said that it has the log of the leader of a term.
func (p *peers) heldBy(replica, term uint64) uint64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	if h := p.held[replica]; h.term == term {
		return h.index
	}
	return 0
}

func (p *peers) leaderContact() time.Time {
	since := p.contact.Load()
	if since == 0 {
		return time.Time{}
	}
	return p.born.Add(time.Duration(since))
}

func (p *peers) reachable() (n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, peer := range p.byHost {
		if peer.conns > 0 {
			n++
		}
	}
	return n
}

// get returns what is known about a host; the mutex is held.
func (p *peers) get(host string) *peer {
	known := p.byHost[host]
	if known == nil {
		if p.byHost == nil {
			p.byHost = map[string]*peer{}
		}
		known = &peer{traffic: new(traffic)}
		p.byHost[host] = known
	}
	return known
}

// traffic returns the counts of bytes to and from a host.
func (p *peers) traffic(host string) *traffic {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.get(host).traffic
}

// came notes a connection to or from a host.
func (p *peers) came(host string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	known := p.get(host)
	known.conns++
	known.pause = 0
}

// back notes that a host has connected: whoever waits to try again need not.
func (p *peers) back(host string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.get(host).next = time.Time{}
}

// went notes the end of a connection.
func (p *peers) went(host string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.get(host).conns--
}

// mayDial says whether it is time to try to connect to a host, and counts as the attempt.
func (p *peers) mayDial(host string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	known, now := p.get(host), time.Now()
	if now.Before(known.next) {
		return false
	}
	known.next = now.Add(max(known.pause, minPause))
	return true
}

// dialled notes a failed attempt and says whether that is worth a line in the log.
func (p *peers) dialled(host string, err error) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	known, now := p.get(host), time.Now()
	known.pause = max(minPause, min(2*known.pause, maxPause))
	if errors.Is(err, errRefused) {
		known.pause = refusePause
	}
	known.next = now.Add(known.pause)
	if now.Sub(known.complained) < complainGap {
		return false
	}
	known.complained = now
	return true
}

// reborn reports whether a host that has said hello has been known in another life before.
func (p *peers) reborn(h hello) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	known := p.get(h.Host)
	before := known.last
	known.last = h.Life
	return before != "" && before != h.Life
}
