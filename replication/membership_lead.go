package replication

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"time"

	"confman/store"
)

// Only the leader can have another one lead in its place without an election that nobody wanted: it knows
// who has its log, and takes no proposals until the other one leads. So whoever is asked for that asks
// the leader, and goes on asking whoever leads by then.

// ErrNotHandedOver says that the node that was wanted does not lead for certain, and who leads.
var ErrNotHandedOver = errors.New("leadership was not handed over")

// leadTime is how long it may take until another node leads.
func (p Profile) leadTime() time.Duration { return max(handOverTime, 2*p.Again) }

// transferTime is how long raft tries one transfer, and a little more.
func (p Profile) transferTime() time.Duration { return time.Duration(p.Election+4) * p.Tick }

// leadRequest asks a leader to have a node lead, in the time that whoever asks waits.
type leadRequest struct {
	Node     uint64 `json:"node"`
	Patience int64  `json:"patience_ms"`
}

// leadAnswer is what it says to that. If it says neither, whoever asked looks again who leads.
type leadAnswer struct {
	Leads    bool   `json:"leads,omitempty"`    // the node that answers is the one, and a majority has confirmed it
	Declined string `json:"declined,omitempty"` // why the node cannot lead, and what to do
}

// Lead has a voter be the leader, and returns when it leads. Updates wait meanwhile, as in any election. It may
// be called on any node, and repeated. An error is [ErrDeclined] if the node cannot lead, and nothing was tried;
// [store.ErrUnavailable] if nobody leads, [ErrNotHandedOver] if it took too long, or [store.ErrUnfit].
func (n *Node) Lead(ctx context.Context, id uint64) error {
	if n.degraded != "" {
		return fmt.Errorf("%w: %s", store.ErrUnfit, n.degraded)
	}
	ctx, cancel := context.WithTimeout(ctx, n.Profile.leadTime())
	defer cancel()
	answered, failed := false, error(nil)
	for {
		known, changed := n.raft.leader()
		if leader, _, _ := n.raft.sees(); known {
			answer, err := n.askWhile(ctx, changed, leader, id)
			switch {
			case answer.Declined != "":
				return declined("%s", answer.Declined)
			case answer.Leads:
				return nil
			case err == nil:
				answered, failed = true, nil
			case isClosed(changed): // who leads by now was not asked yet
				failed = nil
			case !answered: // else time has run out
				failed = err
			}
		}
		select {
		case <-changed:
		case <-time.After(reachPause):
		case <-ctx.Done():
			return n.notHandedOver(id, failed)
		}
	}
}

// notHandedOver says what has become of a request that came to nothing.
func (n *Node) notHandedOver(id uint64, failed error) error {
	known, _ := n.raft.leader()
	leader, _, _ := n.raft.sees()
	switch {
	case !known:
		return n.refusal()
	case failed != nil:
		return fmt.Errorf("%w: node %d leads, and could not be asked: %w", ErrNotHandedOver, leader, failed)
	case leader == id:
		return fmt.Errorf("%w: node %d leads, and no majority has confirmed that within %v: try again", ErrNotHandedOver, id, n.Profile.leadTime())
	}
	return fmt.Errorf("%w: node %d did not take it within %v, and node %d leads: try again", ErrNotHandedOver, id, n.Profile.leadTime(), leader)
}

// askWhile asks the leader until another one leads, because one that hangs or is cut off may never answer.
func (n *Node) askWhile(ctx context.Context, changed <-chan struct{}, leader, id uint64) (leadAnswer, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		select {
		case <-changed:
			cancel()
		case <-ctx.Done():
		}
	}()
	return n.askToLead(ctx, leader, id)
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// askToLead asks the leader, which may be this node, to have a node lead.
func (n *Node) askToLead(ctx context.Context, leader, id uint64) (answer leadAnswer, err error) {
	if leader == n.identity.Node {
		return n.yield(ctx, id), nil
	}
	m, found := n.member(leader)
	if !found {
		return answer, fmt.Errorf("node %d is not in the table", leader)
	}
	end, _ := ctx.Deadline()
	patience := time.Until(end)
	question, err := json.Marshal(leadRequest{id, patience.Milliseconds()})
	if err != nil {
		return answer, err
	}
	line, err := n.transport.put(ctx, kindLead, m.Host, question, patience)
	if err == nil {
		err = json.Unmarshal(line, &answer)
	}
	return answer, err
}

// yield is what a leader does when it is asked to have a node lead. Before updates have to wait, it makes
// sure that the node answers, and has everything.
func (n *Node) yield(ctx context.Context, id uint64) leadAnswer {
	ctx, cancel := context.WithTimeout(ctx, n.Profile.leadTime())
	defer cancel()
	switch leader, _, _ := n.raft.sees(); {
	case leader != n.identity.Node:
		return leadAnswer{}
	case leader == id:
		return leadAnswer{Leads: n.Barrier(ctx) == nil}
	}
	m, why := n.mayLead(id)
	if why == "" && !n.canTransfer(ctx) {
		return leadAnswer{} // too late to ask the node, too: that it does not answer in no time says nothing of it
	}
	if why == "" {
		why = n.lags(ctx, m)
	}
	if why != "" {
		return leadAnswer{Declined: why}
	}
	n.log().Info("the node hands leadership over, as it was asked to", "to", id)
	n.transfer(ctx, n.Profile.transferTime(), func(uint64) uint64 {
		if !n.canTransfer(ctx) {
			return 0 // none may end after the answer
		}
		return id
	})
	return leadAnswer{}
}

// canTransfer reports whether there is time for a transfer before ctx ends.
func (n *Node) canTransfer(ctx context.Context) bool {
	end, bounded := ctx.Deadline()
	return !bounded || time.Until(end) >= n.Profile.transferTime()
}

// mayLead returns a member that may lead, or why it must not.
func (n *Node) mayLead(id uint64) (m Member, why string) {
	m, found := n.member(id)
	if !found {
		return m, fmt.Sprintf("there is no node %d: the nodes are %s", id, listed(n.members()))
	}
	voters, _ := n.shardInfo()
	_, votes := voters[id]
	return m, m.mustFollow(votes)
}

// mustFollow says why a member must not lead, if it must not. What was decided about it counts before
// it is carried out.
func (m Member) mustFollow(votes bool) (why string) {
	switch {
	case m.Leaving:
		return fmt.Sprintf("node %d is about to leave", m.ID)
	case m.NonVoter && votes:
		return fmt.Sprintf("node %d is about to give its vote up", m.ID)
	case m.NonVoter:
		return fmt.Sprintf("node %d has no vote: promote it first", m.ID)
	case !votes:
		return fmt.Sprintf("node %d has no vote yet: it gets one when it has caught up", m.ID)
	}
	return ""
}

// lags says why a voter could not lead at once, if it could not: it does not answer, or is behind.
func (n *Node) lags(ctx context.Context, m Member) (why string) {
	revision := n.store.Applied()
	switch applied, err := n.transport.askReach(ctx, m.Host, revision, false); {
	case err != nil:
		return fmt.Sprintf("node %d does not answer node %d, which leads: start it, or see what is between them", m.ID, n.identity.Node)
	case applied < revision:
		return fmt.Sprintf("node %d is behind, at revision %d of %d: wait until it has caught up", m.ID, applied, revision)
	}
	return ""
}

// serveLead answers a node that wants another leader.
func (t *transport) serveLead(conn net.Conn, r *bufio.Reader) error {
	if err := conn.SetReadDeadline(time.Now().Add(t.helloTime)); err != nil {
		return err
	}
	line, err := readLine(r, maxHello)
	if err != nil {
		return err
	}
	if t.yield == nil {
		err := errors.New("this node hands leadership to nobody")
		refuse(conn, err)
		return err
	}
	var request leadRequest
	if err := json.Unmarshal(line, &request); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(t.ctx, time.Duration(request.Patience)*time.Millisecond)
	defer cancel()
	return t.reply(conn, t.yield(ctx, request.Node))
}
