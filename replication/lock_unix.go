//go:build unix

package replication

import (
	"errors"
	"os"
	"syscall"
)

// lockExclusively locks a file until it is closed or the process ends, or returns errLocked.
func lockExclusively(f *os.File) error {
	err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return errLocked
	}
	return os.NewSyscallError("flock", err)
}
