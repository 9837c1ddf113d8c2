package main

import (
	"context"
	"time"

	"github.com/redis/go-redis/v9"

	"confman/integration/bench/loadgen"
)

// subscribers is how many hear of a change.
const subscribers = 1000

// A telling is a way to tell all subscribers to a channel something.
type telling struct {
	channel string
	tell    func(ctx context.Context, client *redis.Client) error
}

var (
	// A change is on the disk before anybody hears of it, by its keyspace notification.
	byChange = telling{"__keyspace@0__:bench/changing", func(ctx context.Context, client *redis.Client) error {
		return client.Set(ctx, "bench/changing", "changed", 0).Err()
	}}
	// A message is kept nowhere.
	byMessage = telling{"bench", func(ctx context.Context, client *redis.Client) error {
		return client.Publish(ctx, "bench", "changed").Err()
	}}
)

// hears is the Measure of how many milliseconds pass until the last subscriber has been told by confman, in a way,
// and by redis-server with PUBLISH.
func hears(ours telling) func(context.Context, *Bench) ([]Pair, error) {
	return func(ctx context.Context, b *Bench) ([]Pair, error) {
		up, err := b.services(ctx, oneNode, redisServer)
		if err != nil {
			return nil, err
		}
		if err := configure(ctx, up[0], "notify-keyspace-events", "KA"); err != nil {
			return nil, err
		}
		defer configure(ctx, up[0], "notify-keyspace-events", "") // or the server is stopped with all others
		return b.turns(ctx, told(up[0], ours), told(up[1], byMessage))
	}
}

// configure sets a parameter with CONFIG SET.
func configure(ctx context.Context, s *service, name, value string) error {
	client := connect(s.nodes[0].addr)
	defer client.Close()
	return client.ConfigSet(ctx, name, value).Err()
}

// told is the side of a server whose subscribers are told something once for every 50 ms of a turn's time.
func told(s *service, way telling) side {
	return func(ctx context.Context, d time.Duration) (float64, error) {
		client := connect(s.nodes[0].addr)
		defer client.Close()
		all := loadgen.Subscribers{
			Addr: s.nodes[0].addr, Count: subscribers, Subscribe: []string{"SUBSCRIBE", way.channel},
			Publish: func(ctx context.Context, _ int) error { return way.tell(ctx, client) },
		}
		result, err := all.Rounds(ctx, max(1, int(d/(50*time.Millisecond))))
		return float64(result.P50.Microseconds()) / 1000, flawless(result, err)
	}
}
