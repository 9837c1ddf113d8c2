package main

import (
	"errors"
	"os"
	"strconv"
)

// A node restarts by ending: only what has started it gives it its rights, its limits and its binary of today.

// errRestart is how a node ends that is to be started again.
var errRestart = errors.New("the node has ended to be started again, as it was asked to")

// errNoSupervisor refuses to end a node that nobody would start again.
var errNoSupervisor = errors.New("nothing would start this node again: it is no service of systemd; if something else starts it again when it ends with exit code 75, set supervised: true (CONFMAN_SUPERVISED)")

// restarting returns what ends the node so that it is started again, or says why it would not be.
func (p *program) restarting(r *running, end func()) func() error {
	return func() error {
		if !r.settings().Supervised && !p.underSystemd(os.Getpid()) {
			return errNoSupervisor
		}
		r.restart.Store(true)
		end()
		return nil
	}
}

// underSystemd reports whether systemd has started this process. What a service has started inherits
// INVOCATION_ID, so where systemd says whom it has started, that counts too.
func (p *program) underSystemd(pid int) bool {
	started := p.env("SYSTEMD_EXEC_PID", "")
	return p.env("INVOCATION_ID", "") != "" && (started == "" || started == strconv.Itoa(pid))
}
