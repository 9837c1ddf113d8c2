package load

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// A ledger is the account of a load.
type ledger struct {
	operations, ambiguous, checked, unchecked atomic.Int64

	mu       sync.Mutex
	wrong    []string // the first of them
	unlisted int
}

// mostListed bounds the violations that are kept: the first say most.
const mostListed = 20

// count counts an operation of which so much is known.
func (l *ledger) count(k knowledge) {
	l.operations.Add(1)
	if k == doubtful {
		l.ambiguous.Add(1)
	}
}

// violated notes what must not be.
func (l *ledger) violated(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.wrong) == mostListed {
		l.unlisted++
		return
	}
	l.wrong = append(l.wrong, fmt.Sprintf(format, args...))
}

// Report tells what was done and found so far.
func (l *ledger) Report() Report {
	l.mu.Lock()
	defer l.mu.Unlock()
	wrong := slices.Clone(l.wrong)
	if l.unlisted > 0 {
		wrong = append(wrong, fmt.Sprintf("and %d more", l.unlisted))
	}
	return Report{
		Operations: l.operations.Load(), Ambiguous: l.ambiguous.Load(),
		Checked: l.checked.Load(), Unchecked: l.unchecked.Load(), Violations: wrong,
	}
}

// setBack is how long a client leaves a node alone that gave an error, so that one that is down takes no time.
const setBack = 20 * time.Millisecond

// pauseFor waits for a while, or until ctx ends.
func pauseFor(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
