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
	base   uint64   // at which the store's history must have begun
	folder store.FS // where it is noted how far the store was synced
	synced uint64
	// applied is told how each entry ended.
	applied  func(store.Indexed, store.Outcome)
	saved    func()      // is told that the store was synced
	halt     func(error) // stops the node and does not return
	replaced func()      // is told that another state has taken the store's place
	applying *stretch    // is under way while entries are applied
	log      *slog.Logger
}

// Open returns the index from which on the raft log has to be applied. A store whose history was
// begun anew is ahead of the log by its base.
func (m *machine) Open(<-chan struct{}) (uint64, error) {
	return m.store.Applied() - m.store.Base(), nil
}

// Update applies entries. What goes wrong halts the node, and would halt every other node too
// if it came from an entry: so only the file, and a format of a later version, do that.
func (m *machine) Update(entries []sm.Entry) ([]sm.Entry, error) {
	m.applying.begin()
	defer m.applying.end()
	if m.store.Base() != m.base {
		m.halt(fmt.Errorf("the raft log goes on from revision %d, where this node's store does not begin", m.base))
	}
	batch := make([]store.Indexed, 0, len(entries))
	for i, e := range entries {
		entries[i].Result = sm.Result{Value: e.Index}
		entry, err := decodeEntry(e.Index, e.Cmd, m.log)
		if err != nil {
			m.halt(err)
		}
		batch = append(batch, store.Indexed{Index: m.base + e.Index, Entry: entry})
	}
	outcomes, err := m.store.Apply(batch)
	if err != nil {
		m.halt(err)
	}
	for i, outcome := range outcomes {
		m.applied(batch[i], outcome)
	}
	return entries, nil
}

// decodeEntry reads a raft log entry. One that no version of confman writes changes nothing.
func decodeEntry(index uint64, cmd []byte, log *slog.Logger) (store.Entry, error) {
	entry, err := store.DecodeEntry(cmd)
	if errors.Is(err, store.ErrNewerFormat) {
		return entry, fmt.Errorf("raft log entry %d: %w", index, err)
	}
	if err != nil {
		log.Error("skipping a raft log entry that no version of confman writes", "index", index, "error", err)
		return store.Entry{}, nil
	}
	return entry, nil
}

// Lookup is not used: reads go to the store.
func (m *machine) Lookup(any) (any, error) { return nil, nil }

// Sync makes what was applied survive a power cut. dragonboat calls it before it cuts
// its log.
func (m *machine) Sync() error {
	index := m.store.Applied()
	err := m.store.Sync()
	if err == nil && index != m.synced {
		err = writeNumber(m.folder, syncedFile, index)
	}
	if err != nil {
		m.halt(err)
	}
	m.synced = index
	m.saved()
	return nil
}

// PrepareSnapshot takes the state to send to a node that lags too far behind.
func (m *machine) PrepareSnapshot() (any, error) { return m.store.Snapshot(), nil }

// SaveSnapshot writes it out.
func (m *machine) SaveSnapshot(snapshot any, w io.Writer, stop <-chan struct{}) error {
	sn := snapshot.(*store.Snapshot)
	_, err := sn.WriteTo(stoppable{w, stop})
	_ = sn.Close() // never fails
	return err     // as it is: dragonboat knows its own errors only unwrapped, and panics at others
}

// RecoverFromSnapshot puts another node's state in the place of this one's.
func (m *machine) RecoverFromSnapshot(r io.Reader, _ <-chan struct{}) error {
	if err := m.store.Restore(r); err != nil {
		m.halt(err)
	}
	m.log.Info("the state was replaced by another node's", "revision", m.store.Applied())
	m.replaced()
	return nil
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
