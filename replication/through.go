package replication

import (
	"slices"
	"time"

	pb "github.com/lni/dragonboat/v4/raftpb"
)

const (
	slowSend  = 50 * time.Millisecond  // to send a frame, on a link that is worth saving
	largeSend = 32 << 10               // bytes that are worth saving on any link
	onItsWay  = 500 * time.Millisecond // for what was sent to arrive and be answered, at least
)

// A through is which of a leader's entries have just been put on a connection. A leader that has lost
// track of a follower sends it all that it lacks, once more with each of its answers; over a slow link
// an answer takes longer than the next try, and each try would carry everything again. What is on a
// connection arrives, so it is left out for a while. Then it is sent again: the other side may not have had
// room for it. A follower that lacks something rejects what comes after, and gets all of it at once.
type through struct {
	term        uint64
	from, index uint64 // behind which, and up to which
	until       time.Time
}

// unsent leaves out of a batch what is on its way, and what another message of it says.
func (p through) unsent(batch pb.MessageBatch, now time.Time) pb.MessageBatch {
	if now.After(p.until) {
		p = through{}
	}
	requests := batch.Requests
	batch.Requests = nil
	for _, m := range requests {
		if m, left := p.rest(m); left {
			batch.Requests = append(batch.Requests, m)
			p.note(m)
		}
	}
	return batch
}

// rest is what is left of a message, if anything.
func (p through) rest(m pb.Message) (pb.Message, bool) {
	if m.Type != pb.Replicate || m.Term != p.term || len(m.Entries) == 0 || m.LogIndex < p.from || m.LogIndex >= p.index {
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

// note adds what a message carries.
func (p *through) note(m pb.Message) {
	if m.Type != pb.Replicate || len(m.Entries) == 0 {
		return
	}
	if m.Term != p.term || m.LogIndex < p.from || m.LogIndex > p.index {
		p.term, p.from = m.Term, m.LogIndex
	}
	p.index = m.Entries[len(m.Entries)-1].Index
}

// sent notes a batch that was put on the connection, if that took some time or it is large.
func (p *through) sent(batch pb.MessageBatch, size int, took time.Duration, now time.Time) {
	if took < slowSend && size < largeSend {
		return
	}
	if now.After(p.until) {
		*p = through{}
	}
	for _, m := range batch.Requests {
		p.note(m)
	}
	p.until = now.Add(max(2*took, onItsWay))
}
