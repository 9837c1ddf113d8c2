package main

import (
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// listen opens a port. If it is busy, the error names who has it and the flag to change.
func listen(addr, flag string) (net.Listener, error) {
	ln, err := net.Listen("tcp", addr)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, fmt.Errorf("%s is in use%s: stop that, or choose another address with --%s", addr, holderOf(addr), flag)
	case errors.Is(err, syscall.EACCES):
		return nil, fmt.Errorf("%s: %w: ports below 1024 need root; choose another with --%s", addr, err, flag)
	case err != nil:
		return nil, fmt.Errorf("listen for --%s: %w", flag, err)
	}
	return ln, nil
}

// holderOf names the process that listens at an address, where Linux tells; else it is "".
func holderOf(addr string) string {
	host, text, _ := net.SplitHostPort(addr)
	port, err := strconv.ParseUint(text, 10, 16)
	if err != nil {
		return ""
	}
	for _, table := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		content, err := os.ReadFile(table)
		if err != nil {
			continue
		}
		for line := range strings.Lines(string(content)) {
			const listening = "0A"
			f := strings.Fields(line)
			if len(f) <= 9 || f[3] != listening {
				continue
			}
			if at, found := strings.CutSuffix(f[1], fmt.Sprintf(":%04X", port)); found && collides(at, net.ParseIP(host)) {
				return processWith("socket:[" + f[9] + "]")
			}
		}
	}
	return ""
}

// collides reports whether who listens at an address, as Linux lists it, keeps others from listening at ip, which is nil if it is
// not known. Either may be all addresses.
func collides(listed string, ip net.IP) bool {
	raw, err := hex.DecodeString(listed)
	if err != nil || ip == nil || ip.IsUnspecified() {
		return true
	}
	for word := range slices.Chunk(raw, 4) { // in the order of the machine, which is the other one wherever confman runs
		slices.Reverse(word)
	}
	at := net.IP(raw)
	return at.IsUnspecified() || at.Equal(ip)
}

// processWith names the process that has a file open, by the name that Linux gives the file.
func processWith(file string) string {
	links, err := filepath.Glob("/proc/[0-9]*/fd/*")
	if err != nil {
		return ""
	}
	for _, link := range links {
		if to, err := os.Readlink(link); err != nil || to != file {
			continue
		}
		pid := strings.Split(link, "/")[2]
		name, err := os.ReadFile("/proc/" + pid + "/comm")
		if err != nil {
			return " by process " + pid
		}
		return fmt.Sprintf(" by %s (process %s)", strings.TrimSpace(string(name)), pid)
	}
	return ""
}
