package replication

import (
	pb "github.com/lni/dragonboat/v4/raftpb"
)

// parts makes frames' worth of a batch, of about step bytes each. dragonboat puts all that waits for
// a host into one batch, up to 64 MiB, and so does a leader with all entries that a follower lacks.
// Over a slow link that is minutes in which nothing arrives that could be used, and all of it is for
// nothing if the connection ends meanwhile.
func parts(batch pb.MessageBatch) []pb.MessageBatch {
	if batch.Size() <= step {
		return []pb.MessageBatch{batch}
	}
	var all []pb.MessageBatch
	part, size := batch, 0
	part.Requests = nil
	for _, whole := range batch.Requests {
		for _, m := range divide(whole) {
			if size += m.Size(); size > step && len(part.Requests) > 0 {
				all = append(all, part)
				part.Requests, size = nil, m.Size()
			}
			part.Requests = append(part.Requests, m)
		}
	}
	return append(all, part)
}

// divide makes several messages of one that carries many entries, as if the leader had sent these.
func divide(m pb.Message) []pb.Message {
	if m.Type != pb.Replicate {
		return []pb.Message{m}
	}
	var all []pb.Message
	rest := m.Entries
	for {
		n, size := 0, 0
		for n < len(rest) && (n == 0 || size+rest[n].Size() <= step) {
			size += rest[n].Size()
			n++
		}
		m.Entries = rest[:n:n]
		all = append(all, m)
		if rest = rest[n:]; len(rest) == 0 {
			return all
		}
		m.LogIndex, m.LogTerm = m.Entries[n-1].Index, m.Entries[n-1].Term
	}
}
