package replication

import (
	"context"
	"errors"

	"github.com/lni/dragonboat/v4"
)

var errNotCut = errors.New("the raft log still begins with its first entry")

// cutBase makes sure that nobody can be given the raft log from its beginning where the store's
// history was begun anew from a backup: the backup is not in the log, so whoever joins has to
// be sent the state.
func (n *Node) cutBase(ctx context.Context) error {
	if n.store.Base() == 0 {
		return nil
	}
	return n.persist(ctx, func(ctx context.Context) error {
		log, err := n.raft.host.GetLogReader(shard)
		if err != nil {
			return err
		}
		if first, _ := log.GetRange(); first > 1 {
			return nil
		}
		_, err = n.raft.host.SyncRequestSnapshot(ctx, shard, dragonboat.SnapshotOption{OverrideCompactionOverhead: true, CompactionOverhead: 1})
		if err != nil {
			return err
		}
		return errNotCut
	})
}
