package main

import (
	"os"

	"golang.org/x/sys/unix"
)

// syncData puts what was written to a file on the disk, as the store does.
func syncData(f *os.File) error { return unix.Fdatasync(int(f.Fd())) }

// clockSynced asks the kernel, which a time service tells each time that it has set the clock.
func clockSynced() (bool, error) {
	var t unix.Timex
	state, err := unix.Adjtimex(&t)
	return state != unix.TIME_ERROR && t.Status&unix.STA_UNSYNC == 0, err
}
