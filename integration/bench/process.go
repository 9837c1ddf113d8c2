package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// A process is a server's program, which runs. Its data are in a directory that goes with it.
type process struct {
	addr  string // for clients
	dir   string
	log   string // the file with what it prints
	cmd   *exec.Cmd
	ended chan struct{}
}

// patience has confman wait for a slow disk as long as etcd does, before it tells a client that a write is in doubt.
const patience = "CONFMAN_WRITE_HOLD=7s"

// launch starts a program in a directory of its own; pinned, it has one core.
func launch(dir, addr string, pinned bool, words ...string) (*process, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	p := &process{addr: addr, dir: dir, log: filepath.Join(dir, "log"), ended: make(chan struct{})}
	out, err := os.Create(p.log)
	if err != nil {
		return nil, err
	}
	defer out.Close()
	env := append(environ(), patience)
	if pinned {
		one, _ := cores()
		words = append([]string{"taskset", "--cpu-list", one}, words...)
		env = append(env, "GOMAXPROCS=1")
	}
	p.cmd = exec.Command(words[0], words[1:]...)
	p.cmd.Dir, p.cmd.Env, p.cmd.Stdout, p.cmd.Stderr = dir, env, out, out
	// It ends with this process, however that ends, and an interrupt at the terminal is not for it.
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		_ = p.cmd.Wait() // it is killed
		close(p.ended)
	}()
	return p, nil
}

// environ is the environment of this process without settings of the servers.
func environ() []string {
	return slices.DeleteFunc(os.Environ(), func(pair string) bool {
		return strings.HasPrefix(pair, "CONFMAN_") || strings.HasPrefix(pair, "ETCD_")
	})
}

// kill ends it, and takes its directory away.
func (p *process) kill() {
	_ = p.cmd.Process.Kill() // it may have ended
	<-p.ended
	_ = os.RemoveAll(p.dir) // it is temporary
}

// await waits until something is so of the process, for at most a minute.
func (p *process) await(ctx context.Context, what string, holds func(context.Context) bool) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !holds(ctx) {
		select {
		case <-tick.C:
		case <-p.ended:
			printed, _ := os.ReadFile(p.log) // what there is of it
			return fmt.Errorf("%s has ended: %s", p.cmd, printed)
		case <-ctx.Done():
			return fmt.Errorf("never: %s %s: %w", p.addr, what, ctx.Err())
		}
	}
	return nil
}
