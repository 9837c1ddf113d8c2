package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	clientv3 "go.etcd.io/etcd/client/v3"
)

// syncs are the system calls that have a disk keep something.
const syncs = "fsync,fdatasync,sync_file_range,msync"

// fsyncs counts what all nodes have synced while one client wrote, per write and node.
func fsyncs(ctx context.Context, b *Bench) ([]Pair, error) {
	up, err := b.services(ctx, threeNodes, etcd)
	if err != nil {
		return nil, err
	}
	const size = 100
	ours, theirs := set(size), etcdPut(size)
	if err := errors.Join(ours.fill(ctx, up[0]), theirs.fill(ctx, up[1])); err != nil {
		return nil, err
	}
	writes := 500
	if b.Quick {
		writes = 50
	}
	var pairs []Pair
	for range b.Rounds {
		var pair Pair
		if pair.Ours, err = synced(ctx, up[0], writes, func(addr string) error {
			l := ours.load(up[0], []string{addr}, load{clients: 1})
			return flawless(l.Do(ctx, int64(writes)))
		}); err != nil {
			return nil, err
		}
		if pair.Theirs, err = synced(ctx, up[1], writes, func(addr string) error {
			return puts(ctx, up[1], addr, theirs, writes)
		}); err != nil {
			return nil, err
		}
		pairs = append(pairs, pair)
	}
	return pairs, nil
}

// puts makes calls with one client.
func puts(ctx context.Context, s *service, addr string, w calls, n int) error {
	client, err := clientv3.New(clientv3.Config{Endpoints: []string{addr}})
	if err != nil {
		return err
	}
	defer client.Close()
	call := w.next(w.configs, s.b)
	for i := range n {
		if err := call(ctx, client, 0, i); err != nil {
			return err
		}
	}
	return nil
}

// synced returns how often a node syncs for one of the writes through the leader, all nodes taken together.
func synced(ctx context.Context, s *service, writes int, write func(addr string) error) (float64, error) {
	at, err := s.addrs(ctx, atLeader)
	if err != nil {
		return 0, err
	}
	var traces []trace
	for _, p := range s.nodes {
		t, err := traced(ctx, p)
		if t.process != nil {
			defer t.kill() // strace lets go of whom it traces when it ends, however that is
		}
		if err != nil {
			return 0, err
		}
		traces = append(traces, t)
	}
	if err := write(at[0]); err != nil {
		return 0, err
	}
	sum := 0
	for _, t := range traces {
		n, err := t.count()
		if err != nil {
			return 0, err
		}
		sum += n
	}
	return float64(sum) / float64(writes) / float64(len(s.nodes)), nil
}

// A trace is an strace that counts what a server syncs.
type trace struct{ *process }

// traced begins to count.
func traced(ctx context.Context, p *process) (t trace, err error) {
	if _, err := exec.LookPath("strace"); err != nil {
		return t, fmt.Errorf("%w: %w", ErrMissing, err)
	}
	pid := p.cmd.Process.Pid
	t.process, err = launch(p.dir+"-syncs", p.addr, false,
		"strace", "-f", "-c", "-U", "name,calls", "-e", "trace="+syncs, "-o", "table", "-p", strconv.Itoa(pid))
	if err == nil {
		err = t.await(ctx, "is traced", func(context.Context) bool { return allTraced(pid) })
	}
	return t, err
}

// allTraced reports whether somebody traces every thread of a process.
func allTraced(pid int) bool {
	threads, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/status", pid))
	for _, name := range threads {
		status, err := os.ReadFile(name)
		if err != nil || strings.Contains(string(status), "TracerPid:\t0\n") {
			return false
		}
	}
	return len(threads) > 0
}

// count ends the count, and returns how many calls there were.
func (t trace) count() (sum int, err error) {
	_ = t.cmd.Process.Signal(syscall.SIGINT) // it may have ended
	<-t.ended
	table, err := os.ReadFile(filepath.Join(t.dir, "table"))
	if err != nil {
		return 0, err
	}
	return sumCalls(string(table))
}

// sumCalls adds up a table of strace's, whose lines are a system call and how many there were of it.
func sumCalls(table string) (sum int, err error) {
	for line := range strings.Lines(table) {
		fields := strings.Fields(line)
		if len(fields) != 2 || !strings.Contains(syncs, fields[0]) {
			continue
		}
		n, err := strconv.Atoi(fields[1])
		if err != nil {
			return 0, fmt.Errorf("strace prints %q", line)
		}
		sum += n
	}
	return sum, nil
}
