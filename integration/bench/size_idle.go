package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"
)

// edgeNode is confman as it runs where there is little of everything.
var edgeNode = &shape{name: "confman, profile edge", start: func(ctx context.Context, s *service) error {
	s.leader = s.confmanLeader
	if err := s.startNode(ctx, []string{"--profile", "edge"}); err != nil {
		return err
	}
	_, err := s.confmanLeader(ctx)
	return err
}}

// idle are the rows about servers that nobody asks anything.
func idle() (all []Row) {
	const topic = "Idle"
	row := func(name, unit string, reach float64, f figure) {
		all = append(all, Row{Topic: topic, Name: name, Unit: unit, Reach: reach, Less: true, Absolute: true, Measure: alone(edgeNode, f)})
	}
	row("memory of an empty node, profile edge", "MB", 40, func(_ context.Context, s *service) (float64, error) {
		now, err := s.nodes[0].resident()
		return float64(now) / 1e6, err
	})
	var used, written float64
	watched := func(ctx context.Context, s *service) error {
		return s.once("watched", func() (err error) {
			used, written, err = watch(ctx, s)
			return err
		})
	}
	row("one core's time of a node, profile edge", "%", 1, func(ctx context.Context, s *service) (float64, error) {
		err := watched(ctx, s)
		return 100 * used / 1e9, err
	})
	// A goal of 0 would be none.
	row("bytes written to the disk in an hour, profile edge", "B", 0, func(ctx context.Context, s *service) (float64, error) {
		err := watched(ctx, s)
		return written * time.Hour.Seconds(), err
	})
	for _, n := range []int{1_000, 10_000} {
		all = append(all, Row{
			Topic: topic, Name: fmt.Sprintf("memory of each of %d idle connections", n), Against: "redis-server", Unit: "B", Less: true,
			Measure: func(ctx context.Context, b *Bench) ([]Pair, error) {
				up, err := b.services(ctx, edgeNode, redisServer)
				if err != nil {
					return nil, err
				}
				b1 := *b
				b1.Rounds = 1 // memory that was had once is used again
				return b1.turns(ctx, connected(up[0], n), connected(up[1], n))
			},
		})
	}
	return all
}

// alone is the Measure of a figure of a shape to which nothing is compared.
func alone(on *shape, f figure) func(context.Context, *Bench) ([]Pair, error) {
	return func(ctx context.Context, b *Bench) ([]Pair, error) {
		up, err := b.services(ctx, on)
		if err != nil {
			return nil, err
		}
		ours, err := f(ctx, up[0])
		return []Pair{{Ours: ours}}, err
	}
}

// A node is watched that does nothing, once it has settled: it has synced by then what it wrote when it began.
const (
	settling = 4 * time.Minute
	still    = 10 * time.Minute
)

// watch returns what the first server uses of a core, in ns, and writes, in bytes, in a second in which nobody asks it anything.
func watch(ctx context.Context, s *service) (used, written float64, err error) {
	if err := s.b.pass(ctx, settling); err != nil {
		return 0, 0, err
	}
	began, node := time.Now(), s.nodes[0]
	used0, err1 := node.used()
	written0, err2 := node.written()
	err3 := s.b.pass(ctx, still)
	used1, err4 := node.used()
	written1, err5 := node.written()
	seconds := time.Since(began).Seconds()
	return float64(used1-used0) / seconds, float64(written1-written0) / seconds, errors.Join(err1, err2, err3, err4, err5)
}

// connected is the side of a server to which n clients are connected that have asked once: bytes of memory for each.
func connected(s *service, n int) side {
	return func(ctx context.Context, _ time.Duration) (float64, error) {
		if s.b.Quick {
			n = 100
		}
		before, err := s.nodes[0].resident()
		if err != nil {
			return 0, err
		}
		answer := make([]byte, len("+PONG\r\n"))
		for range n {
			conn, err := net.Dial("tcp", s.nodes[0].addr)
			if err != nil {
				return 0, err
			}
			defer conn.Close()
			if _, err = conn.Write([]byte("PING\r\n")); err == nil {
				_, err = conn.Read(answer)
			}
			if err != nil || !strings.HasPrefix(string(answer), "+") {
				return 0, fmt.Errorf("PING is answered %q: %w", answer, err)
			}
		}
		if err := s.b.pass(ctx, 10*time.Second); err != nil {
			return 0, err
		}
		after, err := s.nodes[0].resident()
		return float64(after-before) / float64(n), err
	}
}
