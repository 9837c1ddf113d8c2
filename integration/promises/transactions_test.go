package promises

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"confman/integration/ground"
	"confman/integration/load"
)

// halves has two configs be written together through each node, as write does it, and reads both everywhere, until ctx ends: they are
// always the same. An error means that nothing is done.
func halves(ctx context.Context, hosts []*ground.Host, write func(c *redis.Client, value string) error) (wrong []string, reads int) {
	var work sync.WaitGroup
	var mu sync.Mutex
	for i, h := range hosts {
		work.Go(func() {
			c := load.Client(h.Addr, nil)
			defer c.Close()
			for n := 0; ctx.Err() == nil; n++ {
				_ = write(c, fmt.Sprint(i, "-", n))
				rest()
			}
		})
		work.Go(func() {
			c := load.Client(h.Addr, nil)
			defer c.Close()
			for ; ctx.Err() == nil; rest() {
				both, err := c.MGet(context.Background(), "halves/a", "halves/b").Result()
				if err != nil {
					continue
				}
				mu.Lock()
				if reads++; both[0] != both[1] && len(wrong) < 3 {
					wrong = append(wrong, fmt.Sprintf("%s has one half of a transaction: %v and %v", h.Name, both[0], both[1]))
				}
				mu.Unlock()
			}
		})
	}
	work.Wait()
	return wrong, reads
}

// rest is how long a client waits before it goes on.
func rest() { time.Sleep(5 * time.Millisecond) }

// transaction writes both in one.
func transaction(c *redis.Client, value string) error {
	_, err := c.TxPipelined(context.Background(), func(p redis.Pipeliner) error {
		p.Set(context.Background(), "halves/a", value, 0)
		p.Set(context.Background(), "halves/b", value, 0)
		return nil
	})
	return err
}

// oneByOne writes both, and not in one.
func oneByOne(c *redis.Client, value string) error {
	return errors.Join(c.Set(context.Background(), "halves/a", value, 0).Err(), c.Set(context.Background(), "halves/b", value, 0).Err())
}

// refusedAndDone sends transactions that cannot be done as a whole. It returns what was answered with an error, and done.
func refusedAndDone(t *testing.T, h *ground.Host, send func(c *redis.Conn, all [][]any) error) (wrong []string) {
	t.Helper()
	ctx := t.Context()
	client := h.Client()
	defer client.Close()
	for _, words := range [][]any{
		{"NS", "RULE", "whole", "port", "numeric"},
		{"NS", "SET", "whole/full", "QUOTA", 1, 100},
		{"NS", "SET", "whole/kept", "PROTECT"},
		{"MSET", "whole/full/x", "1", "whole/kept/x", "1"},
	} {
		if err := client.Do(ctx, words...).Err(); err != nil {
			t.Fatalf("%v: %v", words, err)
		}
	}
	for i, bad := range [][]any{
		{"SET", "whole/port", "no number"},
		{"SET", "whole/full/y", "too many"},
		{"DEL", "whole/kept/x"}, // the last one
		{"SET", "no value"},
	} {
		conn := client.Conn()
		name := fmt.Sprintf("whole/%d", i)
		err := send(conn, [][]any{{"SET", name, "1"}, bad, {"SET", name + "x", "1"}})
		there := client.Exists(ctx, name, name+"x").Val()
		if err == nil {
			t.Errorf("%v went through", bad)
		} else if there > 0 {
			wrong = append(wrong, fmt.Sprintf("a transaction with %v is answered %q, and %d of its writes are there", bad, err, there))
		}
		_ = conn.Close()
	}
	return wrong
}

// inExec sends commands in a transaction, and returns its error.
func inExec(c *redis.Conn, all [][]any) error {
	ctx := context.Background()
	_ = c.Do(ctx, "MULTI").Err()
	for _, words := range all {
		_ = c.Do(ctx, words...).Err() // EXEC tells
	}
	return c.Do(ctx, "EXEC").Err()
}

// notInExec sends commands one by one, and returns the first error.
func notInExec(c *redis.Conn, all [][]any) error {
	var errs []error
	for _, words := range all {
		errs = append(errs, c.Do(context.Background(), words...).Err())
	}
	return errors.Join(errs...)
}

// watched watches a config at a follower, has the leader die and somebody else change the config, and goes on with
// the transaction, which must not be done.
func watched(t *testing.T, g *ground.Ground, watch string) (wrong []string) {
	t.Helper()
	ctx := t.Context()
	leads := g.Leader()
	rest := others(g, leads)
	client := rest[0].Client()
	defer client.Close()
	conn := client.Conn()
	defer conn.Close()
	name := "watched/" + strings.ToLower(watch)
	for _, words := range [][]any{{"SET", name, "before"}, {watch, name}, {"GET", name}, {"MULTI"}, {"SET", name, "mine"}} {
		if err := conn.Do(ctx, words...).Err(); err != nil {
			t.Fatalf("%v: %v", words, err)
		}
	}
	leads.Kill()
	rest[1].Eventually("another node writes", func() bool {
		_, err := asks(rest[1], []any{"SET", name, "theirs"})
		return err == nil
	})
	err := conn.Do(ctx, "EXEC").Err()
	if err == nil {
		wrong = append(wrong, name+" was changed by somebody else, and the transaction that watched it is done")
	}
	leads.Start()
	g.Settled()
	if got, err := asks(leads, []any{"GET", name}); got != "theirs" && len(wrong) == 0 {
		wrong = append(wrong, fmt.Sprintf("%s is %v behind EXEC (%v)", name, got, err))
	}
	return wrong
}

// Class 7: one half of a transaction is seen; EXEC answers an error and something is done; what was watched has changed, while
// leaders did, and EXEC does not notice.
func TestTransactionsAreWhole(t *testing.T) {
	t.Parallel()
	g := newGround(t)
	hosts := g.Found(3)
	ctx, stop := context.WithCancel(t.Context())
	var wrong []string
	var reads int
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		wrong, reads = halves(ctx, hosts, transaction)
	}()
	for range 2 {
		leads := g.Leader()
		leads.Kill()
		g.Leader()
		leads.Start()
		leads.Eventually("it takes part", leads.TakesPart)
	}
	stop()
	<-ended
	if reads < 100 {
		t.Errorf("both were read only %d times", reads)
	}
	holds(t, wrong)
	holds(t, refusedAndDone(t, hosts[1], inExec))
	holds(t, watched(t, g, "WATCH"))

	ctx, stop = context.WithTimeout(t.Context(), time.Second)
	defer stop()
	wrong, _ = halves(ctx, hosts, oneByOne)
	noticed(t, "both are written one by one", wrong)
	noticed(t, "commands are done one by one", refusedAndDone(t, hosts[1], notInExec))
	noticed(t, "nothing is watched", watched(t, g, "TOUCH"))
}
