package main

import (
	"context"
	"errors"
	"time"
)

// join is how many seconds it takes from the start of a node that joins until it has everything. It leaves again.
func join(ctx context.Context, s *service) (float64, error) {
	token, err := s.token(ctx, true)
	if err != nil {
		return 0, err
	}
	began := time.Now()
	if err := s.startNode(ctx, []string{"--join", token}); err != nil {
		return 0, err
	}
	last := len(s.nodes) - 1
	joined := s.nodes[last]
	if err := joined.await(ctx, "is no longer loading", func(ctx context.Context) bool { return info(ctx, joined.addr)["loading"] == "0" }); err != nil {
		return 0, err
	}
	err = s.settle(ctx)
	took := time.Since(began).Seconds()
	client := connect(s.nodes[0].addr)
	defer client.Close()
	gone := client.Do(ctx, "MEMBER", "REMOVE", info(ctx, joined.addr)["node_id"]).Err()
	joined.kill()
	s.nodes = s.nodes[:last]
	return took, errors.Join(err, gone)
}
