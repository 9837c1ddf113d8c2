package ground

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Faults that not every ground has.
const (
	Cut   = "cut"   // hosts are cut off from each other
	Full  = "disk"  // a disk gets full
	Slow  = "slow"  // a disk gets slow
	Clock = "clock" // a clock jumps
)

// Can returns nil if the ground has a kind of fault, or else why not.
func (g *Ground) Can(fault string) error {
	tools := map[string][]string{Cut: {"iptables", "nsenter"}, Full: {"mount", "umount"}, Slow: {"strace"}, Clock: {"go"}}[fault]
	for _, tool := range tools {
		if _, err := exec.LookPath(tool); err != nil {
			return fmt.Errorf("%s is not installed", tool)
		}
	}
	switch {
	case fault == Cut && g.Kind() == Processes:
		return errors.New("processes on loopback cannot be cut off from each other: that takes root, or a Docker engine")
	case fault != Clock && os.Geteuid() != 0:
		return fmt.Errorf("a fault of the kind %q takes root", fault)
	}
	return nil
}

// A route is a way from one host to another.
type route struct{ from, to string }

// Cut has nothing that one host sends reach another. The other way is as it was.
func (g *Ground) Cut(from, to *Host) {
	g.T.Helper()
	r := route{from.Name, to.Name}
	if !g.cuts[r] {
		g.cuts[r] = true
		g.drop(from, "OUTPUT", "-d", to)
		g.drop(to, "INPUT", "-s", from)
	}
}

// Isolate cuts a host off from all others, both ways. Clients still reach it.
func (g *Ground) Isolate(h *Host) {
	g.T.Helper()
	for _, other := range g.Hosts() {
		if other != h {
			g.Cut(h, other)
			g.Cut(other, h)
		}
	}
}

// Heal ends all cuts.
func (g *Ground) Heal() {
	g.T.Helper()
	clear(g.cuts)
	for _, h := range g.Hosts() {
		g.iptables(h, "-F")
	}
}

// restoreCuts applies the cuts to a host whose node was started just now, perhaps in a new network.
func (g *Ground) restoreCuts(h *Host) {
	g.T.Helper()
	if len(g.cuts) > 0 {
		g.iptables(h, "-F")
	}
	for r := range g.cuts {
		if r.from == h.Name {
			g.drop(h, "OUTPUT", "-d", g.hosts[r.to])
		}
		if r.to == h.Name {
			g.drop(h, "INPUT", "-s", g.hosts[r.from])
		}
	}
}

func (g *Ground) drop(at *Host, chain, direction string, other *Host) {
	g.T.Helper()
	ip, _, _ := strings.Cut(other.Addr, ":")
	g.iptables(at, "-A", chain, direction, ip, "-j", "DROP")
}

// iptables changes the filters of a host's network, if it has one now.
func (g *Ground) iptables(h *Host, args ...string) {
	g.T.Helper()
	within := g.kind.within(h)
	if within == nil {
		return
	}
	process := h.Pid()
	words := append(append([]string{}, within...), append([]string{"iptables", "-w"}, args...)...)
	// A node that ends at this moment takes a container's network with it, and it may take a while until it is told.
	if out, err := exec.Command(words[0], words[1:]...).CombinedOutput(); err != nil && h.Running() && exists(process) {
		g.T.Fatalf("%s: %v\n%s", strings.Join(words, " "), err, out)
	}
}

// exists reports whether there is a process of that number.
func exists(pid int) bool { return pid != 0 && !errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) }

// mountDisk gives the host a disk of limited size, in memory.
func (h *Host) mountDisk(size int64) {
	h.g.T.Helper()
	if err := h.g.Can(Full); err != nil {
		h.g.T.Fatal(err)
	}
	out, err := exec.Command("mount", "-t", "tmpfs", "-o", "mode=755,size="+strconv.FormatInt(size, 10), "confman-test", h.disk()).CombinedOutput()
	if err != nil {
		h.g.T.Fatalf("mount a disk: %v\n%s", err, out)
	}
	h.g.T.Cleanup(func() {
		if out, err := exec.Command("umount", "-l", h.disk()).CombinedOutput(); err != nil {
			h.g.T.Errorf("umount %s: %v\n%s", h.disk(), err, out)
		}
	})
}

// disk is what gets full: the node's data are on it, and nothing that the tests need.
func (h *Host) disk() string { return filepath.Join(h.root, "disk") }

func (h *Host) filler() string { return filepath.Join(h.disk(), "filler") }

// FillDisk takes room on the host's disk until that many bytes are left.
func (h *Host) FillDisk(left int64) {
	h.g.T.Helper()
	f, err := os.OpenFile(h.filler(), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		h.g.T.Fatal(err)
	}
	defer f.Close()
	const page = 4 << 10
	for {
		var st syscall.Statfs_t
		if err := syscall.Statfs(h.disk(), &st); err != nil {
			h.g.T.Fatal(err)
		}
		more := int64(st.Bavail)*int64(st.Bsize) - left
		if more <= 0 {
			return
		}
		_, err := f.Write(make([]byte, max(page, min(more, 1<<20))))
		if errors.Is(err, syscall.ENOSPC) || errors.Is(err, io.ErrShortWrite) {
			return
		}
		if err != nil {
			h.g.T.Fatal(err)
		}
	}
}

// FreeDisk gives back the room that FillDisk took.
func (h *Host) FreeDisk() {
	h.g.T.Helper()
	if err := os.Remove(h.filler()); err != nil && !errors.Is(err, os.ErrNotExist) {
		h.g.T.Fatal(err)
	}
}

// SlowDisk has each sync of the running node take that much longer, until FastDisk or the node's end.
func (h *Host) SlowDisk(by time.Duration) {
	h.g.T.Helper()
	h.inject("fsync,fdatasync", fmt.Sprintf("delay_exit=%d", by.Microseconds()))
}

// FailDisk has what the running node asks of its disk fail with an error, such as EIO, or EROFS as on a disk that the
// system has made read-only, until FastDisk or the node's end.
func (h *Host) FailDisk(error string) {
	h.g.T.Helper()
	h.inject("fsync,fdatasync,ftruncate,renameat,mkdirat,unlinkat", "error="+error)
}

// inject has strace change system calls of the running node.
func (h *Host) inject(calls, how string) {
	h.g.T.Helper()
	h.FastDisk()
	if !h.Running() {
		return
	}
	said := &journal{}
	h.traced = exec.Command("strace", "-f", "-o", "/dev/null", "-p", strconv.Itoa(h.Pid()),
		"-e", "trace="+calls, "-e", "inject="+calls+":"+how)
	h.traced.Stderr = said
	if err := h.traced.Start(); err != nil {
		h.g.T.Fatal(err)
	}
	h.Eventually("strace is at it", func() bool { return strings.Contains(said.String(), "attached") || !h.Running() })
}

// FastDisk has the disk do what it is asked, and syncs take no longer than they do.
func (h *Host) FastDisk() {
	if h.traced == nil {
		return
	}
	_ = h.traced.Process.Signal(os.Interrupt) // it ends with the node, which may have ended
	_ = h.traced.Wait()
	h.traced = nil
}

// ReadOnly has the disk of a host whose node does not run be mounted read-only, or not any more.
func (h *Host) ReadOnly(is bool) {
	h.g.T.Helper()
	how := map[bool]string{true: "remount,ro", false: "remount,rw"}[is]
	if out, err := exec.Command("mount", "-o", how, h.disk()).CombinedOutput(); err != nil {
		h.g.T.Fatalf("mount -o %s: %v\n%s", how, err, out)
	}
}

func (h *Host) clock() string { return filepath.Join(h.root, "clock") }

// SetClock sets the host's clock that much ahead of this machine's, or behind it. The ground must have Clocks.
func (h *Host) SetClock(ahead time.Duration) {
	h.g.T.Helper()
	if !h.g.Clocks {
		h.g.T.Fatal("the ground has no clocks that can be set")
	}
	next := h.clock() + ".next"
	if err := os.WriteFile(next, []byte(ahead.String()), 0o644); err != nil {
		h.g.T.Fatal(err)
	}
	if err := os.Rename(next, h.clock()); err != nil {
		h.g.T.Fatal(err)
	}
}
