package loadgen

import (
	"context"
	"errors"
	"sync"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
)

// clientsPerConn is how many clients share a connection to etcd unless it is said how many connections there are.
const clientsPerConn = 50

// An Etcd is a load on etcd. A clientv3.Client has one HTTP/2 connection, on which the calls of many goroutines travel side by
// side: that is how it is meant to be used, and several calls then share a system call on either side. A connection of its own for
// each client would cost etcd more than its users pay; one for all would have them wait for a single connection's loop.
type Etcd struct {
	Endpoints []string // to which the connections go in turn
	Clients   int
	Conns     int // 0 is one for each endpoint, and at least one for every 50 clients
	// Do does the i-th operation of a client. Clients call it side by side.
	Do func(ctx context.Context, c *clientv3.Client, client, i int) error
}

// Run has clients go on for a time, and then be answered what they have asked by then. Operations that fail are counted in Errors;
// the error is that of ctx, or of a connection's settings.
func (l Etcd) Run(ctx context.Context, d time.Duration) (r Result, err error) {
	conns := l.Conns
	if conns == 0 {
		conns = min(l.Clients, max(len(l.Endpoints), (l.Clients+clientsPerConn-1)/clientsPerConn))
	}
	var all []*clientv3.Client
	defer func() {
		for _, c := range all {
			err = errors.Join(err, c.Close())
		}
	}()
	for i := range conns {
		c, err := clientv3.New(clientv3.Config{Endpoints: []string{l.Endpoints[i%len(l.Endpoints)]}, Context: ctx})
		if err != nil {
			return Result{}, err
		}
		all = append(all, c)
	}
	t := shared{tally: newTally()}
	var wait sync.WaitGroup
	began := time.Now()
	for client := range l.Clients {
		wait.Go(func() { l.client(ctx, &t, all[client%conns], client, began.Add(d)) })
	}
	wait.Wait()
	return sum([]*tally{t.tally}, time.Since(began)), ctx.Err()
}

func (l Etcd) client(ctx context.Context, t *shared, c *clientv3.Client, client int, end time.Time) {
	asked := time.Now()
	for i := 0; asked.Before(end) && ctx.Err() == nil; i++ {
		err := l.Do(ctx, c, client, i)
		now := time.Now()
		t.count(err, now.Sub(asked))
		asked = now
	}
}

// A shared tally is one for all clients: a histogram for each would take more memory than the load.
type shared struct {
	sync.Mutex
	*tally
}

func (t *shared) count(err error, took time.Duration) {
	t.Lock()
	defer t.Unlock()
	if err != nil {
		t.fail(err)
	} else {
		t.add(1, took)
	}
}
