package load

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
)

// A tally is what a load counts and finds. Its zero value is empty.
type tally struct {
	operations, ambiguous, checked, unchecked atomic.Int64

	mu         sync.Mutex
	violations []string
	more       int // violations that are not written down
}

// mostViolations is how many are written down: the first ones tell most.
const mostViolations = 20

func (t *tally) violation(format string, args ...any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.violations) == mostViolations {
		t.more++
		return
	}
	t.violations = append(t.violations, fmt.Sprintf(format, args...))
}

// Report tells what was done and found so far.
func (t *tally) Report() Report {
	t.mu.Lock()
	defer t.mu.Unlock()
	r := Report{Operations: t.operations.Load(), Ambiguous: t.ambiguous.Load(), Checked: t.checked.Load(), Unchecked: t.unchecked.Load()}
	r.Violations = append(r.Violations, t.violations...)
	if t.more > 0 {
		r.Violations = append(r.Violations, fmt.Sprintf("and %d more", t.more))
	}
	return r
}

// A fate is what a client knows of a write that it has sent.
type fate int

const (
	happened fate = iota
	refused       // it has not happened, and never will
	unknown       // it may happen yet
)

// fateOf tells from a write's error, and counts the write.
func (t *tally) fateOf(err error) fate {
	f := unknown
	var dial *net.OpError
	var said redis.Error
	switch {
	case err == nil, errors.Is(err, redis.Nil):
		f = happened
	case errors.As(err, &said):
		if !strings.HasPrefix(said.Error(), "INDOUBT") {
			f = refused
		}
	case errors.As(err, &dial) && dial.Op == "dial":
		f = refused
	}
	t.operations.Add(1)
	if f == unknown {
		t.ambiguous.Add(1)
	}
	return f
}

// rest waits for a while, or until ctx ends.
func rest(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// setback is how long a client lets a node be that gave an error.
const setback = 20 * time.Millisecond

// configure sets a parameter on all nodes, through any of them.
func configure(ctx context.Context, addrs []string, parameter, value string) {
	for i := 0; ctx.Err() == nil; i++ {
		client := Client(addrs[i%len(addrs)], nil)
		err := client.ConfigSet(ctx, parameter, value).Err()
		_ = client.Close()
		if err == nil {
			return
		}
		rest(ctx, setback)
	}
}
