package main

import (
	"bytes"
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"confman/integration/bench/loadgen"
)

// commands are a work in Redis's protocol.
type commands struct {
	configs
	// filling returns the command that puts the i-th config in place, or the i-th namespace, and how many there are.
	filling func(c configs, b *Bench) (command func(b []byte, i int) []byte, n int64)
	first   []string // a command with which each connection begins
	// next returns what writes the i-th command of a client.
	next func(c configs, b *Bench) func(b []byte, client, i int) []byte
	// reply is what each reply begins with; anything if it is empty.
	reply string
}

func (w commands) fill(ctx context.Context, s *service) error {
	if w.filling == nil {
		return nil
	}
	command, n := w.filling(w.configs, s.b)
	// In confman both ways to fill come to the same, and servers of Redis's see one of them for these namespaces.
	return s.once(w.namespace(0), func() error {
		addrs, err := s.addrs(ctx, everywhere)
		if err != nil {
			return err
		}
		fill := clients(addrs[:1], load{clients: 1, pipeline: 64}, func(b []byte, _, i int) []byte { return command(b, i) })
		if err := flawless(fill.Do(ctx, n)); err != nil {
			return err
		}
		return s.settle(ctx)
	})
}

// clients are those of a load, on servers of Redis's protocol. They run on any core that this process may use.
func clients(addrs []string, l load, next func(b []byte, client, i int) []byte) loadgen.RESP {
	return loadgen.RESP{Addrs: addrs, Clients: l.clients, Pipeline: l.pipeline, CPU: -1, Next: next}
}

// flawless returns the error of a run, or that of one of its operations.
func flawless(r loadgen.Result, err error) error {
	if err == nil && r.Errors > 0 {
		err = fmt.Errorf("%d of %d operations failed, the last with: %s", r.Errors, r.Ops, r.LastError)
	}
	return err
}

// settle waits until all nodes of confman have applied what any has.
func (s *service) settle(ctx context.Context) error {
	if s.leader == nil {
		return nil // redis-server
	}
	for _, p := range s.nodes {
		if err := p.await(ctx, "has what the first has", func(ctx context.Context) bool {
			return info(ctx, p.addr)["applied_revision"] == info(ctx, s.nodes[0].addr)["applied_revision"]
		}); err != nil {
			return err
		}
	}
	return nil
}

func (w commands) run(ctx context.Context, s *service, addrs []string, l load, d time.Duration) (float64, error) {
	result, err := w.load(s, addrs, l).Run(ctx, d)
	return result.PerSecond(), flawless(result, err)
}

func (w commands) load(s *service, addrs []string, l load) loadgen.RESP {
	next := w.next(w.configs, s.b)
	all := clients(addrs, l, next)
	if w.first != nil {
		all.Next = func(b []byte, client, i int) []byte {
			if i == 0 {
				return loadgen.Command(b, w.first...)
			}
			return next(b, client, i)
		}
	}
	if begin := []byte(w.reply); len(begin) > 0 {
		all.Check = func(reply []byte) error {
			if !bytes.HasPrefix(reply, begin) && !(w.first != nil && reply[0] == '+') {
				return fmt.Errorf("the reply begins with %q, not with %q", reply[:min(len(reply), 40)], begin)
			}
			return nil
		}
	}
	return all
}

// get reads configs, one at a time.
func get(size int) commands {
	return commands{
		configs: configs{size: size, fields: 100}, filling: setAll, reply: fmt.Sprintf("$%d\r\n", size),
		next: func(c configs, b *Bench) func([]byte, int, int) []byte {
			names := c.names(b.configs())
			return func(b []byte, client, i int) []byte {
				return loadgen.Command(b, "GET", names[pick(len(names), client, i)])
			}
		},
	}
}

// linearizable has reads see all that was committed before.
func linearizable(w commands) commands {
	w.first = []string{"CONF", "CONSISTENCY", "LINEARIZABLE"}
	return w
}

// hgetall reads namespaces whole.
func hgetall(fields, size int) commands {
	return commands{
		configs: configs{size: size, fields: fields}, filling: hsetAll, reply: fmt.Sprintf("*%d\r\n", 2*fields),
		next: func(c configs, b *Bench) func([]byte, int, int) []byte {
			names := c.namespaces(b.configs())
			return func(b []byte, client, i int) []byte {
				return loadgen.Command(b, "HGETALL", names[pick(len(names), client, i)])
			}
		},
	}
}

// set writes configs, one at a time, each of them another.
func set(size int) commands {
	return commands{
		configs: configs{size: size, fields: 100}, filling: setAll, reply: "+OK",
		next: func(c configs, b *Bench) func([]byte, int, int) []byte {
			names, value := c.names(b.configs()), c.values()
			return func(b []byte, client, i int) []byte {
				return loadgen.Command(b, "SET", names[pick(len(names), client, i)], value(client, i))
			}
		},
	}
}

// setAll puts configs in place one by one, and hsetAll by namespaces, as hashes.
func setAll(c configs, b *Bench) (func([]byte, int) []byte, int64) {
	names, value := c.names(b.configs()), c.values()
	return func(b []byte, i int) []byte { return loadgen.Command(b, "SET", names[i], value(0, i)) }, int64(len(names))
}

func hsetAll(c configs, b *Bench) (func([]byte, int) []byte, int64) {
	names, value := c.namespaces(b.configs()), c.values()
	return func(b []byte, i int) []byte {
		words := []string{"HSET", names[i]}
		for field := range c.fields {
			words = append(words, fmt.Sprintf("key%05d", field), value(field, i))
		}
		return loadgen.Command(b, words...)
	}, int64(len(names))
}

// transactions set 100 configs of a namespace each, as 100 commands between MULTI and EXEC.
type transactions struct{ configs }

func (transactions) fill(context.Context, *service) error { return nil }

func (w transactions) run(ctx context.Context, s *service, addrs []string, l load, d time.Duration) (float64, error) {
	var done atomic.Int64
	executed := fmt.Appendf(nil, "*%d\r\n", w.fields)
	names, value := w.names(s.b.configs()), w.values()
	l.pipeline = w.fields + 2
	all := clients(addrs, l, func(b []byte, client, i int) []byte {
		transaction, step := i/(w.fields+2), i%(w.fields+2)
		switch step {
		case 0:
			return loadgen.Command(b, "MULTI")
		case w.fields + 1:
			return loadgen.Command(b, "EXEC")
		}
		at := pick(len(names)/w.fields, client, transaction)*w.fields + step - 1
		namespace, field := names[at][:len(names[at])-len("/key00000")], names[at][len(names[at])-len("key00000"):]
		return loadgen.Command(b, "HSET", namespace, field, value(client, i))
	})
	all.Check = func(reply []byte) error {
		if bytes.HasPrefix(reply, executed) {
			done.Add(1)
		} else if reply[0] == '*' {
			return fmt.Errorf("EXEC answers %q", reply[:min(len(reply), 40)])
		}
		return nil
	}
	result, err := all.Run(ctx, d)
	return float64(done.Load()) / result.Took.Seconds(), flawless(result, err)
}

// increments count one config up. No count may be lost, and none be doubled.
type increments struct{}

func (increments) fill(context.Context, *service) error { return nil }

func (increments) run(ctx context.Context, _ *service, addrs []string, l load, d time.Duration) (float64, error) {
	const name = "bench/counter"
	client := connect(addrs[0])
	defer client.Close()
	before, err := client.IncrBy(ctx, name, 0).Result()
	if err != nil {
		return 0, err
	}
	all := clients(addrs, l, func(b []byte, _, _ int) []byte { return loadgen.Command(b, "INCR", name) })
	result, err := all.Run(ctx, d)
	if err := flawless(result, err); err != nil {
		return 0, err
	}
	after, err := client.IncrBy(ctx, name, 0).Result() // a write, which comes behind all others
	if err == nil && after-before != result.Ops {
		err = fmt.Errorf("%d increments were acknowledged, and the counter is %d higher", result.Ops, after-before)
	}
	return result.PerSecond(), err
}
