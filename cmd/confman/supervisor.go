package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"
	"time"

	"confman/replication"

	"github.com/coreos/go-systemd/v22/daemon"
)

// A supervisor is the service manager that has started this process: systemd, with Type=notify. It is told when clients
// are served, how the node stands, that it ends, and, if it watches (WatchdogSec), that the node moves. Where there is none, nobody
// is told anything.
type supervisor struct {
	log *slog.Logger

	mu     sync.Mutex
	status string
	ending bool
}

// statusEvery is how often a node looks whether there is something new to tell of it.
const statusEvery = time.Second

// tell tells the service manager something.
func (v *supervisor) tell(lines ...string) {
	if _, err := daemon.SdNotify(false, strings.Join(lines, "\n")); err != nil {
		v.log.Warn("the service manager cannot be told how this node is; look at NOTIFY_SOCKET", "error", err)
	}
}

// show tells how the node stands, if that has changed, and what else is given.
func (v *supervisor) show(status string, more ...string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.ending {
		return // the last word is said
	}
	if status != v.status {
		more = append(more, "STATUS="+status)
	}
	if v.status = status; len(more) > 0 {
		v.tell(more...)
	}
}

// between tells that the node starts again by itself, for which it has as long as it may be stuck.
func (v *supervisor) between() { v.show("the node starts again", daemon.SdNotifyWatchdog) }

// stopping tells that the node ends.
func (v *supervisor) stopping() {
	v.show("stopping", daemon.SdNotifyStopping)
	v.mu.Lock()
	defer v.mu.Unlock()
	v.ending = true
}

// follow tells that clients are served, and from then on how the node stands, and that it moves, as long as all checks say so.
// stop ends that, and waits for the checks.
func (v *supervisor) follow(status func() replication.Status, checks ...check) (stop func()) {
	if os.Getenv("NOTIFY_SOCKET") == "" {
		return func() {} // nobody wants to know
	}
	ctx, cancel := context.WithCancel(context.Background())
	var following sync.WaitGroup
	v.show(statusLine(status()), daemon.SdNotifyReady)
	following.Go(func() {
		tick := time.NewTicker(statusEvery)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				v.show(statusLine(status()))
			case <-ctx.Done():
				return
			}
		}
	})
	switch limit, err := daemon.SdWatchdogEnabled(false); {
	case err != nil:
		v.log.Warn("nobody watches this node: WATCHDOG_USEC cannot be read", "error", err)
	case limit > 0:
		following.Go(func() { v.feed(ctx, limit, checks) })
	}
	return func() {
		cancel()
		following.Wait()
	}
}

// statusLine is what systemctl status shows of a node.
func statusLine(st replication.Status) string {
	if st.Degraded != "" {
		return fmt.Sprintf("node %d only reads: %s", st.ID, oneLine(st.Degraded))
	}
	role := st.Role
	switch {
	case st.Loading:
		role = "copies the state"
	case st.Leader == 0:
		role = "no leader: reads, and takes no writes"
	case st.Leader != st.ID:
		role = fmt.Sprintf("%s of node %d", st.Role, st.Leader)
	}
	text := fmt.Sprintf("node %d: %s; term %d; %d of %d members reachable; revision %d", st.ID, role, st.Term, st.Reachable, max(1, len(st.Members)), st.Applied)
	if st.Low {
		text += "; the disk is nearly full: no writes of its own"
	}
	return text
}
