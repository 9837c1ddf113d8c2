package resp_test

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"

	"confman/resp"
	"confman/resp/differential"
)

// randomCommands is how many are compared in each version of the protocol: 150,000, or with -short a tenth, or
// CONFMAN_RANDOM_COMMANDS.
func randomCommands() int { return fromEnv("CONFMAN_RANDOM_COMMANDS", fewer(150_000)) }

// fewer is how often a test repeats what it does: n times, or a tenth of that with -short, with the same checks.
func fewer(n int) int {
	if testing.Short() {
		return n / 10
	}
	return n
}

// randomSeed is where the seeds of the streams begin: 1, or CONFMAN_RANDOM_SEED.
func randomSeed() int { return fromEnv("CONFMAN_RANDOM_SEED", 1) }

func fromEnv(name string, otherwise int) int {
	if n, err := strconv.Atoi(os.Getenv(name)); err == nil {
		return n
	}
	return otherwise
}

// Random commands get Redis's answers, in both versions of the protocol.
func TestRandomCommandsAreRedis(t *testing.T) {
	for _, protocol := range []string{"2", "3"} {
		t.Run("RESP"+protocol, func(t *testing.T) {
			const streams = 2
			tallies := make([]*differential.Tally, streams)
			var catalog *differential.Catalog
			var running sync.WaitGroup
			for i := range streams {
				s := stream(t, protocol, i%2 == 1)
				tallies[i], catalog = s.Tally, s.Catalog
				seed := uint64(randomSeed() + i)
				running.Go(func() {
					g := differential.NewGenerator(seed, s.Catalog, s.Space)
					failures, err := s.Explore(t.Context(), g, fmt.Sprintf("RESP%s, seed %d", protocol, seed), randomCommands()/streams)
					if err != nil {
						t.Error(err)
					}
					for _, f := range failures {
						t.Errorf("confman and Redis (!) answer:\n%v", f)
					}
				})
			}
			running.Wait()
			for _, other := range tallies[1:] {
				tallies[0].Add(other)
			}
			t.Logf("%v\nnot in Redis: %s", tallies[0], strings.Join(catalog.Later, " "))
			if missing := catalog.Missing(tallies[0]); len(missing) > 0 && !t.Failed() {
				t.Errorf("never answered without an error: %q", missing)
			}
		})
	}
}

// stream returns one between a confman and a Redis of its own.
func stream(t *testing.T, protocol string, paths bool) *differential.Stream {
	t.Helper()
	confman, redis := serve(t, &resp.Server{AllowFlush: true, Namespaces: true}), redis(t)
	catalog, err := differential.Learn(context.Background(), confman, redis)
	if err != nil {
		t.Fatal(err)
	}
	hello := [][]string{{"HELLO", protocol}}
	s := &differential.Stream{
		Confman: &differential.Server{Addr: confman, Hello: hello},
		Redis:   &differential.Server{Addr: redis, Hello: hello},
		Catalog: catalog, Space: differential.NewSpace("", paths), Tally: differential.NewTally(),
	}
	t.Cleanup(s.Close)
	return s
}
