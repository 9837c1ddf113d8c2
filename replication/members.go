package replication

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"

	"confman/store"
)

// A Member is a node as the members know it.
type Member struct {
	ID    uint64 `json:"-"`
	Host  string `json:"host"` // its NodeHostID, which stays whatever its addresses become
	Raft  string `json:"raft"` // address of its raft port
	RESP  string `json:"resp"` // address where clients reach it
	Voter bool   `json:"-"`    // as far as the node knows that was asked
}

// Members stand in the store, as configs of the system: confman/nodes/<id>. The highest id
// that was ever given out stands beside them, because raft never takes one again.
const (
	nodesNamespace = "confman/nodes"
	lastNode       = "confman/last-node"
)

// MembersOf returns the members that a store knows, by id.
func MembersOf(tx *store.Tx) ([]Member, error) {
	var all []Member
	for _, item := range tx.List(nodesNamespace) {
		m := Member{}
		id, err := strconv.ParseUint(item.Key, 10, 64)
		if err == nil {
			err = json.Unmarshal([]byte(item.Value), &m)
		}
		if err != nil {
			return nil, fmt.Errorf("member %s: %w", item.Key, err)
		}
		m.ID = id
		all = append(all, m)
	}
	slices.SortFunc(all, func(a, b Member) int { return cmp.Compare(a.ID, b.ID) })
	return all, nil
}

// setMember writes what the members know of a node, unless they know it already.
func setMember(tx *store.Tx, m Member) error {
	value, err := json.Marshal(m)
	if err != nil {
		return err
	}
	name := store.Join(nodesNamespace, strconv.FormatUint(m.ID, 10))
	if rec, found := tx.Get(name); found && rec.Value == string(value) {
		return nil
	}
	last, _ := tx.Get(lastNode)
	if highest, _ := strconv.ParseUint(last.Value, 10, 64); m.ID > highest {
		if err := tx.Set(lastNode, strconv.FormatUint(m.ID, 10), 0); err != nil {
			return err
		}
	}
	return tx.Set(name, string(value), 0)
}

// enrol makes a host a member and gives it an id, its old one if it has been there before.
// The node that does so must be in the table itself.
func enrol(tx *store.Tx, m Member) (id uint64, err error) {
	all, err := MembersOf(tx)
	if err != nil {
		return 0, err
	}
	last, _ := tx.Get(lastNode)
	if m.ID, err = strconv.ParseUint(last.Value, 10, 64); err != nil {
		return 0, fmt.Errorf("%s: %w", lastNode, err)
	}
	m.ID++
	for _, known := range all {
		if known.Host == m.Host {
			m.ID = known.ID
		}
	}
	return m.ID, setMember(tx, m)
}
