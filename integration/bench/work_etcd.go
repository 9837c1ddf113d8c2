package main

import (
	"context"
	"fmt"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"confman/integration/bench/loadgen"
)

// calls are a work in etcd's protocol.
type calls struct {
	configs
	per int // how many operations a call is
	// next returns what makes the i-th call of a client.
	next func(c configs, b *Bench) call
}

// A call is a client's i-th.
type call func(ctx context.Context, client *clientv3.Client, number, i int) error

// fill puts all configs in place, and waits until each node has them.
func (w calls) fill(ctx context.Context, s *service) error {
	names, value := w.names(s.b.configs()), w.values()
	return s.once(w.namespace(0), func() error {
		client, err := s.etcdClient()
		if err != nil {
			return err
		}
		defer client.Close()
		for at := 0; at < len(names); at += 100 {
			if err := putAll(ctx, client, names[at:at+100], 0, at, value); err != nil {
				return err
			}
		}
		for _, p := range s.nodes {
			if err := p.await(ctx, "has the last config", func(ctx context.Context) bool {
				return holds(ctx, p.addr, names[len(names)-1])
			}); err != nil {
				return err
			}
		}
		return nil
	})
}

// holds reports whether a node has a key itself.
func holds(ctx context.Context, addr, key string) bool {
	client, err := clientv3.New(clientv3.Config{Endpoints: []string{addr}})
	if err != nil {
		return false
	}
	defer client.Close()
	found, err := client.Get(ctx, key, clientv3.WithSerializable())
	return err == nil && len(found.Kvs) == 1
}

func (w calls) run(ctx context.Context, s *service, addrs []string, l load, d time.Duration) (float64, error) {
	all := loadgen.Etcd{Endpoints: addrs, Clients: l.clients, Do: w.next(w.configs, s.b)}
	result, err := all.Run(ctx, d)
	return result.PerSecond() * float64(w.per), flawless(result, err)
}

// putAll sets configs in one transaction, to the values of some turns of a client.
func putAll(ctx context.Context, client *clientv3.Client, names []string, number, turn int, value func(client, i int) string) error {
	var puts []clientv3.Op
	for i, name := range names {
		puts = append(puts, clientv3.OpPut(name, value(number, turn+i)))
	}
	_, err := client.Txn(ctx).Then(puts...).Commit()
	return err
}

// etcdRange reads configs one at a time, or whole namespaces of more than one field. A serializable read is answered by the
// node that is asked, from what it has; others see all that was committed before.
func etcdRange(c configs, whole, serializable bool) calls {
	return calls{configs: c, per: 1, next: func(c configs, b *Bench) call {
		names, found := c.names(b.configs()), int64(1)
		var options []clientv3.OpOption
		if whole {
			names, found = c.namespaces(b.configs()), int64(c.fields)
			options = append(options, clientv3.WithPrefix())
		}
		if serializable {
			options = append(options, clientv3.WithSerializable())
		}
		return func(ctx context.Context, client *clientv3.Client, number, i int) error {
			name := names[pick(len(names), number, i)]
			if whole {
				name += "/"
			}
			answer, err := client.Get(ctx, name, options...)
			if err == nil && answer.Count != found {
				err = fmt.Errorf("%s: %d keys were found, not %d", name, answer.Count, found)
			}
			return err
		}
	}}
}

// etcdPut writes configs, one at a time, each of them another.
func etcdPut(size int) calls {
	return calls{configs: configs{size: size, fields: 100}, per: 1, next: func(c configs, b *Bench) call {
		names, value := c.names(b.configs()), c.values()
		return func(ctx context.Context, client *clientv3.Client, number, i int) error {
			_, err := client.Put(ctx, names[pick(len(names), number, i)], value(number, i))
			return err
		}
	}}
}

// etcdTxn writes several configs in each transaction, and counts transactions, or per config if they are only to share the way.
func etcdTxn(size, puts, per int) calls {
	return calls{configs: configs{size: size, fields: 100}, per: per, next: func(c configs, b *Bench) call {
		names, value := c.names(b.configs()), c.values()
		return func(ctx context.Context, client *clientv3.Client, number, i int) error {
			at := pick(len(names)/puts, number, i) * puts
			return putAll(ctx, client, names[at:at+puts], number, i*puts, value)
		}
	}}
}
