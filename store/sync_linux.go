package store

import (
	"os"
	"syscall"
)

// fdatasync makes a file's content last; its times may be lost.
func fdatasync(f *os.File) error {
	for {
		err := syscall.Fdatasync(int(f.Fd()))
		if err != syscall.EINTR {
			return os.NewSyscallError("fdatasync", err)
		}
	}
}
