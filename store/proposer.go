package store

import (
	"encoding/binary"
	"fmt"

	"github.com/tidwall/buntdb"
)

// proposer is what the store remembers of a node that proposes entries: how the last
// one ended, so that an entry proposed twice counts once.
type proposer struct {
	seq     uint64
	at      Millis // the store's clock when it was applied
	outcome Outcome
	carried uint64 // the revision at which it was carried out; zero if it was not kept
}

// The formats of what is remembered of a proposer: the second one has the revision.
const (
	proposerFormat         = recordFormat
	proposerFormatRevision = 2
)

// carriedOut is the revision to keep of an entry that is carried out. Nodes of earlier versions, which keep
// none, have to hold the same bytes as long as they understand all entries.
func (e Indexed) carriedOut() uint64 {
	if e.Entry.format() < entryFormatOrigin {
		return 0
	}
	return e.Index
}

// CarriedOut returns the revision of an entry that was just applied. It is the entry's index, or an earlier
// one if that was not the first time: the entry was proposed twice, and its writes came with another
// node's state.
func (s *Store) CarriedOut(e Indexed) (revision uint64) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	revision = e.Index
	_ = s.db.View(func(db *buntdb.Tx) error { // fails only when the database is closed
		if p, _ := loadProposer(s.in(db), e.Entry.Node); p.seq == e.Entry.Seq && p.carried > 0 {
			revision = p.carried
		}
		return nil
	})
	return revision
}

func proposerKey(node uint64) string { return fmt.Sprintf("%s%016x", proposers, node) }

func (p proposer) encode() string {
	failed := 0
	for _, key := range p.outcome {
		if key != "" {
			failed++
		}
	}
	b := []byte{proposerFormat}
	if p.carried > 0 {
		b = binary.AppendUvarint([]byte{proposerFormatRevision}, p.carried)
	}
	b = binary.AppendUvarint(b, p.seq)
	b = binary.AppendUvarint(b, uint64(p.at))
	b = binary.AppendUvarint(b, uint64(len(p.outcome)))
	b = binary.AppendUvarint(b, uint64(failed))
	for i, key := range p.outcome {
		if key != "" {
			b = appendString(binary.AppendUvarint(b, uint64(i)), key)
		}
	}
	return string(b)
}

func decodeProposer(s string) (proposer, error) {
	d, err := opened(s, proposerFormatRevision)
	if err != nil {
		return proposer{}, err
	}
	var p proposer
	if s[0] >= proposerFormatRevision {
		if p.carried = d.uint(); p.carried == 0 {
			d.fail()
		}
	}
	p.seq, p.at = d.uint(), d.millis()
	n := d.uint()
	if n > MaxTxns {
		return proposer{}, errMalformed
	}
	p.outcome = make(Outcome, n)
	for failed := d.count(); failed > 0; failed-- {
		i, key := d.uint(), d.string()
		if i >= n {
			d.fail()
			break
		}
		p.outcome[i] = key
	}
	return p, d.end()
}

func loadProposer(s source, node uint64) (p proposer, found bool) {
	key := proposerKey(node)
	value, found := s.get(key)
	if !found {
		return proposer{}, false
	}
	p, err := decodeProposer(value)
	if err != nil {
		panic(damaged(key, err))
	}
	return p, true
}

func saveProposer(b *batch, node uint64, p proposer) {
	b.changes.set(proposerKey(node), change{value: p.encode()})
}
