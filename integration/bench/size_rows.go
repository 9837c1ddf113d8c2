package main

import (
	"context"
	"fmt"
	"time"
)

// A figure is one of the first server of a service that has grown.
type figure func(ctx context.Context, s *service) (float64, error)

// growth are the rows about how large servers become: the same ones grow from row to row.
func growth() (all []Row) {
	for _, n := range []int{1_000, 10_000, 100_000, 1_000_000} {
		row := func(name, against, unit string, ours, theirs *shape, rounds bool, f figure) *Row {
			all = append(all, Row{
				Topic: "Size", Name: fmt.Sprintf("%s, %d configs", name, n), Against: against, Unit: unit, Less: true, Measure: grown(n, ours, theirs, rounds, f),
				Grows: name, Configs: n,
			})
			return &all[len(all)-1]
		}
		most := n == 1_000_000
		ram := row("memory per config of 100 B", "redis-server", "B", growing, redisKept, false, memory)
		row("bytes on disk per config of 100 B", "redis-server, appendonly", "B", growing, redisKept, false, disk)
		restarts := row("kill -9 to serving", "redis-server, appendonly", "s", growing, redisKept, true, restart)
		row("a new node until it has everything", "", "s", growing, nil, true, join)
		if most {
			ram.Reach, ram.Absolute = 350, true
			restarts.Reach = 1
			against := row("memory per config of 100 B against etcd", "etcd, one node", "B", growing, etcdAlone, false, memory)
			against.Grows = ""
			against = row("kill -9 to serving against etcd", "etcd, one node", "s", growing, etcdAlone, true, restart)
			against.Grows, against.Reach = "", 1
		}
	}
	return all
}

// grown is the Measure of a figure of servers that hold n configs, once or in every round. theirs may be nil.
func grown(n int, ours, theirs *shape, rounds bool, f figure) func(context.Context, *Bench) ([]Pair, error) {
	return func(ctx context.Context, b *Bench) ([]Pair, error) {
		shapes := []*shape{growing, redisKept} // both go on, because later rows need them
		if theirs == etcdAlone {
			shapes = append(shapes, theirs)
		}
		if _, err := b.services(ctx, shapes...); err != nil {
			return nil, err
		}
		if b.Quick {
			n = 1_000
		}
		once := *b
		if !rounds {
			once.Rounds = 1
		}
		return once.turns(ctx, figured(b.running[ours], n, f), figured(b.running[theirs], n, f))
	}
}

// figured is the side of a service, or of none.
func figured(s *service, n int, f figure) side {
	return func(ctx context.Context, _ time.Duration) (float64, error) {
		if s == nil {
			return 0, nil
		}
		if err := s.grow(ctx, n); err != nil {
			return 0, fmt.Errorf("fill %s: %w", s.name, err)
		}
		figure, err := f(ctx, s)
		if err != nil {
			err = fmt.Errorf("%s: %w", s.name, err)
		}
		return figure, err
	}
}

// What filling has left, a server lets go of by itself: redis-server within seconds, and Go's runtime, which collects every two
// minutes when there is nothing to do, within so long.
const (
	letGo     = 20 * time.Second
	collected = 3 * time.Minute
)

// memory is how many bytes more a server has than when it was empty, for each config, when it has let go of what filling has
// left.
func memory(ctx context.Context, s *service) (float64, error) {
	wait := collected
	if s.shape == redisKept {
		wait = letGo
	}
	if err := s.b.pass(ctx, wait); err != nil {
		return 0, err
	}
	now, err := s.nodes[0].resident()
	return float64(now-s.empty) / float64(s.held), err
}

// pass has time pass in which nothing is done, but for a quick run.
func (b *Bench) pass(ctx context.Context, d time.Duration) error {
	if b.Quick {
		d = time.Second
	}
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// disk is how many bytes more a server has in its files than when it was empty, for each config.
func disk(_ context.Context, s *service) (float64, error) {
	sum, err := s.nodes[0].onDisk()
	return float64(sum-s.bare) / float64(s.held), err
}

// restart is how many seconds it takes from the start of the program to the first right answer, after a kill.
func restart(ctx context.Context, s *service) (float64, error) {
	if err := s.kill9(); err != nil {
		return 0, err
	}
	began := time.Now()
	if err := s.again(); err != nil {
		return 0, err
	}
	err := s.answers(ctx)
	return time.Since(began).Seconds(), err
}
