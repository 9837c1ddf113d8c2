package replication

import (
	"context"
	"errors"
	"net"
	"time"
)

// Close hands leadership over, if this node has it, and stops. Updates that are still
// waiting are answered.
func (n *Node) Close() error {
	n.leaving.Store(true)
	if n.raft != nil && !n.ending.halted.Load() {
		n.handOver()
	}
	return n.end()
}

// end stops the node as it is.
func (n *Node) end() error {
	n.stop()
	n.running.Wait()
	return n.release()
}

// release closes what Start has opened, in reverse. It waits for nothing that may be stuck.
func (n *Node) release() error {
	halted := n.ending != nil && n.ending.halted.Load()
	var errs []error
	if n.raft != nil && n.raft.host != nil && !halted {
		n.raft.host.Close()
	}
	switch {
	case n.transport == nil:
		errs = append(errs, closed(n.Raft))
	case halted:
		errs = append(errs, n.transport.hangUp())
	default:
		errs = append(errs, n.transport.Close())
	}
	if n.store != nil && !halted {
		errs = append(errs, n.store.Sync())
	}
	if n.store != nil {
		errs = append(errs, n.store.Close())
	}
	if n.dir != nil {
		errs = append(errs, n.dir.Close())
	}
	return errors.Join(errs...)
}

// closed closes a listener that may be closed.
func closed(ln net.Listener) error {
	if err := ln.Close(); !errors.Is(err, net.ErrClosed) {
		return err
	}
	return nil
}

// How long a hand-over may take, and how soon it is tried again: a transfer that came to nothing ends
// after one election time.
const (
	handOverTime = 3 * time.Second
	longestTry   = 2 * time.Second
)

// handOver makes another voter the leader before this one goes, so that nobody has to
// notice that it is gone. It returns when another node leads, or when none can.
func (n *Node) handOver() {
	ctx, cancel := context.WithTimeout(context.Background(), handOverTime)
	defer cancel()
	n.transfer(ctx, min(n.Profile.transferTime(), longestTry), n.heir)
}

// transfer has raft make an heir the leader in this node's place, and tries again each time that it may
// have come to nothing. It returns when another node leads, when there is no heir, or at the end of ctx.
func (n *Node) transfer(ctx context.Context, each time.Duration, heirIn func(term uint64) uint64) {
	for asked := false; ; {
		_, changed := n.raft.leader()
		leader, term, _ := n.raft.sees()
		var again <-chan time.Time
		switch {
		case leader == n.identity.Node:
			heir := heirIn(term)
			if heir == 0 || n.raft.host.RequestLeaderTransfer(shard, heir) != nil {
				return
			}
			asked, again = true, time.After(each)
		case leader != 0 || !asked:
			return
		} // else the heir stands for election, and may need this node's vote
		select {
		case <-changed:
		case <-again: // the heir could not stand for election in time
		case <-ctx.Done():
			return
		}
	}
}

// heir returns the voter that has most of this leader's log, of those that this node has a
// connection with, or 0.
func (n *Node) heir(term uint64) (heir uint64) {
	voters, _ := n.shardInfo()
	var most uint64
	for id, host := range voters {
		if id == n.identity.Node || !n.transport.peers.isReachable(host) {
			continue
		}
		if held := n.transport.peers.heldBy(id, term); heir == 0 || held > most {
			heir, most = id, held
		}
	}
	return heir
}
