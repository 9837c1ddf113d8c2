package store

import (
	"errors"
	"fmt"
)

// What an update of a replicated store can end with, beside its own errors. They
// arrive wrapped with detail for people.
var (
	// ErrUnavailable says that nothing was proposed: no leader was found in time.
	ErrUnavailable = errors.New("the cluster has no leader")
	// ErrInDoubt says that a change was proposed and its outcome is not known: it
	// may have been carried out, or may still be.
	ErrInDoubt = errors.New("the outcome of this write is not known")
	// ErrBusy says that the change was refused before it was proposed.
	ErrBusy = errors.New("this node has too many writes waiting")
	// ErrUnfit says that this node takes no writes for a reason of its own, such as a full
	// disk. Nothing was proposed, and other nodes may take them.
	ErrUnfit = errors.New("this node takes no writes")
	// ErrUnconfirmed says that a read has to see all that was committed before it, and that no
	// majority confirmed in time that this node's data do.
	ErrUnconfirmed = errors.New("no majority of the nodes confirmed that this node's data are current")
	// ErrStale says that this node's data may be older than a read allows.
	ErrStale = errors.New("this node's data may be too old")
	// ErrLoading says that this node has joined and does not have the whole state yet, so that it
	// must not answer as if what it does not have were not there.
	ErrLoading = errors.New("confman is loading the dataset in memory")
	// ErrTooLarge says that a transaction writes more than [MaxTxn] bytes, or depends on more.
	ErrTooLarge = fmt.Errorf("transaction takes more than %d bytes: split it", MaxTxn)
	// ErrAwaited says that a transaction that has to be confirmed changes what another one changed that
	// is not confirmed yet.
	ErrAwaited = errors.New("awaits confirmation")
	// ErrNoWayBack says that a transaction does more than can be taken back by itself.
	ErrNoWayBack = errors.New("a flush is too large to be taken back by itself: do it without CONF CONFIRM")
	// ErrNextEntry says that an update was not evaluated, because it cannot share the entry of those before it.
	ErrNextEntry = errors.New("this update has to wait for the next entry")
	// ErrCompacting says that the store's file is being written anew already.
	ErrCompacting = errors.New("the file is being written anew already")
	// ErrClosed says that the store was closed.
	ErrClosed = errors.New("the store is closed")
	// ErrChanged is returned by [Tx.Expect] when a config is at another revision.
	ErrChanged = errors.New("config has changed")
)

// ErrNewerFormat says that bytes were written by a newer version of confman than
// this one; a node that meets them must stop rather than skip them.
var ErrNewerFormat = errors.New("written by a newer version of confman: upgrade this node")

// errMalformed says that bytes are not what any version writes.
var errMalformed = errors.New("malformed encoding")

// A KindError says that a name cannot be a config because of another name: a name
// is a config or a namespace, never both.
type KindError struct {
	Name     string // the config that was to be written
	InTheWay string // the config that has to go first
}

func (e *KindError) Error() string {
	if len(e.InTheWay) < len(e.Name) {
		return fmt.Sprintf("%q cannot be set: %q is a config, so it cannot be a namespace too", e.Name, e.InTheWay)
	}
	return fmt.Sprintf("%q cannot be set: it is a namespace, which holds %q", e.Name, e.InTheWay)
}
