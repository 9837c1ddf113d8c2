package replication

import (
	"testing"
	"time"

	pb "github.com/lni/dragonboat/v4/raftpb"
)

// replicate is a message with entries from one index to another.
func replicate(term, first, last uint64) pb.Message {
	m := pb.Message{Type: pb.Replicate, Term: term, LogIndex: first - 1, LogTerm: 1}
	for i := first; i <= last; i++ {
		m.Entries = append(m.Entries, pb.Entry{Index: i, Term: i})
	}
	return m
}

// What is on its way over a slow link is not sent again with every try of the leader's, and all else is.
func TestWhatIsOnItsWayIsNotSentAgain(t *testing.T) {
	now := time.Now()
	var p through
	p.sent(pb.MessageBatch{Requests: []pb.Message{replicate(7, 3, 9)}}, slowSend-1, now)
	if p != (through{}) {
		t.Error("a fast link is spared")
	}
	p.sent(pb.MessageBatch{Requests: []pb.Message{replicate(7, 3, 9), {Type: pb.Heartbeat, Term: 7}}}, time.Second, now)
	batch := pb.MessageBatch{Requests: []pb.Message{
		replicate(7, 3, 9), replicate(7, 5, 11), {Type: pb.Heartbeat, Term: 7}, replicate(7, 10, 12), replicate(8, 3, 9), {Type: pb.Replicate, Term: 7, LogIndex: 9},
	}}
	left := p.unsent(batch, now.Add(time.Second)).Requests
	if len(left) != 5 {
		t.Fatalf("%d messages are left", len(left))
	}
	if m := left[0]; m.LogIndex != 9 || m.LogTerm != 9 || len(m.Entries) != 2 || m.Entries[0].Index != 10 {
		t.Errorf("of one that goes further is left %+v", m)
	}
	if len(batch.Requests) != 6 || len(batch.Requests[1].Entries) != 7 {
		t.Error("dragonboat's own messages were changed")
	}
	if left := p.unsent(batch, now.Add(2*time.Second+1)).Requests; len(left) != 6 {
		t.Error("after a while it is not sent again")
	}
}
