package load

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

// feedEnd bounds how long it may take until nothing expires any more, and all of that is told.
const feedEnd = 15 * time.Second

// Finish has the consumers read on until they have been told all, and compares what that makes up with what the nodes hold.
func (l *Feed) Finish(ctx context.Context, addrs []string) {
	ctx, cancel := context.WithTimeout(ctx, feedEnd)
	defer cancel()
	var all sync.WaitGroup
	for i, c := range l.consumers {
		all.Go(func() {
			if err := c.end(ctx, addrs, i); err != nil {
				l.violated("consumer %d, at the end: %v", i, err)
			}
		})
	}
	all.Wait()
}

// end reads on at a node until there is what was told. It returns what is not so when the time is up.
func (c *consumer) end(ctx context.Context, addrs []string, at int) (err error) {
	client := Client(addrs[at%len(addrs)], c.Lie)
	defer client.Close()
	for {
		if err = c.catchUp(ctx, client, addrs[at%len(addrs)]); err == nil {
			err = c.compare(ctx, addrs)
		}
		if err == nil || errors.Is(err, errUntold) || ctx.Err() != nil {
			return err
		}
		pauseFor(ctx, setBack)
	}
}

var errUntold = errors.New("there is a change that is not told")

// catchUp reads what a node tells by now.
func (c *consumer) catchUp(ctx context.Context, client *redis.Client, addr string) error {
	honest := Client(addr, nil)
	defer honest.Close()
	latest, err := honest.XRevRangeN(ctx, feedStream, "+", "-", 1).Result()
	if err != nil {
		return err
	}
	if len(latest) == 0 {
		return nil
	}
	last, err := placeOf(latest[0].ID)
	if err != nil {
		return err
	}
	for c.fold.at.revision < last.revision {
		n, err := c.read(ctx, client)
		if err != nil {
			return err
		}
		if n == 0 {
			return fmt.Errorf("%w: %s, and told up to %s", errUntold, last, c.fold.at)
		}
	}
	if err := c.fold.meet(); err != nil { // all nodes are beyond the horizon
		c.violated("consumer %d: %v", c.id, err)
	}
	return nil
}

// compare compares the fold with what the nodes hold. The last it says counts: an expiry takes its time.
func (c *consumer) compare(ctx context.Context, addrs []string) error {
	for _, addr := range addrs {
		client := Client(addr, nil)
		held, _, err := readPart(ctx, client)
		_ = client.Close()
		if err == nil {
			err = c.fold.differs(held)
		}
		if err != nil {
			return fmt.Errorf("at %s: %w", addr, err)
		}
	}
	return nil
}
