package replication

import "syscall"

// tcpUserTimeout is the socket option TCP_USER_TIMEOUT, see tcp(7).
const tcpUserTimeout = 18

// giveUpStalled is called on a socket before it connects.
func giveUpStalled(_, _ string, c syscall.RawConn) error {
	return c.Control(func(fd uintptr) {
		// a kernel without it finds a stalled connection later
		_ = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, tcpUserTimeout, int(stallTime.Milliseconds()))
	})
}
