package replication

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"net"
	"sync"
	"time"

	"confman/store"
)

// A reachRequest asks a node to say when it has applied everything up to a revision, or how far it
// has come when the asker's patience is over.
type reachRequest struct {
	Revision uint64 `json:"revision"`
	Patience int64  `json:"patience_ms"`
}

// reachAnswer is how far it has come.
type reachAnswer struct {
	Applied uint64 `json:"applied"`
}

const (
	// reachPatience is how long one question stays open at most; whoever still wants to know asks again.
	reachPatience = 2 * time.Second
	// reachPause is how long to wait before a node is asked again that could not be asked.
	reachPause = 100 * time.Millisecond
)

// Reach counts the other nodes that have applied everything that this node had applied at the
// call. It returns when there are as many as wanted, or at the end of ctx; if none are wanted, when
// each of them has been asked once.
func (n *Node) Reach(ctx context.Context, wanted int) (count int) {
	revision, reached := n.store.Applied(), make(chan bool)
	asking, cancel := context.WithCancel(ctx)
	if wanted <= 0 {
		asking, cancel = context.WithTimeout(ctx, time.Second)
	}
	var all sync.WaitGroup
	defer all.Wait()
	defer cancel()
	others := n.otherMembers()
	for _, m := range others {
		all.Go(func() {
			has := n.hasReached(asking, m.Host, revision, wanted <= 0)
			select {
			case reached <- has:
			case <-asking.Done():
			}
		})
	}
	for answers := 0; count < wanted || wanted <= 0 && answers < len(others); answers++ {
		select {
		case has := <-reached:
			if has {
				count++
			}
		case <-asking.Done(): // what is known by now counts, whoever has asked
			return n.heights.count(others, revision)
		}
	}
	return count
}

// otherMembers are the nodes that this one can ask.
func (n *Node) otherMembers() (others []Member) {
	for _, m := range n.members() {
		if m.Host != n.identity.Host && n.degraded == "" {
			others = append(others, m)
		}
	}
	return others
}

// hasReached asks another node until it has reached a revision, or ctx ends; or just once.
func (n *Node) hasReached(ctx context.Context, host string, revision uint64, once bool) bool {
	p := n.heights.of(host)
	for p.get() < revision {
		leave := p.door.enter(ctx)
		if leave == nil {
			return false
		}
		var err error
		if p.get() < revision { // the one before has not asked for as much
			var applied uint64
			if applied, err = n.transport.askReach(ctx, host, revision, once); err == nil {
				p.raise(applied)
			}
		}
		leave()
		if once {
			return p.get() >= revision
		}
		if err != nil {
			select {
			case <-ctx.Done():
			case <-time.After(reachPause):
			}
		}
	}
	return true
}

// heights are how far the other nodes have come, as far as is known.
type heights struct {
	mu     sync.Mutex
	byHost map[string]*height
}

// A height is how far one node has come. It is asked through the door: one question answers all
// who wait, and they come in the order of what they want to know.
type height struct {
	door door

	mu      sync.Mutex
	applied uint64
}

func (h *heights) of(host string) *height {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.byHost == nil {
		h.byHost = map[string]*height{}
	}
	if h.byHost[host] == nil {
		h.byHost[host] = &height{}
	}
	return h.byHost[host]
}

// count counts the members that are known to have come to a revision.
func (h *heights) count(members []Member, revision uint64) (count int) {
	for _, m := range members {
		if h.of(m.Host).get() >= revision {
			count++
		}
	}
	return count
}

func (h *height) get() uint64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.applied
}

func (h *height) raise(applied uint64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.applied = max(h.applied, applied)
}

// askReach asks a host how far it has come. The answer takes until it has come to a revision, but
// not longer than the patience; at once means without any.
func (t *transport) askReach(ctx context.Context, host string, revision uint64, atOnce bool) (applied uint64, err error) {
	patience := reachPatience
	if end, bounded := ctx.Deadline(); bounded {
		patience = min(patience, max(0, time.Until(end)))
	}
	if atOnce {
		patience = 0
	}
	request, err := json.Marshal(reachRequest{revision, patience.Milliseconds()})
	if err != nil {
		return 0, err
	}
	line, err := t.put(ctx, kindReach, host, request, patience+t.writeTime)
	var answer reachAnswer
	if err == nil {
		err = json.Unmarshal(line, &answer)
	}
	return answer.Applied, err
}

// serveReach answers how far this node has come.
func (t *transport) serveReach(conn net.Conn, r *bufio.Reader) error {
	if err := conn.SetReadDeadline(time.Now().Add(t.helloTime)); err != nil {
		return err
	}
	line, err := readLine(r, maxHello)
	if err != nil {
		return err
	}
	var request reachRequest
	if err := json.Unmarshal(line, &request); err != nil {
		return err
	}
	if t.reached == nil {
		err := errors.New("this node tells nobody how far it has come")
		refuse(conn, err)
		return err
	}
	patience := time.Duration(min(max(0, request.Patience), reachPatience.Milliseconds())) * time.Millisecond
	ctx, cancel := context.WithTimeout(t.ctx, patience)
	defer cancel()
	answer, err := json.Marshal(reachAnswer{t.reached(ctx, request.Revision)})
	if err != nil {
		return err
	}
	return send(conn, append(answer, '\n'), t.writeTime)
}

// progress tells whoever waits for it that the store has moved on.
type progress struct {
	mu    sync.Mutex
	moved chan struct{} // nil if nobody waits
}

func (p *progress) next() <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.moved == nil {
		p.moved = make(chan struct{})
	}
	return p.moved
}

func (p *progress) signal() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.moved != nil {
		close(p.moved)
		p.moved = nil
	}
}

// reached waits until this node has applied everything up to a revision, or ctx ends, and returns
// how far it has come.
func (n *Node) reached(ctx context.Context, revision uint64) (applied uint64) {
	for {
		moved := n.progress.next()
		if applied = n.store.Applied(); applied >= revision {
			return applied
		}
		select {
		case <-moved:
		case <-ctx.Done():
			return applied
		}
	}
}

// hasApplied passes on how an entry ended.
func (n *Node) hasApplied(e store.Indexed, outcome store.Outcome) {
	if changesMembers(e.Entry) {
		n.others.age.Add(1) // first: who made the change finds it
	}
	n.commits.hasApplied(e, outcome)
	n.progress.signal()
}

// wasReplaced notes that another state has taken the place of what the store held.
func (n *Node) wasReplaced() {
	n.others.age.Add(1)
	n.progress.signal()
}
