package replication

import "syscall"

// The socket options TCP_USER_TIMEOUT, see tcp(7), and TCP_NOTSENT_LOWAT.
const (
	tcpUserTimeout  = 18
	tcpNotSentLowat = 25
)

// giveUpStalled is called on a socket before it connects.
func giveUpStalled(_, _ string, c syscall.RawConn) error {
	return c.Control(func(fd uintptr) {
		// a kernel without it finds a stalled connection later
		_ = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, tcpUserTimeout, int(stallTime.Milliseconds()))
		// The kernel would take megabytes that have not left, and then no byte until a third of them
		// has: over a slow link longer than a write may take. And what waits there cannot be overtaken.
		_ = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, tcpNotSentLowat, 2*piece)
	})
}
