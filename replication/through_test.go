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

// What is on its way is not sent again with every try of the leader's, and all else is.
func TestWhatIsOnItsWayIsNotSentAgain(t *testing.T) {
	now := time.Now()
	var p through
	p.sent(pb.MessageBatch{Requests: []pb.Message{replicate(7, 3, 9)}}, largeSend-1, slowSend-1, now)
	if p != (through{}) {
		t.Error("what is small is spared on a fast link")
	}
	p.sent(pb.MessageBatch{Requests: []pb.Message{replicate(7, 3, 9), {Type: pb.Heartbeat, Term: 7}}}, 0, time.Second, now)
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
	if m := left[2]; m.LogIndex != 11 || len(m.Entries) != 1 {
		t.Errorf("of one that goes further than another of its batch is left %+v", m)
	}
	if len(batch.Requests) != 6 || len(batch.Requests[1].Entries) != 7 {
		t.Error("dragonboat's own messages were changed")
	}
}

// Who lacks what came before gets it at once, and who has not answered for a while gets all of it again.
func TestWhatIsAskedForIsSent(t *testing.T) {
	now := time.Now()
	var p through
	p.sent(pb.MessageBatch{Requests: []pb.Message{replicate(7, 5, 9)}}, largeSend, 0, now)
	for what, batch := range map[string]pb.MessageBatch{
		"what came before": {Requests: []pb.Message{replicate(7, 3, 9)}},
		"what comes after": {Requests: []pb.Message{replicate(7, 12, 14)}},
	} {
		if left := p.unsent(batch, now).Requests; len(left) != 1 || len(left[0].Entries) != len(batch.Requests[0].Entries) {
			t.Errorf("%s: %+v", what, left)
		}
	}
	if left := p.unsent(pb.MessageBatch{Requests: []pb.Message{replicate(7, 5, 9)}}, now.Add(onItsWay+1)).Requests; len(left) != 1 {
		t.Error("after a while it is not sent again")
	}
}

// A follower that rejects what it was sent is sent all of it again at once, however much goes on.
func TestWhoRejectsIsSentAllAgain(t *testing.T) {
	var a table
	one := startWire(t, &a, &transport{host: hostA})
	two := startWire(t, &a, &transport{host: hostB})
	l, back := one.link(t, hostB), two.link(t, hostA)
	large := replicate(7, 3, 9)
	large.Entries[0].Cmd = make([]byte, largeSend)
	send := func() {
		t.Helper()
		if err := l.SendMessageBatch(pb.MessageBatch{SourceAddress: hostA, Requests: []pb.Message{large}}); err != nil {
			t.Fatal(err)
		}
	}
	send()
	receive(t, two.got)
	send()
	if err := l.SendMessageBatch(one.batch(7)); err != nil {
		t.Fatal(err)
	}
	if got := receive(t, two.got); got.Requests[0].Type != pb.Heartbeat {
		t.Error("it was sent again without being asked for")
	}
	if err := back.SendMessageBatch(pb.MessageBatch{SourceAddress: hostB, Requests: []pb.Message{{Type: pb.ReplicateResp, Term: 7, Reject: true}}}); err != nil {
		t.Fatal(err)
	}
	receive(t, one.got)
	send()
	if got := receive(t, two.got); got.Requests[0].Type != pb.Replicate {
		t.Error("it was not sent again")
	}
}
