package replication

import (
	"errors"
	"fmt"
	"io"
	"log/slog"

	"confman/store"

	sm "github.com/lni/dragonboat/v4/statemachine"
)

// machine feeds committed raft log entries to a node's store. It is what dragonboat calls
// an on-disk state machine: the store's file remembers how far it has come, and the raft
// log brings back what a power cut took from it.
type machine struct {
	store  *store.Store
	folder store.FS // where it is noted how far the store was synced
	synced uint64
	// applied is told how each entry ended.
	applied func(store.Entry, store.Outcome)
	log     *slog.Logger
}

// Open returns the index from which on the raft log has to be applied.
func (m *machine) Open(<-chan struct{}) (uint64, error) { return m.store.Applied(), nil }

// Update applies entries. Its error stops the process, and would stop every other node
// too if it came from an entry: so only the file, and a format of a later version, make one.
func (m *machine) Update(entries []sm.Entry) ([]sm.Entry, error) {
	batch := make([]store.Indexed, 0, len(entries))
	for i, e := range entries {
		entries[i].Result = sm.Result{Value: e.Index}
		entry, err := store.DecodeEntry(e.Cmd)
		if errors.Is(err, store.ErrNewerFormat) {
			return nil, fmt.Errorf("raft log entry %d: %w", e.Index, err)
		}
		if err != nil {
			m.log.Error("skipping a raft log entry that no version of confman writes", "index", e.Index, "error", err)
			entry = store.Entry{}
		}
		batch = append(batch, store.Indexed{Index: e.Index, Entry: entry})
	}
	outcomes, err := m.store.Apply(batch)
	if err != nil {
		return nil, err
	}
	for i, outcome := range outcomes {
		m.applied(batch[i].Entry, outcome)
	}
	return entries, nil
}

// Lookup is not used: reads go to the store.
func (m *machine) Lookup(any) (any, error) { return nil, nil }

// Sync makes what was applied survive a power cut. dragonboat calls it before it cuts
// its log.
func (m *machine) Sync() error {
	index := m.store.Applied()
	if err := m.store.Sync(); err != nil || index == m.synced {
		return err
	}
	m.synced = index
	return writeSynced(m.folder, index)
}

// PrepareSnapshot takes the state to send to a node that lags too far behind.
func (m *machine) PrepareSnapshot() (any, error) { return m.store.Snapshot(), nil }

// SaveSnapshot writes it out.
func (m *machine) SaveSnapshot(snapshot any, w io.Writer, stop <-chan struct{}) error {
	_, err := snapshot.(*store.Snapshot).WriteTo(stoppable{w, stop})
	return err
}

// RecoverFromSnapshot puts another node's state in the place of this one's.
func (m *machine) RecoverFromSnapshot(r io.Reader, _ <-chan struct{}) error {
	return m.store.Restore(r)
}

// Close leaves the store open: its node closes it, and reads go on until then.
func (m *machine) Close() error { return nil }

// stoppable is a writer that ends when the node stops.
type stoppable struct {
	io.Writer
	stop <-chan struct{}
}

func (s stoppable) Write(b []byte) (int, error) {
	select {
	case <-s.stop:
		return 0, sm.ErrSnapshotStopped
	default:
		return s.Writer.Write(b)
	}
}
