package replication

import "github.com/lni/dragonboat/v4"

// voters are those that have a vote, and what is known of them.
type voters struct {
	raft    map[uint64]dragonboat.Target // by number, as raft has it
	runs    map[uint64]bool
	members []Member // as the table has them
}

// has reports whether a node has a vote.
func (v voters) has(id uint64) bool {
	_, voter := v.raft[id]
	return voter
}

// without says why a node must not lose its vote: it is the last one that stays, or those that stay
// and run are no majority. Those that are about to go already do not count.
func (v voters) without(id uint64, force bool) error {
	if !v.has(id) {
		return nil
	}
	stay, run := 0, 0
	for _, m := range v.members {
		if m.ID == id || !v.has(m.ID) || m.Leaving || m.NonVoter {
			continue
		}
		stay++
		if v.runs[m.ID] {
			run++
		}
	}
	switch {
	case stay == 0:
		return declined("node %d is the last voter: promote another node first, or have one join", id)
	case 2*run <= stay && !force:
		return declined("without node %d there would be %d voters, of which %d run, and that is no majority: start the others first, or remove those that are lost for good",
			id, stay, run)
	}
	return nil
}
