package integration

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// A place is a network of its own, behind a link. All of 127.0.0.0/8 is there too, with nobody
// listening: at the addresses of nodes elsewhere a process of the place listens, and here this one
// listens at those of the nodes in the place. Between the two are unix sockets, which know no
// networks. A connection over them opens with a line, the address that is meant.
type place struct {
	*link
	t      *testing.T
	dir    string // of the sockets
	within []string
}

const (
	inwards  = "in"  // the socket at which the process in the place listens
	outwards = "out" // the socket at which this process listens

	farEnd   = "CONFMAN_FAR_END"   // has the test binary be the process in the place: the directory of the sockets
	farReach = "CONFMAN_FAR_REACH" // addresses at which it listens
)

// newPlace makes a place that reaches some addresses through a link. It skips the test where that is
// not allowed, or fails it where CI requires it.
func newPlace(t *testing.T, l *link, reach ...string) *place {
	t.Helper()
	for _, tool := range []string{"ip", "nsenter"} {
		need(t, tool, "CONFMAN_REQUIRE_NETNS")
	}
	// Not t.TempDir: the name of a socket is bounded.
	dir, err := os.MkdirTemp("", "confman-place-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	p := &place{link: l, t: t, dir: dir}
	p.listen("unix", filepath.Join(dir, outwards), func(conn net.Conn) {
		if addr, err := readAddress(conn); err == nil {
			p.connect(conn, addr, l.back, l.there, func() (net.Conn, error) { return net.Dial("tcp", addr) })
		}
	})
	p.startFarEnd(reach)
	return p
}

// startFarEnd starts the process in the place, and waits until it listens.
func (p *place) startFarEnd(reach []string) {
	p.t.Helper()
	cmd, stdin, stdout, err := p.farEnd(reach, 0)
	p.within = []string{"nsenter", "-n"}
	if err != nil { // whoever may do nothing may have namespaces of users
		cmd, stdin, stdout, err = p.farEnd(reach, syscall.CLONE_NEWUSER)
		p.within = []string{"nsenter", "-n", "-U", "--preserve-credentials"}
	}
	if err != nil {
		if os.Getenv("CONFMAN_REQUIRE_NETNS") == "1" {
			p.t.Fatalf("no network namespace can be made, and CONFMAN_REQUIRE_NETNS=1 requires one: %v", err)
		}
		p.t.Skipf("no network namespace can be made: %v", err)
	}
	p.within = append(p.within, "-t", strconv.Itoa(cmd.Process.Pid))
	p.t.Cleanup(func() {
		_ = stdin.Close() // its end
		_ = cmd.Wait()
	})
	said := ""
	for lines := bufio.NewScanner(stdout); lines.Scan(); said += lines.Text() + "\n" {
		if lines.Text() == farEnd {
			go func() { _, _ = io.Copy(io.Discard, stdout) }()
			return
		}
	}
	p.t.Fatalf("the process in the place has ended:\n%s", said)
}

// farEnd starts the process in a network namespace of its own, and in more namespaces.
func (p *place) farEnd(reach []string, more uintptr) (cmd *exec.Cmd, stdin io.Closer, stdout io.Reader, err error) {
	cmd = exec.Command(os.Args[0], "-test.run=^TestFarEnd$", "-test.v")
	cmd.Env = append(os.Environ(), "CONFMAN_BIN="+binary, farEnd+"="+p.dir, farReach+"="+strings.Join(reach, ","))
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET | more}
	if more != 0 {
		cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}}
		cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{HostID: os.Getgid(), Size: 1}}
	}
	stdin, err1 := cmd.StdinPipe()
	stdout, err2 := cmd.StdoutPipe()
	return cmd, stdin, stdout, errors.Join(err1, err2, cmd.Start())
}

// settle moves a node that has not been started into the place.
func (p *place) settle(n *node) {
	p.t.Helper()
	n.within, n.dial = p.within, p.dial
	for _, addr := range []string{n.resp, n.raft} {
		p.listen("tcp", addr, func(conn net.Conn) {
			p.connect(conn, addr, p.there, p.back, func() (net.Conn, error) {
				return p.dial(context.Background(), "tcp", addr)
			})
		})
	}
}

// dial connects to an address in the place as who is there does: not over the link.
func (p *place) dial(ctx context.Context, _, addr string) (net.Conn, error) {
	conn, err := new(net.Dialer).DialContext(ctx, "unix", filepath.Join(p.dir, inwards))
	if err != nil {
		return nil, err
	}
	if _, err := conn.Write([]byte(addr + "\n")); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return conn, nil
}

// connect joins a connection, over the link, with one that it opens. While the link is cut nobody
// learns whether it could be opened.
func (p *place) connect(conn net.Conn, addr string, from, to *lane, open func() (net.Conn, error)) {
	<-p.passable()
	other, err := open()
	if err != nil {
		_ = conn.Close() // nobody listens there
		return
	}
	p.join(conn, other, from, to)
}

// listen serves each connection in a goroutine until the test ends.
func (p *place) listen(network, addr string, serve func(net.Conn)) {
	p.t.Helper()
	ln, err := net.Listen(network, addr)
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { _ = ln.Close() })
	go acceptAll(ln, serve)
}

func acceptAll(ln net.Listener, serve func(net.Conn)) {
	for {
		conn, err := ln.Accept()
		if err != nil {
			return // the end
		}
		// What waits in buffers of this machine is not what waits for a line.
		if c, ok := conn.(interface{ SetReadBuffer(int) error }); ok {
			_ = c.SetReadBuffer(queue)
		}
		go serve(conn)
	}
}

// readAddress reads the line that opens a connection over a unix socket, and no byte more.
func readAddress(conn net.Conn) (string, error) {
	var addr []byte
	for b := make([]byte, 1); len(addr) < 64; {
		if _, err := conn.Read(b); err != nil {
			return "", errors.Join(err, conn.Close())
		}
		if b[0] == '\n' {
			return string(addr), nil
		}
		addr = append(addr, b[0])
	}
	return "", errors.Join(fmt.Errorf("no address: %q", addr), conn.Close())
}

// The process in a place is this test binary, with this as its only test. It ends with its standard input.
func TestFarEnd(t *testing.T) {
	dir := os.Getenv(farEnd)
	if dir == "" {
		t.Skip("this is no test: it is the process in the namespace")
	}
	if out, err := exec.Command("ip", "link", "set", "lo", "up").CombinedOutput(); err != nil {
		t.Fatalf("ip link set lo up: %v\n%s", err, out)
	}
	p := &place{t: t, dir: dir}
	for addr := range strings.SplitSeq(os.Getenv(farReach), ",") {
		p.listen("tcp", addr, func(conn net.Conn) {
			other, err := net.Dial("unix", filepath.Join(dir, outwards))
			if err == nil {
				_, err = other.Write([]byte(addr + "\n"))
			}
			pass(conn, other, err)
		})
	}
	p.listen("unix", filepath.Join(dir, inwards), func(conn net.Conn) {
		addr, err := readAddress(conn)
		if err != nil {
			return
		}
		other, err := net.Dial("tcp", addr)
		pass(conn, other, err)
	})
	fmt.Printf("\n%s\n", farEnd)
	_, _ = io.Copy(io.Discard, os.Stdin)
}

// pass carries between two connections, unless the second could not be opened.
func pass(a, b net.Conn, err error) {
	defer a.Close()
	if err != nil {
		return
	}
	defer b.Close()
	var both sync.WaitGroup
	for _, way := range [][2]net.Conn{{a, b}, {b, a}} {
		both.Go(func() {
			_, err := io.Copy(way[1], way[0])
			if err == nil {
				err = way[1].(interface{ CloseWrite() error }).CloseWrite()
			}
			if err != nil {
				_, _ = a.Close(), b.Close()
			}
		})
	}
	both.Wait()
}
