package main

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"strings"
	"syscall"
	"time"
)

// socketMode lets the node's user and group connect, and nobody else.
const socketMode = 0o660

// longestSocket is how many bytes the path of a UNIX socket may have.
const longestSocket = 107

// listenSocket opens a UNIX socket. One that a dead process has left behind is replaced, and one at which
// somebody answers is not.
func listenSocket(path string) (net.Listener, error) {
	ln, err := net.Listen("unix", path)
	if errors.Is(err, syscall.EADDRINUSE) {
		if err := removeDead(path); err != nil {
			return nil, err
		}
		ln, err = net.Listen("unix", path)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("the folder of resp_socket %s is not there: make it, or have systemd do so (RuntimeDirectory=confman)", path)
	}
	if err != nil {
		return nil, fmt.Errorf("resp_socket: %w: choose a path that the node's user can write to (CONFMAN_RESP_SOCKET)", err)
	}
	if err := os.Chmod(path, socketMode); err != nil {
		return nil, errors.Join(fmt.Errorf("resp_socket: %w", err), ln.Close())
	}
	return ln, nil
}

// removeDead removes a socket at which nobody listens any more.
func removeDead(path string) error {
	info, err := os.Lstat(path)
	if err != nil {
		return fmt.Errorf("resp_socket: %w", err)
	}
	if info.Mode().Type() != fs.ModeSocket {
		return fmt.Errorf("resp_socket %s is there, and is no socket: remove it, or choose another path (CONFMAN_RESP_SOCKET)", path)
	}
	conn, err := net.DialTimeout("unix", path, time.Second)
	if err == nil {
		_ = conn.Close()
	}
	if !errors.Is(err, syscall.ECONNREFUSED) { // whoever is too busy to answer lives too
		return fmt.Errorf("resp_socket %s is in use%s: stop that, or choose another path (CONFMAN_RESP_SOCKET)", path, holderOfSocket(path))
	}
	return os.Remove(path)
}

// holderOfSocket names the process that listens at a UNIX socket, where Linux tells; else it is "".
func holderOfSocket(path string) string {
	content, err := os.ReadFile("/proc/net/unix")
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(content)) {
		const listening = "00010000" // flags
		if f := strings.Fields(line); len(f) > 7 && f[7] == path && f[3] == listening {
			return processWith("socket:[" + f[6] + "]")
		}
	}
	return ""
}
