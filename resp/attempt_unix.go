//go:build unix

package resp

import "syscall"

// write writes what the connection takes at once. Why it takes no more, whoever writes the rest learns.
func (a *attempt) write(fd uintptr) {
	n, _ := syscall.Write(int(fd), a.bytes)
	a.taken = max(n, 0)
}
