package replication

import (
	"errors"
	"net"
	"time"
)

// Close hands leadership over, if this node has it, and stops. Updates that are still
// waiting are answered.
func (n *Node) Close() error {
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

// handOver makes another voter the leader before this one goes, so that nobody has to
// notice that it is gone.
func (n *Node) handOver() {
	const patience, each = time.Second, 300 * time.Millisecond
	deadline := time.Now().Add(patience)
	for time.Now().Before(deadline) {
		_, changed := n.raft.leader()
		st := n.Status()
		heir := n.heir(st)
		if st.Leader != st.ID || heir == 0 {
			return
		}
		if err := n.raft.host.RequestLeaderTransfer(shard, heir); err != nil {
			return
		}
		select {
		case <-changed:
		case <-time.After(each): // a transfer under load may fail; the next one may not
		}
	}
}

// heir returns a voter that this node has a connection with, or 0.
func (n *Node) heir(st Status) uint64 {
	for _, m := range st.Members {
		if m.Voter && m.ID != st.ID && n.transport.peers.isReachable(m.Host) {
			return m.ID
		}
	}
	return 0
}
