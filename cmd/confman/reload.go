package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/coreos/go-systemd/v22/daemon"
)

// reloading has the node read its settings again at each SIGHUP, until ctx ends. What is logged from then on is what they say.
// Certificates need no signal: a node takes those that have changed by itself. All else needs CONFIG SET or a start, and is
// named. A file that cannot be used changes nothing.
func reloading(ctx context.Context, r *running, v *supervisor) (stop func()) {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGHUP)
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for {
			select {
			case <-signals:
				r.reload(v)
			case <-ctx.Done():
				return
			}
		}
	}()
	return func() {
		signal.Stop(signals)
		cancel()
		<-ended
	}
}

// reload reads the settings again, and takes the level of the log.
func (r *running) reload(v *supervisor) {
	v.tell(daemon.SdNotifyReloading, monotonic())
	defer v.tell(daemon.SdNotifyReady)
	next, _, err := r.from.load()
	if err != nil {
		v.log.Error("the settings cannot be read, and stay as they were: confman config check shows where the mistake is", "error", err)
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	var waiting []string
	for _, d := range settings() {
		if d.name != "log_level" && d.plain(next) != d.plain(r.now) {
			waiting = append(waiting, d.name)
		}
	}
	r.now.LogLevel = next.LogLevel
	r.level.Set(levelOf(next))
	v.log.Info("the settings were read again", "log_level", next.LogLevel)
	if len(waiting) > 0 {
		v.log.Warn("settings differ that a running node does not read again: restart it, or use CONFIG SET for those that are live", "settings", strings.Join(waiting, " "))
	}
}

func monotonic() string { return fmt.Sprintf("MONOTONIC_USEC=%d", monotonicNow()/1000) }
