package ground

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// A Host is a machine with one node of confman, which may run.
type Host struct {
	Name   string
	Addr   string // of its node for Redis clients
	Raft   string // of its node for other nodes
	Dir    string // of its node's data
	Binary string // the confman that is started next

	g       *Ground
	root    string // all that is the host's
	process process
	paused  bool
	traced  *exec.Cmd // strace, which makes its disk slow, or fail
	log     journal
}

// A journal is what the programs of a host have printed.
type journal struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (j *journal) Write(b []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.b.Write(b)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.b.String()
}

func (g *Ground) newHost(name string) *Host {
	g.T.Helper()
	h := &Host{Name: name, g: g, root: g.path(name), Binary: Binary(g.T)}
	if g.Clocks {
		h.Binary = skewable(g.T)
	}
	if err := os.MkdirAll(h.disk(), 0o755); err != nil {
		g.T.Fatal(err)
	}
	if g.Disk > 0 {
		h.mountDisk(g.Disk)
	}
	h.Dir = filepath.Join(h.disk(), "data")
	g.kind.settle(h)
	g.T.Cleanup(func() {
		h.Kill()
		if g.T.Failed() {
			g.T.Logf("what %s (%s) printed:\n%s", h.Name, h.Addr, tail(h.Log(), 200))
		}
	})
	return h
}

// tail is the last lines of a text.
func tail(text string, lines int) string {
	all := strings.SplitAfter(text, "\n")
	return strings.Join(all[max(0, len(all)-lines):], "")
}

// Start starts the node and waits until it answers.
func (h *Host) Start(flags ...string) {
	h.g.T.Helper()
	h.Launch(flags...)
	h.Eventually("it answers", func() bool {
		if !h.Running() {
			h.g.T.Fatalf("%s has ended with %d:\n%s", h.Name, h.process.code(), tail(h.Log(), 50))
		}
		return h.Info()["node_id"] != ""
	})
}

// reserve is below how many bytes of free space on a disk of limited size its node takes no writes.
const reserve = 32 << 20

// Launch starts the node.
func (h *Host) Launch(flags ...string) {
	h.g.T.Helper()
	if h.Running() {
		h.g.T.Fatalf("%s runs already", h.Name)
	}
	args := append([]string{
		"serve", "--profile", "lan", "--data-dir", h.Dir,
		"--resp-addr", h.Addr, "--raft-addr", h.Raft, "--http-addr", "0",
	}, flags...)
	env := []string{"CONFMAN_WRITE_HOLD=" + h.g.Hold, "CONFMAN_PROTECTED_MODE=false"}
	if h.g.Clocks {
		env = append(env, "CONFMAN_TEST_CLOCK="+h.clock())
	}
	if h.g.Disk > 0 {
		env = append(env, fmt.Sprintf("CONFMAN_DISK_RESERVE=%d", min(reserve, h.g.Disk/6)))
	}
	h.process = h.g.kind.launch(h, args, append(env, h.g.Env...))
	h.g.restoreCuts(h)
}

// Running reports whether the node was started and has not ended.
func (h *Host) Running() bool {
	if h.process == nil {
		return false
	}
	select {
	case <-h.process.exited():
		return false
	default:
		return true
	}
}

// Kill ends the node as a crash of its machine's power does, and Stop as an administrator does. Both wait for its end.
func (h *Host) Kill() { h.end(syscall.SIGKILL) }

// Stop has the node hand over and end.
func (h *Host) Stop() { h.end(syscall.SIGTERM) }

func (h *Host) end(s os.Signal) {
	if h.process == nil {
		return
	}
	h.FastDisk()
	if h.paused {
		h.Resume()
	}
	h.process.signal(s)
	<-h.process.exited()
	h.process = nil
}

// AwaitEnd waits until the node ends by itself, and returns its exit code.
func (h *Host) AwaitEnd() (code int) {
	h.g.T.Helper()
	h.Eventually("it ends by itself", func() bool { return !h.Running() })
	code, h.process = h.process.code(), nil
	return code
}

// Pause has the node hang: whoever waits for it hears nothing, and it does not know.
func (h *Host) Pause() {
	if h.Running() && !h.paused {
		h.process.pause()
		h.paused = true
	}
}

// Resume has a paused node go on.
func (h *Host) Resume() {
	if h.Running() && h.paused {
		h.process.resume()
	}
	h.paused = false
}

// Wipe takes the node's data away. It must not run.
func (h *Host) Wipe() {
	h.g.T.Helper()
	if err := os.RemoveAll(h.Dir); err != nil {
		h.g.T.Fatal(err)
	}
}

// Replace has a new machine take the place of this one, which has lost all it had: it joins through another
// node under a new id, and waits until it takes part.
func (h *Host) Replace(through *Host) {
	h.g.T.Helper()
	h.Kill()
	h.Wipe()
	token := through.Token()
	h.Eventually("it is given its place", func() bool { // its answer may not come in time, and the command may be repeated
		_, err := h.Try("node", "replace", "--data-dir", h.Dir, "--join", token, "--raft-addr", h.Raft, "--resp-addr", h.Addr, "--profile", "lan")
		return err == nil
	})
	h.Start()
	h.Eventually("it takes part", h.TakesPart)
}

// Run runs a confman command at the host, which must succeed, and returns what it prints.
func (h *Host) Run(args ...string) string {
	h.g.T.Helper()
	out, err := h.Try(args...)
	if err != nil {
		h.g.T.Fatalf("%s$ confman %s: %v\n%s", h.Name, strings.Join(args, " "), err, out)
	}
	return out
}

// Try runs a confman command at the host, and returns what it prints.
func (h *Host) Try(args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	words := append(slices.Clone(h.g.kind.within(h)), append([]string{h.Binary}, args...)...)
	cmd := exec.CommandContext(ctx, words[0], words[1:]...)
	cmd.Env = environ()
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// environ is the environment of this process, without what says how the tests run.
func environ() []string {
	return slices.DeleteFunc(os.Environ(), func(pair string) bool { return strings.HasPrefix(pair, "CONFMAN_") })
}

// Token has the node print a token, with which another can join. It asks again, as anybody would, while the cluster is busy with
// something else: a token that nobody has heard of does no harm.
func (h *Host) Token(flags ...string) string {
	h.g.T.Helper()
	var token string
	h.Eventually("it makes a token", func() bool {
		out, err := h.Try(append([]string{"token", "--addr", h.Addr}, flags...)...)
		token = strings.TrimSpace(out)
		return err == nil
	})
	return token
}

// Client returns a client of the node that tries nothing again by itself.
func (h *Host) Client() *redis.Client {
	return redis.NewClient(&redis.Options{
		Addr: h.Addr, DialTimeout: 2 * time.Second, ReadTimeout: 30 * time.Second, MaxRetries: -1, DialerRetries: 1,
		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
	})
}

// Info returns the fields of INFO confman memory, or nothing if the node does not answer.
func (h *Host) Info() map[string]string {
	fields := map[string]string{}
	if !h.Running() || h.paused {
		return fields
	}
	client := redis.NewClient(&redis.Options{
		Addr: h.Addr, DialTimeout: time.Second, ReadTimeout: 5 * time.Second, MaxRetries: -1,
		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
	})
	defer client.Close()
	text, _ := client.Info(context.Background(), "confman", "memory").Result()
	for line := range strings.Lines(text) {
		if name, value, found := strings.Cut(strings.TrimSpace(line), ":"); found {
			fields[name] = value
		}
	}
	return fields
}

// TakesPart reports whether the node votes and knows a leader.
func (h *Host) TakesPart() bool {
	role := h.Info()["raft_role"]
	return role == "leader" || role == "follower"
}

// Eventually waits for a condition, for at most a minute.
func (h *Host) Eventually(what string, holds func() bool) {
	h.g.T.Helper()
	h.g.eventually(h.Name+": "+what, holds)
}

// Pid is the number of the node's process on this machine, or 0 if it does not run.
func (h *Host) Pid() int {
	if !h.Running() {
		return 0
	}
	return h.process.pid()
}

// Log is what the host's nodes have printed so far.
func (h *Host) Log() string { return h.log.String() }
