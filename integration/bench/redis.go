package main

import (
	"context"
	"net"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"

	"confman/integration/ground"
)

// startRedis starts a redis-server with its defaults, but for what it writes to the disk: nothing, or with fsync always
// each write before it is answered.
func startRedis(fsync string) func(context.Context, *service) error {
	return func(ctx context.Context, s *service) error {
		addr, err := ground.Free()
		if err != nil {
			return err
		}
		_, port, err := net.SplitHostPort(addr)
		if err != nil {
			return err
		}
		words := []string{"redis-server", "--port", port, "--bind", "127.0.0.1", "--save", ""}
		if fsync == "always" {
			words = append(words, "--appendonly", "yes", "--appendfsync", fsync)
		}
		p, err := s.launch(addr, words...)
		if err != nil {
			return err
		}
		return p.await(ctx, "answers", func(ctx context.Context) bool {
			client := connect(addr)
			defer client.Close()
			return client.Ping(ctx).Err() == nil
		})
	}
}

// connect returns a client of a server that speaks Redis's protocol. It tries nothing again by itself.
func connect(addr string) *redis.Client {
	return redis.NewClient(&redis.Options{
		Addr: addr, MaxRetries: -1, DialerRetries: 1,
		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
	})
}
