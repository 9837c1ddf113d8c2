package replication

import (
	"errors"
	"sync"
	"sync/atomic"
)

// ErrStartAgain is why a node ends that can do more after another start: there is room on its
// disk again, or too little to go on as it does.
var ErrStartAgain = errors.New("start again")

// An ending is the end of a node that comes from within.
type ending struct {
	once   sync.Once
	done   chan struct{}
	err    error
	halted atomic.Bool // dragonboat is stuck in an error of the file, or will be, and must not be waited for
}

func newEnding() *ending { return &ending{done: make(chan struct{})} }

// because ends the node for a reason. The first one counts.
func (e *ending) because(err error) {
	e.once.Do(func() {
		e.err = err
		close(e.done)
	})
}

// Done is closed when the node ends by itself. Then its owner closes it, and Err says why.
func (n *Node) Done() <-chan struct{} { return n.ending.done }

// Err returns why the node has ended by itself: [ErrStartAgain], [ErrUntrusted], or an error of
// its disk. It is nil before Done is closed.
func (n *Node) Err() error {
	select {
	case <-n.ending.done:
		return n.ending.err
	default:
		return nil
	}
}

// halt ends the node after an error of the store's file. It does not return: what was to be written is
// not, and nobody may go on as if it were. What was acknowledged stands in the log, here up to
// the error and on the other nodes, so that starting again is safe.
func (n *Node) halt(err error) {
	n.fail(err)
	select {}
}

// fail ends the node after an error of the store's file, for whoever was not going to apply anything.
// However many meet the error, it is one crash.
func (n *Node) fail(err error) {
	if n.ending.halted.Swap(true) {
		return
	}
	n.log().Error("the node stops", "error", err)
	if noted := noteCrash(n.Dir, n.now(), err.Error()); noted != nil {
		n.log().Warn("the crash could not be noted", "error", noted)
	}
	n.ending.because(err)
}
