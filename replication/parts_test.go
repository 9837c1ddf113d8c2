package replication

import (
	"reflect"
	"testing"
	"time"

	pb "github.com/lni/dragonboat/v4/raftpb"
)

// entries returns the entries from first on that have these sizes.
func entries(first uint64, sizes ...int) (all []pb.Entry) {
	for i, size := range sizes {
		all = append(all, pb.Entry{Index: first + uint64(i), Term: 3, Cmd: make([]byte, size)})
	}
	return all
}

// A big batch leaves in parts, which say the same and can be used one by one.
func TestParts(t *testing.T) {
	batch := pb.MessageBatch{SourceAddress: "host", DeploymentId: 7, BinVer: 9, Requests: []pb.Message{
		{Type: pb.Heartbeat, Term: 4, Commit: 1},
		{Type: pb.Replicate, Term: 4, LogIndex: 9, LogTerm: 2, Commit: 8, Entries: entries(10, step/2, step/3, 2*step, 5, 5, step)},
		{Type: pb.Heartbeat, Term: 4, Commit: 2},
	}}
	var got []pb.Message
	for _, part := range parts(batch) {
		if size := part.Size(); size > step+1000 && (len(part.Requests) > 1 || len(part.Requests[0].Entries) > 1) {
			t.Errorf("a part has %d bytes", size)
		}
		if part.SourceAddress != "host" || part.DeploymentId != 7 || part.BinVer != 9 {
			t.Errorf("a part is from %q, %d, %d", part.SourceAddress, part.DeploymentId, part.BinVer)
		}
		got = append(got, part.Requests...)
	}
	if len(got) != 6 || got[0].Commit != 1 || got[5].Commit != 2 {
		t.Fatalf("%d messages: %v", len(got), got)
	}
	var all []pb.Entry
	before, term := uint64(9), uint64(2)
	for _, m := range got[1:5] {
		if m.Type != pb.Replicate || m.Term != 4 || m.Commit != 8 || m.LogIndex != before || m.LogTerm != term {
			t.Errorf("a part of a message follows %d of term %d: %d of term %d", before, term, m.LogIndex, m.LogTerm)
		}
		all = append(all, m.Entries...)
		before, term = all[len(all)-1].Index, 3
	}
	if !reflect.DeepEqual(all, batch.Requests[1].Entries) {
		t.Errorf("%d entries of %d", len(all), len(batch.Requests[1].Entries))
	}
}

// A small batch is left as it is, and a big message without entries too.
func TestPartsOfSmallOnes(t *testing.T) {
	for _, batch := range []pb.MessageBatch{
		{Requests: []pb.Message{{Type: pb.Replicate, Entries: entries(1, 10)}, {Type: pb.Replicate, Entries: entries(1, 10)}}},
		{Requests: []pb.Message{{Type: pb.Propose, Entries: entries(0, step, step)}}},
	} {
		if got := parts(batch); len(got) != 1 || !reflect.DeepEqual(got[0], batch) {
			t.Errorf("%v becomes %v", batch, got)
		}
	}
}

// What another message says as well is left out; what only looks like it is not.
func TestWhatABatchSaysTwice(t *testing.T) {
	got := through{}.unsent(pb.MessageBatch{Requests: []pb.Message{
		{Type: pb.Replicate, Term: 4, LogIndex: 9, Entries: entries(10, 1)},
		{Type: pb.Replicate, Term: 4, LogIndex: 9},
		{Type: pb.Replicate, Term: 4, LogIndex: 9, Entries: entries(10, 1, 1)},
		{Type: pb.Replicate, Term: 4, LogIndex: 11, Entries: entries(12, 1)},
		{Type: pb.Heartbeat, Term: 4, LogIndex: 9},
		{Type: pb.Replicate, Term: 5, LogIndex: 9, Entries: entries(10, 1)},
		{Type: pb.Replicate, Term: 4, LogIndex: 9, Entries: entries(10, 1)},
	}}, time.Now()).Requests
	var lengths []int
	for _, m := range got {
		lengths = append(lengths, len(m.Entries))
	}
	if want := []int{1, 0, 1, 1, 0, 1, 1}; !reflect.DeepEqual(lengths, want) {
		t.Errorf("messages of %v entries are left, want %v", lengths, want)
	}
}
