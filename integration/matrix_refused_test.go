package integration

import (
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"
	"github.com/redis/rueidis"
)

// Clients of Redis Cluster and of Sentinel, for which some clients take several addresses, are told at once
// that a node is neither.
func refuseClusters(t *testing.T, nodes []*node) {
	var addresses []string
	for _, n := range nodes {
		addresses = append(addresses, n.resp)
	}
	universal := redis.NewUniversalClient(&redis.UniversalOptions{Addrs: addresses})
	defer universal.Close()
	sentinel := redis.NewFailoverClient(&redis.FailoverOptions{MasterName: "master", SentinelAddrs: addresses, DialerRetries: 1, MaxRetries: -1})
	defer sentinel.Close()
	_, clustered := rueidis.NewClient(rueidis.ClientOption{InitAddress: addresses})
	_, guarded := rueidis.NewClient(rueidis.ClientOption{InitAddress: addresses, Sentinel: rueidis.SentinelOption{MasterSet: "master"}})
	for _, c := range []struct {
		client string
		err    error
		want   string
	}{
		{"go-redis for clusters", universal.Set(t.Context(), "a", "1", 0).Err(), "unknown command 'cluster'"},
		{"go-redis for sentinels", sentinel.Set(t.Context(), "a", "1", 0).Err(), "unknown command 'sentinel'"},
		{"rueidis for clusters", clustered, "unknown command 'cluster'"},
		{"rueidis for sentinels", guarded, "unknown command 'sentinel'"},
	} {
		if c.err == nil || !strings.Contains(strings.ToLower(c.err.Error()), c.want) {
			t.Errorf("%s: %v, want %s", c.client, c.err, c.want)
		}
	}
}
