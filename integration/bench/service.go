package main

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
)

// A shape is a way to run some servers.
type shape struct {
	name   string
	pinned bool // on one core
	start  func(ctx context.Context, s *service) error
}

// The shapes of the table.
var (
	redisServer = &shape{name: "redis-server", start: startRedis("no")}
	redisPinned = &shape{name: "redis-server on one core", start: startRedis("no"), pinned: true}
	redisSynced = &shape{name: "redis-server, appendfsync always", start: startRedis("always")}

	oneNode    = &shape{name: "confman", start: startConfman(1, 0)}
	onePinned  = &shape{name: "confman on one core", start: startConfman(1, 0), pinned: true}
	threeNodes = &shape{name: "confman, three nodes", start: startConfman(3, 0)}
	withEdge   = &shape{name: "confman, three nodes and a non-voter", start: startConfman(3, 1)}

	etcd       = &shape{name: "etcd", start: startEtcd(func(b *Bench) string { return b.Etcd })}
	debianEtcd = &shape{name: "Debian's etcd", start: startEtcd(func(*Bench) string { return debianProgram })}
)

// debianProgram is what Debian's package etcd-server installs.
const debianProgram = "/usr/bin/etcd"

// A service is the servers of a shape, which run.
type service struct {
	*shape
	b      *Bench
	nodes  []*process
	filled map[string]bool // what was put into it, by name
	size
	// leader tells which of the nodes leads.
	leader func(ctx context.Context) (int, error)
}

// services has the servers of these shapes run, and no others.
func (b *Bench) services(ctx context.Context, shapes ...*shape) (up []*service, err error) {
	if b.running == nil {
		b.running = map[*shape]*service{}
	}
	wanted := map[*shape]bool{}
	for _, one := range shapes {
		wanted[one] = true
	}
	for one, s := range b.running {
		if !wanted[one] {
			s.stop()
			delete(b.running, one)
		}
	}
	// Before any server starts, because it may use what this process may.
	if err := b.keepAway(slices.ContainsFunc(shapes, func(one *shape) bool { return one.pinned })); err != nil {
		return nil, err
	}
	for _, one := range shapes {
		if b.running[one] == nil {
			s := &service{shape: one, b: b, filled: map[string]bool{}}
			if err := s.start(ctx, s); err != nil {
				s.stop()
				return nil, fmt.Errorf("start %s: %w", one.name, err)
			}
			b.running[one] = s
		}
		up = append(up, b.running[one])
	}
	return up, nil
}

// Close ends all servers.
func (b *Bench) Close() {
	_ = b.keepAway(false) // it worked the other way
	for one, s := range b.running {
		s.stop()
		delete(b.running, one)
	}
}

func (s *service) stop() {
	for _, p := range s.nodes {
		p.kill()
	}
}

// launch starts one more server. It runs in an empty directory, in which it keeps its data.
func (s *service) launch(addr string, words ...string) (*process, error) {
	if _, err := exec.LookPath(words[0]); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMissing, err)
	}
	s.b.started++
	p, err := launch(filepath.Join(s.b.Dir, fmt.Sprintf("server%d", s.b.started)), addr, s.pinned, words...)
	if err == nil {
		s.nodes = append(s.nodes, p)
	}
	return p, err
}

// A place is which servers of a service clients are connected to.
type place int

const (
	everywhere place = iota // one after the other
	atLeader
	atFollower
	atNonVoter // the last that has joined
)

// addrs are the addresses at a place.
func (s *service) addrs(ctx context.Context, at place) ([]string, error) {
	switch at {
	case atLeader, atFollower:
		leads, err := s.leader(ctx)
		if err != nil {
			return nil, err
		}
		if at == atFollower {
			leads = (leads + 1) % 3
		}
		return []string{s.nodes[leads].addr}, nil
	case atNonVoter:
		return []string{s.nodes[len(s.nodes)-1].addr}, nil
	}
	var all []string
	for _, p := range s.nodes {
		all = append(all, p.addr)
	}
	return all, nil
}
