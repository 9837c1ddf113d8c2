package ground

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"testing"
)

// processes are nodes on loopback.
type processes struct{}

func newProcesses(testing.TB) (kind, error) { return processes{}, nil }

func (processes) String() string        { return Processes }
func (processes) within(*Host) []string { return nil }
func (processes) settle(h *Host)        { h.Addr, h.Raft = FreeAddr(h.g.T), FreeAddr(h.g.T) }
func (processes) launch(h *Host, args, env []string) process {
	h.g.T.Helper()
	return startLocal(h, append([]string{h.Binary}, args...), env)
}

// given are the addresses that Free has returned.
var given sync.Map

// FreeAddr returns a loopback address that nobody listens at.
func FreeAddr(t testing.TB) string {
	t.Helper()
	addr, err := Free()
	if err != nil {
		t.Fatal(err)
	}
	return addr
}

// Free is FreeAddr for whoever has no test.
func Free() (addr string, err error) {
	for range 100 {
		// Below the ports that the system gives to whoever connects: nobody has it by chance before
		// the node listens there.
		addr = fmt.Sprintf("127.0.0.1:%d", 20_000+rand.IntN(12_000))
		if _, again := given.LoadOrStore(addr, true); again {
			continue
		}
		if ln, err := net.Listen("tcp", addr); err == nil {
			_ = ln.Close() // the node opens it
			return addr, nil
		}
	}
	return "", errors.New("there is no free port")
}

// local is a process of this machine.
type local struct {
	cmd  *exec.Cmd
	done chan struct{}
}

func startLocal(h *Host, words, env []string) process {
	h.g.T.Helper()
	p := &local{cmd: exec.Command(words[0], words[1:]...), done: make(chan struct{})}
	p.cmd.Env = append(environ(), env...)
	p.cmd.Stdout, p.cmd.Stderr = &h.log, &h.log
	if err := p.cmd.Start(); err != nil {
		h.g.T.Fatal(err)
	}
	go func() {
		_ = p.cmd.Wait() // how it ended is the test's business
		close(p.done)
	}()
	return p
}

func (p *local) pid() int                { return p.cmd.Process.Pid }
func (p *local) signal(s os.Signal)      { _ = p.cmd.Process.Signal(s) } // it may have ended
func (p *local) pause()                  { p.signal(syscall.SIGSTOP) }
func (p *local) resume()                 { p.signal(syscall.SIGCONT) }
func (p *local) exited() <-chan struct{} { return p.done }
func (p *local) code() int               { return p.cmd.ProcessState.ExitCode() }
