package replication

import (
	"slices"
	"time"

	pb "github.com/lni/dragonboat/v4/raftpb"
)

const (
	slowSend = 50 * time.Millisecond  // to send a frame, on a link that is worth saving
	onItsWay = 500 * time.Millisecond // for what was sent to arrive and be answered, at least
)

// A through is up to where a leader's entries have been put on a slow connection. A leader that has lost
// track of a follower sends it all that it lacks, once more with each of its answers; over a slow link
// an answer takes longer than the next try, and each try would carry everything again. What is on a
// connection arrives, so it is left out for a while. Then it is sent again: the other side may not have had
// room for it.
type through struct {
	term, index uint64
	until       time.Time
}

// unsent leaves out of a batch what is on its way.
func (p through) unsent(batch pb.MessageBatch, now time.Time) pb.MessageBatch {
	if now.After(p.until) {
		return batch
	}
	requests := batch.Requests
	batch.Requests = nil
	for _, m := range requests {
		if m, left := p.rest(m); left {
			batch.Requests = append(batch.Requests, m)
		}
	}
	return batch
}

// rest is what is left of a message, if anything.
func (p through) rest(m pb.Message) (pb.Message, bool) {
	if m.Type != pb.Replicate || m.Term != p.term || len(m.Entries) == 0 || m.Entries[0].Index > p.index {
		return m, true
	}
	at := slices.IndexFunc(m.Entries, func(e pb.Entry) bool { return e.Index > p.index })
	if at < 0 {
		return m, false
	}
	m.LogIndex, m.LogTerm = m.Entries[at-1].Index, m.Entries[at-1].Term
	m.Entries = m.Entries[at:]
	return m, true
}

// sent notes a batch whose sending took some time.
func (p *through) sent(batch pb.MessageBatch, took time.Duration, now time.Time) {
	if took < slowSend {
		return
	}
	for _, m := range batch.Requests {
		if m.Type == pb.Replicate && len(m.Entries) > 0 {
			*p = through{m.Term, m.Entries[len(m.Entries)-1].Index, now.Add(max(2*took, onItsWay))}
		}
	}
}
