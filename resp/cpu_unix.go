//go:build unix

package resp

import (
	"syscall"
	"time"
)

// cpuTime returns how long processors have worked for this process, in the system and outside.
func cpuTime() (system, user time.Duration) {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		return 0, 0
	}
	return time.Duration(r.Stime.Nano()), time.Duration(r.Utime.Nano())
}
