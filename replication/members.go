package replication

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"confman/store"
)

// A Member is a node as the members know it.
type Member struct {
	ID       uint64 `json:"-"`
	Host     string `json:"host"`               // its NodeHostID, which stays whatever its addresses become
	Raft     string `json:"raft"`               // address of its raft port
	RESP     string `json:"resp"`               // address where clients reach it
	Boots    uint64 `json:"boots,omitempty"`    // how often it has started
	Life     string `json:"life,omitempty"`     // names its last start
	Replaces uint64 `json:"replaces,omitempty"` // the node in whose place it comes, until it has settled
	Profile  string `json:"profile,omitempty"`  // the timing that its last start has
	// What was decided about it, which it carries out, or the leader for it.
	NonVoter bool `json:"nonvoter,omitempty"` // it is meant to have no vote
	Leaving  bool `json:"leaving,omitempty"`  // it is to be no member any more
	Forced   bool `json:"forced,omitempty"`   // even if those that remain are no majority
	Voter    bool `json:"-"`                  // it has a vote, as far as the node knows that was asked
}

// Members stand in the store, as configs of the system: confman/nodes/<id>. The highest id
// that was ever given out stands beside them, because raft never takes one again, and so do
// the hosts that were taken out: confman/gone/<host>, each with the id of the node that took
// its place, or 0 if nobody did.
const (
	nodesNamespace = "confman/nodes"
	lastNode       = "confman/last-node"
	goneNamespace  = "confman/gone"
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

// errRemoved says that a host was taken out of its cluster.
var errRemoved = errors.New("was removed from the cluster")

// setMember writes what a node says of itself. What was decided about it stays as it is, and a host
// that was taken out stays out.
func setMember(tx *store.Tx, m Member) error {
	if _, gone := tx.Get(store.Join(goneNamespace, m.Host)); gone {
		return fmt.Errorf("host %s %w", m.Host, errRemoved)
	}
	known, _, err := memberOf(tx, m.ID)
	if err != nil {
		return err
	}
	m.Replaces, m.NonVoter, m.Leaving, m.Forced = known.Replaces, known.NonVoter, known.Leaving, known.Forced
	return putMember(tx, m)
}

// memberOf returns a member by its number.
func memberOf(tx *store.Tx, id uint64) (m Member, found bool, err error) {
	rec, found := tx.Get(memberName(id))
	if found {
		err = json.Unmarshal([]byte(rec.Value), &m)
	}
	m.ID = id
	return m, found, err
}

// putMember writes what the members know of a node, unless they know it already.
func putMember(tx *store.Tx, m Member) error {
	value, err := json.Marshal(m)
	if err != nil {
		return err
	}
	name := memberName(m.ID)
	if rec, found := tx.Get(name); found && rec.Value == string(value) {
		return nil
	}
	if m.ID > highestNode(tx) {
		if err := tx.Set(lastNode, strconv.FormatUint(m.ID, 10), 0); err != nil {
			return err
		}
	}
	return tx.Set(name, string(value), 0)
}

func memberName(id uint64) string { return store.Join(nodesNamespace, strconv.FormatUint(id, 10)) }

// highestNode is the highest id that was ever given out.
func highestNode(tx *store.Tx) uint64 {
	last, _ := tx.Get(lastNode)
	id, _ := strconv.ParseUint(last.Value, 10, 64) // 0 where there is none
	return id
}

// retire takes a member out of the table, and remembers who has its place.
func retire(tx *store.Tx, id, by uint64) error {
	all, err := MembersOf(tx)
	if err != nil {
		return err
	}
	for _, m := range all {
		if m.ID == id {
			tx.Delete(memberName(id))
			return tx.Set(store.Join(goneNamespace, m.Host), strconv.FormatUint(by, 10), 0)
		}
	}
	return nil
}

// enrol makes a host a member and gives it an id. A host that has been there before gets what it
// got then.
func enrol(tx *store.Tx, m Member) (id, replaces uint64, err error) {
	all, err := MembersOf(tx)
	if err != nil {
		return 0, 0, err
	}
	m.ID = highestNode(tx) + 1
	for _, known := range all {
		if known.Host == m.Host {
			m.ID, m.Replaces = known.ID, max(known.Replaces, m.Replaces)
			m.NonVoter, m.Leaving, m.Forced = known.NonVoter, known.Leaving, known.Forced
			m.Boots, m.Life, m.Profile = known.Boots, known.Life, known.Profile
		}
	}
	return m.ID, m.Replaces, putMember(tx, m)
}

// replacedNobody notes that a member has settled: nobody is left for it to replace.
func replacedNobody(tx *store.Tx, id uint64) error {
	m, found, err := memberOf(tx, id)
	if err != nil || !found || m.Replaces == 0 {
		return err
	}
	m.Replaces = 0
	return putMember(tx, m)
}
