package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"confman/integration/bench/loadgen"
	"confman/integration/ground"
)

// The shapes whose size is measured, of one server each. What redis-server answers is in its append-only file.
var (
	growing   = &shape{name: "confman that grows", start: startConfman(1, 0)}
	redisKept = &shape{name: "redis-server, appendonly", start: startRedis("always")}
	etcdAlone = &shape{name: "one etcd", start: startEtcdAlone}
)

// startEtcdAlone starts a cluster of one with etcd's defaults.
func startEtcdAlone(ctx context.Context, s *service) error {
	addr, err1 := ground.Free()
	peer, err2 := ground.Free()
	if err := errors.Join(err1, err2); err != nil {
		return err
	}
	s.leader = s.etcdLeader
	url, peers := "http://"+addr, "http://"+peer
	if _, err := s.launch(addr, s.b.Etcd, "--name", "n0", "--data-dir", "data",
		"--listen-client-urls", url, "--advertise-client-urls", url,
		"--listen-peer-urls", peers, "--initial-advertise-peer-urls", peers, "--initial-cluster", "n0="+peers); err != nil {
		return err
	}
	_, err := s.etcdLeader(ctx)
	return err
}

// A size is how large a service is that grows.
type size struct {
	empty, bare int64 // bytes of memory that its first server had before, and of files
	held        int   // configs in it
}

// hundreds are configs of 100 bytes, a hundred in each namespace. To redis-server they are strings, to etcd keys.
var hundreds = configs{size: 100, fields: 100}

// grow has a service hold n configs, or those that it held before if they were more.
func (s *service) grow(ctx context.Context, n int) (err error) {
	if s.empty == 0 {
		var failed error
		s.empty, err = s.nodes[0].resident()
		s.bare, failed = s.nodes[0].onDisk()
		if err = errors.Join(err, failed); err != nil {
			return err
		}
	}
	if n <= s.held {
		return nil
	}
	put := s.growHashes
	switch s.shape {
	case redisKept:
		put = s.growStrings
	case etcdAlone:
		put = s.growKeys
	}
	if err = put(ctx, s.held, n); err == nil {
		s.held = n
	}
	return err
}

func (s *service) growHashes(ctx context.Context, from, to int) error {
	value, per := hundreds.values(), hundreds.fields
	fill := clients([]string{s.nodes[0].addr}, load{clients: 1, pipeline: 16}, func(b []byte, _, i int) []byte {
		return hset(b, hundreds, from/per+i, value)
	})
	return flawless(fill.Do(ctx, int64((to-from)/per)))
}

// hset appends the command that sets all configs of the i-th namespace.
func hset(b []byte, c configs, i int, value func(client, i int) string) []byte {
	words := []string{"HSET", c.namespace(i)}
	for field := range c.fields {
		words = append(words, fmt.Sprintf("key%05d", field), value(field, i))
	}
	return loadgen.Command(b, words...)
}

func (s *service) growStrings(ctx context.Context, from, to int) error {
	value := hundreds.values()
	fill := clients([]string{s.nodes[0].addr}, load{clients: 1, pipeline: 1000}, func(b []byte, _, i int) []byte {
		return setOf(b, from+i, value)
	})
	return flawless(fill.Do(ctx, int64(to-from)))
}

func (s *service) growKeys(ctx context.Context, from, to int) error {
	client, err := s.etcdClient()
	if err != nil {
		return err
	}
	defer client.Close()
	names, value := hundreds.names(to), hundreds.values()
	for at := from; at < to && err == nil; at += 100 {
		err = putAll(ctx, client, names[at:at+100], 0, at, value)
	}
	return err
}

// again starts a server that was killed, on the data that it has left.
func (s *service) again() error {
	p := s.nodes[0]
	next, err := launch(p.dir, p.addr, s.pinned, p.cmd.Args...)
	if err == nil {
		s.nodes[0] = next
	}
	return err
}

// kill9 kills the first server as kill -9 does, and leaves its data.
func (s *service) kill9() error {
	err := s.nodes[0].cmd.Process.Kill()
	<-s.nodes[0].ended
	return err
}

// answers waits until the first server answers with the value of a config. It asks every other millisecond.
func (s *service) answers(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for !s.answered(ctx) {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("%s never answers: %w", s.name, ctx.Err())
		}
	}
	return nil
}

func (s *service) answered(ctx context.Context) bool {
	addr := s.nodes[0].addr
	conn, err := net.Dial("tcp", addr) // at once, while a client would wait before it tries again
	if err != nil {
		return false
	}
	_ = conn.Close() // it has served
	if s.shape == etcdAlone {
		client, err := clientv3.New(clientv3.Config{Endpoints: []string{addr}})
		if err != nil {
			return false
		}
		defer client.Close()
		found, err := client.Get(ctx, hundreds.names(1)[0])
		return err == nil && len(found.Kvs) == 1 && len(found.Kvs[0].Value) == hundreds.size
	}
	client := connect(addr)
	defer client.Close()
	return len(client.Get(ctx, hundredth(0)).Val()) == hundreds.size
}

// resident is how many bytes of memory a process has.
func (p *process) resident() (int64, error) { return p.told("status", "VmRSS:", 1024) }

// written is how many bytes a process has had written to disks.
func (p *process) written() (int64, error) { return p.told("io", "write_bytes:", 1) }

// told reads a number behind a word in one of the system's files about a process.
func (p *process) told(file, word string, unit int64) (int64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", p.cmd.Process.Pid, file))
	if err != nil {
		return 0, err
	}
	_, rest, _ := strings.Cut(string(text), word)
	fields := strings.Fields(rest)
	if len(fields) == 0 {
		return 0, fmt.Errorf("no %s of process %d", word, p.cmd.Process.Pid)
	}
	n, err := strconv.ParseInt(fields[0], 10, 64)
	return n * unit, err
}

// onDisk is how many bytes the files of a process come to, but for its log.
func (p *process) onDisk() (sum int64, err error) {
	err = filepath.WalkDir(p.dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || path == p.log {
			return err
		}
		info, err := entry.Info()
		if errors.Is(err, fs.ErrNotExist) {
			return nil // it was temporary
		}
		if err == nil {
			sum += info.Size()
		}
		return err
	})
	return sum, err
}

// used is how many nanoseconds of the cores' time a process has had.
func (p *process) used() (int64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	_, rest, _ := strings.Cut(string(text), ") ") // behind the name, which may hold anything
	fields := strings.Fields(rest)
	if len(fields) < 13 {
		return 0, fmt.Errorf("no time of process %d", p.cmd.Process.Pid)
	}
	user, err1 := strconv.ParseInt(fields[11], 10, 64)
	system, err2 := strconv.ParseInt(fields[12], 10, 64)
	return (user + system) * int64(10*time.Millisecond), errors.Join(err1, err2)
}
