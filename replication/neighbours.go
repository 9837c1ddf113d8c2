package replication

import (
	"strings"
	"sync/atomic"

	"confman/store"
)

// A neighbourhood is who the other members are, kept for those who ask often: to read the table of members
// takes longer than to tell one a message.
type neighbourhood struct {
	age  atomic.Uint64              // grows when the table changes
	last atomic.Pointer[neighbours] // as somebody has read them
}

// neighbours are the hosts of the other members at an age of the table, or at a later one.
type neighbours struct {
	age   uint64
	hosts []string
}

// neighbours returns the hosts of the other members. Nobody may change them.
func (n *Node) neighbours() []string {
	age := n.others.age.Load() // before the table is read: what changes meanwhile makes it old
	if last := n.others.last.Load(); last != nil && last.age == age {
		return last.hosts
	}
	now := &neighbours{age: age}
	for _, m := range n.otherMembers() {
		now.hosts = append(now.hosts, m.Host)
	}
	n.others.last.Store(now)
	return now.hosts
}

// changesMembers reports whether an entry writes into the table of members.
func changesMembers(e store.Entry) bool {
	for _, txn := range e.Txns {
		for _, w := range txn.Writes {
			if strings.HasPrefix(w.Name, nodesNamespace+"/") {
				return true
			}
		}
	}
	return false
}
