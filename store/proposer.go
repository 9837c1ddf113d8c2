package store

import (
	"encoding/binary"
	"fmt"
)

// proposer is what the store remembers of a node that proposes entries: how the last
// one ended, so that an entry proposed twice counts once.
type proposer struct {
	seq     uint64
	at      Millis // the store's clock when it was applied
	outcome Outcome
}

func proposerKey(node uint64) string { return fmt.Sprintf("%s%016x", proposers, node) }

func (p proposer) encode() string {
	failed := 0
	for _, key := range p.outcome {
		if key != "" {
			failed++
		}
	}
	b := []byte{recordFormat}
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
	d, err := opened(s, recordFormat)
	if err != nil {
		return proposer{}, err
	}
	p := proposer{seq: d.uint(), at: d.millis()}
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
	b.changes.Set(proposerKey(node), change{value: p.encode()})
}
