package replication

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"confman/store"

	"github.com/golang/snappy"
	pb "github.com/lni/dragonboat/v4/raftpb"
)

// A Survivor is a node, not running, of a cluster whose majority is lost for good. What it has in
// its store, and what its raft log has beyond that, is what a new cluster can be founded from. An
// entry of the log that the survivor does not know to be committed may have been acknowledged all
// the same, so it counts.
type Survivor struct {
	Node     uint64   // its number in the lost cluster
	Term     uint64   // raft's, of the last entry in its log
	Revision uint64   // of that entry
	Members  []Member // of the lost cluster, by id

	dir     *dataDir
	path    string
	store   *store.Store
	entries []store.Indexed
	done    *Founding // a recovery that was cut short, and is completed now
}

// OpenSurvivor looks at a node's data directory. It talks to nobody, and changes nothing that the
// node would not change itself when it starts.
func OpenSurvivor(ctx context.Context, dir string, p Profile, log *slog.Logger) (s *Survivor, err error) {
	s = &Survivor{path: dir}
	if s.dir, err = openDataDir(dir); err != nil {
		return nil, err
	}
	f, done, err := completed(dir)
	if done {
		s.done = &f
	}
	if err == nil && !done {
		err = s.read(ctx, p, log)
	}
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// read starts the node without any other, reads its raft log, and stops it.
func (s *Survivor) read(ctx context.Context, p Profile, log *slog.Logger) (err error) {
	n := &Node{Dir: s.path, Profile: p.orDefault(), Log: log, Raft: unheard{"127.0.0.1:1"}, alone: true, ending: newEnding()}
	n.disk.folder = store.Dir(s.path)
	if err := n.startAlone(ctx); err != nil {
		return errors.Join(err, n.release())
	}
	s.Node, s.Members = n.identity.Node, n.members()
	if s.entries, s.Term, err = n.unapplied(); err != nil {
		return errors.Join(err, n.release())
	}
	if err := n.release(); err != nil {
		return err
	}
	if s.store, err = store.Open(store.Dir(s.path)); err != nil {
		return err
	}
	s.Revision = s.store.Applied()
	if len(s.entries) > 0 {
		s.Revision = max(s.Revision, s.entries[len(s.entries)-1].Index)
	}
	return nil
}

// startAlone starts raft over a store that is there, as who the node is.
func (n *Node) startAlone(context.Context) error {
	id, found, err := loadIdentity(n.Dir)
	if err != nil {
		return err
	}
	if !found {
		return fmt.Errorf("%s has no %s: there is no node to recover from", n.Dir, identityFile)
	}
	if err := n.openStore(id); err != nil {
		return err
	}
	n.room = newRoom(n.Dir, 0)
	return n.unlessHalted(n.startRaft)
}

// unapplied returns what the raft log has that the store has not applied, and the term of the last
// entry.
func (n *Node) unapplied() (entries []store.Indexed, term uint64, err error) {
	log, err := n.raft.host.GetLogReader(shard)
	if err != nil {
		return nil, 0, err
	}
	base := n.store.Base()
	_, last := log.GetRange()
	if term, err = log.Term(last); err != nil {
		return nil, 0, fmt.Errorf("read the raft log: %w", err)
	}
	for next := n.store.Applied() - base + 1; next <= last; {
		page, err := log.Entries(next, last+1, 1<<20)
		if err == nil && len(page) == 0 {
			err = fmt.Errorf("entry %d is not there", next)
		}
		if err != nil {
			return nil, 0, fmt.Errorf("read the raft log: %w", err)
		}
		for _, e := range page {
			entry, err := n.decode(e)
			if err != nil {
				return nil, 0, err
			}
			entries = append(entries, store.Indexed{Index: base + e.Index, Entry: entry})
		}
		next += uint64(len(page))
	}
	return entries, term, nil
}

// decode reads an entry as raft stores it. What is not for the store changes nothing there.
func (n *Node) decode(e pb.Entry) (store.Entry, error) {
	cmd := e.Cmd
	if e.Type == pb.ConfigChangeEntry || len(cmd) == 0 {
		return store.Entry{}, nil
	}
	if e.Type == pb.EncodedEntry {
		const compressed = 2 // the flags in its first byte: the rest is a block of snappy's
		flags := cmd[0]
		cmd = cmd[1:]
		if flags == compressed {
			var err error
			if cmd, err = snappy.Decode(nil, cmd); err != nil {
				return store.Entry{}, fmt.Errorf("raft log entry %d: %w", e.Index, err)
			}
		} else if flags != 0 {
			return store.Entry{}, fmt.Errorf("raft log entry %d has the unknown encoding %d", e.Index, flags)
		}
	}
	return decodeEntry(e.Index, cmd, n.log())
}

// Found founds a new cluster, of one node, out of what the survivor has.
func (s *Survivor) Found() (Founding, error) {
	if s.done != nil {
		return *s.done, nil
	}
	if _, err := s.store.Apply(s.entries); err != nil {
		return Founding{}, err
	}
	return found(s.path, s.store)
}

// Close lets go of the data directory.
func (s *Survivor) Close() (err error) {
	if s.store != nil {
		err = s.store.Close()
	}
	return errors.Join(err, s.dir.Close())
}
