package replication

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync/atomic"
	"time"

	"github.com/lni/dragonboat/v4"
)

// Alive returns nil if what moves this node moves: raft's loop answers, and no entry is being applied
// for longer than patience. It needs no other node, and writes nothing. Its error says what does not move. It must have
// returned before the node is closed.
func (n *Node) Alive(ctx context.Context, patience time.Duration) error {
	if n.degraded != "" || n.ending.halted.Load() {
		return nil // it only reads, or ends with an error of its own
	}
	if busy := n.applying.since(); busy > patience {
		return fmt.Errorf("what is committed has not been applied for %v: its disk does not write, or a reader does not end", busy.Round(time.Millisecond))
	}
	return n.raft.turns(ctx)
}

// turns returns nil once raft's loop has come round. It is asked for entries behind all that there
// can be: it says that there are none, without looking at the disk.
func (r *raft) turns(ctx context.Context) error {
	request, err := r.host.QueryRaftLog(shard, math.MaxUint64-1, math.MaxUint64, 1)
	switch {
	case errors.Is(err, dragonboat.ErrShardNotReady), errors.Is(err, dragonboat.ErrClosed), errors.Is(err, dragonboat.ErrShardNotFound):
		return nil // it begins, or ends
	case errors.Is(err, dragonboat.ErrSystemBusy):
		return errors.New("raft's loop has not answered an earlier question yet: its disk does not write")
	case err != nil:
		return err
	}
	select {
	case <-request.ResultC():
		return nil
	case <-ctx.Done():
		return errors.New("raft's loop does not answer: its disk does not write")
	}
}

// A stretch is something that takes time, and is under way or not.
type stretch struct{ began atomic.Pointer[time.Time] }

func (s *stretch) begin() {
	now := time.Now()
	s.began.Store(&now)
}

func (s *stretch) end() { s.began.Store(nil) }

// since is how long it has been under way; 0 if it is not.
func (s *stretch) since() time.Duration {
	if began := s.began.Load(); began != nil {
		return time.Since(*began)
	}
	return 0
}
