package main

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"
)

// A load is a work that clients do on the servers of a shape.
type load struct {
	on       *shape
	at       place
	clients  int
	pipeline int // how many commands each client has on their way; 0 is 1
	work     work
}

// A work is what clients do, over and over.
type work interface {
	// fill puts what the work needs into servers, once, and returns when each of them has it.
	fill(ctx context.Context, s *service) error
	// run has clients do it for a time, and returns how much was done in a second.
	run(ctx context.Context, s *service, addrs []string, l load, d time.Duration) (perSecond float64, err error)
}

// compare is the Measure of a row that has two loads take turns.
func compare(ours, theirs load) func(context.Context, *Bench) ([]Pair, error) {
	return func(ctx context.Context, b *Bench) ([]Pair, error) {
		up, err := b.services(ctx, ours.on, theirs.on)
		if err != nil {
			return nil, err
		}
		for i, l := range []load{ours, theirs} {
			if err := l.work.fill(ctx, up[i]); err != nil {
				return nil, fmt.Errorf("fill %s: %w", l.on.name, err)
			}
		}
		return b.turns(ctx, ours.side(up[0]), theirs.side(up[1]))
	}
}

// side is the load on a service. A turn in which nothing was done, because the machine had no time for it, is
// followed by a longer one.
func (l load) side(s *service) side {
	return func(ctx context.Context, d time.Duration) (float64, error) {
		addrs, err := s.addrs(ctx, l.at) // each time, because another node may lead now
		if err != nil {
			return 0, err
		}
		perSecond := 0.0
		for ; err == nil && perSecond == 0; d *= 2 {
			if perSecond, err = l.work.run(ctx, s, addrs, l, d); perSecond == 0 && d > time.Minute {
				err = errors.Join(err, fmt.Errorf("nothing was done in %v", d))
			}
		}
		if err != nil {
			err = fmt.Errorf("%s: %w", s.name, err)
		}
		return perSecond, err
	}
}

// once does something to a service that has not been done to it.
func (s *service) once(what string, do func() error) error {
	if s.filled[what] {
		return nil
	}
	err := do()
	s.filled[what] = err == nil
	return err
}

// configs are many, in namespaces. In redis-server a config is a string, or a hash's field; in etcd it is a key.
type configs struct {
	size   int // bytes of a value
	fields int // how many there are in a namespace
}

// namespace returns the i-th namespace's name.
func (c configs) namespace(i int) string { return fmt.Sprintf("bench/%d/%d/%05d", c.size, c.fields, i) }

// names returns the names of n configs.
func (c configs) names(n int) (all []string) {
	for i := range n {
		all = append(all, fmt.Sprintf("%s/key%05d", c.namespace(i/c.fields), i%c.fields))
	}
	return all
}

// namespaces returns the names of those that n configs are in.
func (c configs) namespaces(n int) (all []string) {
	for i := range n / c.fields {
		all = append(all, c.namespace(i))
	}
	return all
}

// text is what values are cut out of. It cannot be compressed.
var text = sync.OnceValue(func() string {
	chance := rand.NewChaCha8([32]byte{})
	b := make([]byte, 64<<10)
	_, _ = chance.Read(b) // it never fails
	return base64.StdEncoding.EncodeToString(b)
})

// values returns what gives a client's i-th turn its value. No two turns in a row have the same, nor have two runs.
func (c configs) values() func(client, i int) string {
	all, first := text(), rand.IntN(stride)
	return func(client, i int) string {
		at := pick(len(all)-c.size, client, first+i)
		return all[at : at+c.size]
	}
}

const stride = 7919 // a prime

// pick returns one of n for a client's i-th turn. All are picked equally often, and no two clients walk side by side.
func pick(n, client, i int) int {
	return (client*stride + i) * stride % n
}
