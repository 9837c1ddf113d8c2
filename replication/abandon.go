package replication

import (
	"errors"
	"io/fs"

	"confman/store"
)

// namespacesNamespace is where the store keeps what namespaces were told: owners, quotas, rules.
const namespacesNamespace = "confman/namespaces"

// Held is what a data directory has of a node.
type Held struct {
	Cluster string // in hexadecimal
	Node    uint64
	Others  int  // members of its cluster beside it
	Configs int  // and how many configs it knows
	Used    bool // there is something else that somebody has put there: settings of namespaces, or history
	Unknown bool // what it has cannot be read
}

// Empty reports whether nothing is lost with it: it is alone, and nobody has written anything.
func (h Held) Empty() bool { return h.Others == 0 && h.Configs == 0 && !h.Used && !h.Unknown }

// LookInto tells what a data directory has of a node, which may be running. found is false if no node has it yet.
func LookInto(dir string) (h Held, found bool, err error) {
	id, found, err := loadIdentity(dir)
	if err != nil || !found {
		return h, false, err
	}
	h = Held{Cluster: id.Cluster.String(), Node: id.Node}
	s, _, err := store.LoadFile(store.Dir(dir))
	if errors.Is(err, fs.ErrNotExist) {
		h.Unknown = id.Started || id.Joined
		return h, true, nil
	}
	var unreadable *fs.PathError
	if errors.As(err, &unreadable) {
		return h, true, err
	}
	if err != nil {
		h.Unknown = true
		return h, true, nil
	}
	past := s.Kept().Versions
	return h, true, s.View(0, func(tx *store.Tx) error {
		all, err := MembersOf(tx)
		h.Others, h.Configs = max(0, len(all)-1), tx.Count()
		h.Used = past > 0 || len(tx.List(namespacesNamespace)) > 0
		return err
	})
}

// Abandon sets aside what a data directory has of a node that does not run, for another one to begin there, if it may go. It
// returns the folder where it is now, or "" if there was nothing.
func Abandon(dir string, mayGo func(Held) error) (aside string, err error) {
	d, err := openDataDir(dir)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	h, found, err := LookInto(dir)
	if err != nil || !found {
		return "", err
	}
	if err := mayGo(h); err != nil {
		return "", err
	}
	return setAside(dir, abandonedPrefix, keysFolder, successorFile, successorKeys, pendingFile)
}

// CheckToken refuses a text that is no token, and one with which a node that others reach at a raft address cannot
// join. cluster is that which the token is for.
func CheckToken(text, raftAddr string) (cluster string, err error) {
	t, err := parseToken(text)
	if err != nil {
		return "", err
	}
	return t.Cluster.String(), t.reach(raftAddr)
}
