package main

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// holder returns the process that uses a data directory, by its lock, or 0. Looking does not take the lock: a
// node that starts in that moment would be refused.
func (d *patient) holder(lock string) int {
	content, err := os.ReadFile(lock)
	if err != nil {
		return 0
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(content)))
	if err != nil {
		return 0
	}
	of := filepath.Join(d.proc, strconv.Itoa(pid))
	open, err := os.ReadDir(filepath.Join(of, "fd"))
	if errors.Is(err, os.ErrPermission) {
		name, _ := os.ReadFile(filepath.Join(of, "comm"))
		if strings.TrimSpace(string(name)) == "confman" {
			return pid // as far as this user can tell
		}
		return 0
	}
	for _, f := range open {
		if to, err := os.Readlink(filepath.Join(of, "fd", f.Name())); err == nil && sameFile(to, lock) {
			return pid
		}
	}
	return 0
}

func sameFile(a, b string) bool {
	one, err := os.Stat(a)
	if err != nil {
		return false
	}
	other, err := os.Stat(b)
	return err == nil && os.SameFile(one, other)
}

// process names, for Linux, the process that runs the node, or this one, which is limited like it if the same service or user
// starts it.
func (d *patient) process() string {
	if d.pid == 0 {
		return "self"
	}
	return strconv.Itoa(d.pid)
}

// besideClients is how many files a node has open beside its clients' connections.
const besideClients = 200

// checkDescriptors compares how many files the node may have open with how many clients it may have.
func checkDescriptors(d *patient) (state, found string) {
	text, err := os.ReadFile(filepath.Join(d.proc, d.process(), "limits"))
	if err != nil {
		return warning, fmt.Sprintf("the limit is not known: %v", err)
	}
	limit := int64(-1)
	for line := range strings.Lines(string(text)) {
		if rest, is := strings.CutPrefix(line, "Max open files"); is {
			f := strings.Fields(rest) // soft, which a node raises to hard
			if len(f) < 2 || f[1] == "unlimited" {
				return fine, "not limited"
			}
			limit, _ = strconv.ParseInt(f[1], 10, 64)
		}
	}
	want := int64(d.settings.MaxClients + besideClients)
	found = fmt.Sprintf("%d open files allowed", limit)
	switch {
	case limit < besideClients:
		return failing, fmt.Sprintf("%s, and a node without any client takes %d", found, besideClients)
	case limit < want:
		return warning, fmt.Sprintf("%s, and max_clients wants %d", found, want)
	}
	return fine, found
}

// checkPorts finds out whether the node can have its ports, or has them.
func checkPorts(d *patient) (state, found string) {
	state = fine
	var all []string
	for _, port := range [][2]string{{"resp_addr", d.settings.RESPAddr}, {"raft_addr", d.settings.RaftAddr}} {
		each, text := d.checkPort(port[1])
		state = worst(state, each)
		all = append(all, fmt.Sprintf("%s %s %s", port[0], port[1], text))
	}
	return state, strings.Join(all, ", ")
}

func (d *patient) checkPort(addr string) (state, found string) {
	ln, err := net.Listen("tcp", addr)
	if err == nil {
		_ = ln.Close() // nobody has connected
		if d.fields != nil {
			return warning, "is free, and the node runs: it was started with other settings"
		}
		return fine, "is free"
	}
	if !errors.Is(err, syscall.EADDRINUSE) {
		return failing, fmt.Sprintf("cannot be opened: %v", err)
	}
	by := holderOf(addr)
	switch {
	case d.pid != 0 && strings.HasSuffix(by, fmt.Sprintf("(process %d)", d.pid)):
		return fine, "is this node's"
	case by == "" && d.fields != nil:
		return fine, "is in use while the node runs"
	case by == "":
		return failing, "is in use; root can see by whom"
	}
	return failing, "is in use" + by
}

// checkClock asks the system whether somebody keeps its clock right.
func checkClock(d *patient) (state, found string) {
	switch synced, err := d.synced(); {
	case err != nil:
		return warning, fmt.Sprintf("not known: %v", err)
	case !synced:
		return warning, "the system says that its clock is not synchronised"
	}
	return fine, "synchronised"
}

const (
	// emptyNode is how much memory a node takes that holds nothing.
	emptyNode = 64 << 20
	// timesFile is how many times the size of its file a store may take while it is read or copied.
	timesFile = 3
)

// checkMemory compares the memory that the node may use with what its store takes.
func checkMemory(d *patient) (state, found string) {
	limit := d.memoryLimit()
	if limit == math.MaxInt64 {
		return warning, "how much memory there is is not known"
	}
	want := emptyNode + timesFile*d.storeSize()
	found = fmt.Sprintf("up to %s, and this store may take %s", bytesText(limit), bytesText(want))
	switch {
	case limit < emptyNode/2+d.storeSize():
		return failing, found
	case limit < want:
		return warning, found
	}
	return fine, found
}

// memoryLimit is the least of the machine's memory and of the limits of the node's control groups.
func (d *patient) memoryLimit() int64 {
	limit := int64(math.MaxInt64)
	if text, err := os.ReadFile(filepath.Join(d.proc, "meminfo")); err == nil {
		var kib int64
		if _, err := fmt.Sscanf(string(text), "MemTotal: %d kB", &kib); err == nil {
			limit = kib << 10
		}
	}
	text, err := os.ReadFile(filepath.Join(d.proc, d.process(), "cgroup"))
	if err != nil {
		return limit
	}
	for line := range strings.Lines(string(text)) {
		group, unified := strings.CutPrefix(strings.TrimSpace(line), "0::")
		for ; unified; group = filepath.Dir(group) {
			most, err := os.ReadFile(filepath.Join(d.cgroups, group, "memory.max"))
			if n, bad := strconv.ParseInt(string(bytes.TrimSpace(most)), 10, 64); err == nil && bad == nil {
				limit = min(limit, n) // "max" is none
			}
			if group == "/" || group == "." {
				break
			}
		}
	}
	return limit
}
