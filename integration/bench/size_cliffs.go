package main

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"confman/integration/bench/loadgen"
)

// small is confman with few configs, beside the one that grows.
var small = &shape{name: "confman that stays small", start: startConfman(1, 0)}

// cliffs are the rows about whether a node that holds much is slower.
func cliffs() (all []Row) {
	row := func(name, against string, reach float64, theirs *shape, ours, other spread) {
		all = append(all, Row{
			Topic: "Many configs", Name: name, Against: against, Unit: "/s", Reach: reach,
			Measure: compare(load{on: growing, clients: 50, work: ours}, load{on: theirs, clients: 50, work: other}),
		})
	}
	few := 1_000
	for _, n := range []int{100_000, 1_000_000} {
		of := fmt.Sprintf(" of %d configs", n)
		row("GET"+of, "GET of 1000", 0.8, small, spread{n, getOf}, spread{few, getOf})
		row("SET"+of, "SET of 1000", 0.8, small, spread{n, setOf}, spread{few, setOf})
		row("HGETALL of 100"+of, "HGETALL of 100 of 1000", 0.8, small, spread{n, hgetallOf}, spread{few, hgetallOf})
	}
	all = append(all, Row{
		Topic: "Many configs", Name: "SCAN of 1000000 configs in 10000 namespaces, names", Against: "redis-server, 1000000 strings", Unit: "/s",
		Measure: scans,
	})
	for _, one := range []struct {
		name    string
		command func(b []byte, key string) []byte
	}{
		{"HGET in a namespace of 100000", func(b []byte, key string) []byte { return loadgen.Command(b, "HGET", broad, key) }},
		{"HSET in a namespace of 100000", func(b []byte, key string) []byte { return loadgen.Command(b, "HSET", broad, key, text()[:100]) }},
		{"HGETALL of a namespace of 100000", func(b []byte, _ string) []byte { return loadgen.Command(b, "HGETALL", broad) }},
	} {
		w := broadly{command: one.command}
		all = append(all, Row{
			Topic: "Many configs", Name: one.name, Against: "redis-server, appendonly, a hash", Unit: "/s",
			Measure: compare(load{on: growing, clients: 10, work: w}, load{on: redisKept, clients: 10, work: w}),
		})
	}
	return all
}

// spread is a work on so many configs, all alike.
type spread struct {
	configs int
	command func(b []byte, i int, value func(client, i int) string) []byte
}

func (w spread) of(b *Bench) int {
	if b.Quick {
		return 1_000
	}
	return w.configs
}

func (w spread) fill(ctx context.Context, s *service) error { return s.grow(ctx, w.of(s.b)) }

func (w spread) run(ctx context.Context, s *service, addrs []string, l load, d time.Duration) (float64, error) {
	n, value := w.of(s.b), hundreds.values()
	result, err := clients(addrs, l, func(b []byte, client, i int) []byte {
		return w.command(b, pick(n, client, i), value)
	}).Run(ctx, d)
	return result.PerSecond(), flawless(result, err)
}

// hundredth is the name of the i-th config.
func hundredth(i int) string {
	return hundreds.namespace(i/hundreds.fields) + fmt.Sprintf("/key%05d", i%hundreds.fields)
}

func getOf(b []byte, i int, _ func(int, int) string) []byte {
	return loadgen.Command(b, "GET", hundredth(i))
}

func setOf(b []byte, i int, value func(int, int) string) []byte {
	return loadgen.Command(b, "SET", hundredth(i), value(0, i))
}

func hgetallOf(b []byte, i int, _ func(int, int) string) []byte {
	return loadgen.Command(b, "HGETALL", hundreds.namespace(i/hundreds.fields))
}

// scans is the Measure of how many names SCAN shows in a second.
func scans(ctx context.Context, b *Bench) ([]Pair, error) {
	up, err := b.services(ctx, growing, redisKept)
	if err != nil {
		return nil, err
	}
	all := spread{configs: 1_000_000}
	for _, s := range up {
		if err := all.fill(ctx, s); err != nil {
			return nil, err
		}
	}
	return b.turns(ctx, scanned(up[0]), scanned(up[1]))
}

// scanned is the side of a server that is scanned whole, once.
func scanned(s *service) side {
	return func(ctx context.Context, _ time.Duration) (float64, error) {
		client := connect(s.nodes[0].addr)
		defer client.Close()
		began, seen := time.Now(), 0
		for cursor := uint64(0); ; {
			names, next, err := client.Scan(ctx, cursor, "", 1000).Result()
			if err != nil {
				return 0, err
			}
			if seen += len(names); next == 0 {
				break
			}
			cursor = next
		}
		if least := s.held / hundreds.fields; seen < least {
			return 0, fmt.Errorf("SCAN shows %d names, not %d", seen, least)
		}
		return float64(seen) / time.Since(began).Seconds(), nil
	}
}

// broad is a namespace with many configs.
const broad = "bench/broad"

// broadly is a work on the configs of one namespace.
type broadly struct {
	command func(b []byte, key string) []byte
}

func (broadly) keys(b *Bench) int {
	if b.Quick {
		return 1_000
	}
	return 100_000
}

func (w broadly) fill(ctx context.Context, s *service) error {
	return s.once(broad, func() error {
		const per = 100
		value := hundreds.values()
		fill := clients([]string{s.nodes[0].addr}, load{clients: 1, pipeline: 16}, func(b []byte, _, i int) []byte {
			words := []string{"HSET", broad}
			for field := range per {
				words = append(words, strconv.Itoa(i*per+field), value(field, i))
			}
			return loadgen.Command(b, words...)
		})
		return flawless(fill.Do(ctx, int64(w.keys(s.b)/per)))
	})
}

func (w broadly) run(ctx context.Context, s *service, addrs []string, l load, d time.Duration) (float64, error) {
	n := w.keys(s.b)
	result, err := clients(addrs, l, func(b []byte, client, i int) []byte {
		return w.command(b, strconv.Itoa(pick(n, client, i)))
	}).Run(ctx, d)
	return result.PerSecond(), flawless(result, err)
}
