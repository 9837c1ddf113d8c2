package ground

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// namespaces are nodes in network namespaces of their own, which a switch connects: one more
// namespace with a bridge in it, of which this one is a member too. No filter of this machine is concerned.
type namespaces struct {
	t      testing.TB
	id     string // of this ground, in the names of interfaces and namespaces
	subnet string // its first three numbers
	hosts  int
}

func newNamespaces(t testing.TB) (kind, error) {
	t.Helper()
	if os.Geteuid() != 0 {
		return nil, errors.New("they take root")
	}
	for _, tool := range []string{"ip", "nsenter"} {
		if _, err := exec.LookPath(tool); err != nil {
			return nil, err
		}
	}
	n := &namespaces{t: t}
	if err := n.open(); err != nil {
		return nil, err
	}
	return n, nil
}

// open makes the switch. Of two grounds that want one name or subnet the later has the next.
func (n *namespaces) open() error {
	var err error
	for number := 1; number < 200; number++ {
		n.id, n.subnet = fmt.Sprintf("cm%d", number), fmt.Sprintf("10.78.%d", number)
		if err = ip("netns", "add", n.id); err != nil && strings.Contains(err.Error(), "File exists") {
			continue
		}
		break
	}
	if err != nil {
		return err
	}
	outside := n.id + "-out"
	n.t.Cleanup(func() {
		_ = ip("link", "del", outside) // with the namespace it goes too, but a moment later
		n.remove(n.id)
	})
	return errors.Join(
		ip("-n", n.id, "link", "set", "lo", "up"),
		ip("-n", n.id, "link", "add", "switch", "type", "bridge"),
		ip("-n", n.id, "link", "set", "switch", "up"),
		ip("link", "add", outside, "type", "veth", "peer", "name", "outside", "netns", n.id),
		ip("addr", "add", n.subnet+".1/24", "dev", outside),
		ip("link", "set", outside, "up"),
		ip("-n", n.id, "link", "set", "outside", "master", "switch", "up"),
	)
}

// remove removes a namespace, and the interfaces that have an end in it.
func (n *namespaces) remove(name string) {
	if err := ip("netns", "del", name); err != nil {
		n.t.Error(err)
	}
}

func (n *namespaces) String() string          { return Namespaces }
func (n *namespaces) name(h *Host) string     { return n.id + "-" + h.Name }
func (n *namespaces) within(h *Host) []string { return []string{"ip", "netns", "exec", n.name(h)} }

func (n *namespaces) settle(h *Host) {
	h.g.T.Helper()
	n.hosts++
	addr, name := fmt.Sprintf("%s.%d", n.subnet, 10+n.hosts), n.name(h)
	h.Addr, h.Raft = addr+":6479", addr+":6481"
	err := errors.Join(
		ip("netns", "add", name),
		ip("-n", name, "link", "set", "lo", "up"),
		ip("-n", name, "link", "add", "eth0", "type", "veth", "peer", "name", h.Name, "netns", n.id),
		ip("-n", name, "addr", "add", addr+"/24", "dev", "eth0"),
		ip("-n", name, "link", "set", "eth0", "up"),
		ip("-n", n.id, "link", "set", h.Name, "master", "switch", "up"),
	)
	h.g.T.Cleanup(func() { n.remove(name) })
	if err != nil {
		h.g.T.Fatal(err)
	}
}

func (n *namespaces) launch(h *Host, args, env []string) process {
	h.g.T.Helper()
	// ip becomes the program, so its process is the node's.
	return startLocal(h, append(append(n.within(h), h.Binary), args...), env)
}

func ip(args ...string) error {
	if out, err := exec.Command("ip", args...).CombinedOutput(); err != nil {
		return fmt.Errorf("ip %s: %w: %s", strings.Join(args, " "), err, strings.TrimSpace(string(out)))
	}
	return nil
}
