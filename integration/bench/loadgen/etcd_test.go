package loadgen

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
)

// Clients share connections, which go to the endpoints in turn, and what fails is counted apart. Nothing is asked of a server.
func TestEtcd(t *testing.T) {
	var mu sync.Mutex
	conns := map[*clientv3.Client]string{}
	var good, bad int64
	l := Etcd{Endpoints: []string{"127.0.0.1:1", "127.0.0.1:2"}, Clients: 120, Do: func(_ context.Context, c *clientv3.Client, _, i int) error {
		mu.Lock()
		defer mu.Unlock()
		conns[c] = c.Endpoints()[0]
		if i%2 == 1 {
			bad++
			return errors.New("no")
		}
		good++
		return nil
	}}
	r, err := l.Run(t.Context(), 200*time.Millisecond)
	if err != nil || r.Ops != good || r.Errors != bad || good == 0 {
		t.Errorf("%d and %d: %+v, %v", good, bad, r, err)
	}
	ends := map[string]int{}
	for _, end := range conns {
		ends[end]++
	}
	if len(conns) != 3 || ends["127.0.0.1:1"] != 2 || ends["127.0.0.1:2"] != 1 {
		t.Errorf("connections to %v", ends)
	}
}
