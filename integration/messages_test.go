package integration

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// subscribe has a client of a node listen to what matches a pattern, until the end of the test.
func (n *node) subscribe(t *testing.T, pattern string) <-chan *redis.Message {
	t.Helper()
	c := n.client()
	s := c.PSubscribe(t.Context(), pattern)
	t.Cleanup(func() {
		_ = s.Close()
		_ = c.Close()
	})
	if _, err := s.Receive(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s.Channel(redis.WithChannelSize(100_000))
}

// collect takes messages until there are as many as expected, or none came for long.
func collect(messages <-chan *redis.Message, n int) (all []string) {
	for len(all) < n {
		select {
		case m := <-messages:
			all = append(all, m.Channel+" "+m.Payload)
		case <-time.After(20 * time.Second):
			return all
		}
	}
	return all
}

// What is published on any node reaches the subscribers of all, each message once and those of each
// publisher in order; also after a node was killed and has come back.
func TestMessagesReachEveryNode(t *testing.T) {
	nodes := three(t)
	const messages = 200
	for round := range 2 {
		var heard []<-chan *redis.Message
		for _, n := range nodes {
			heard = append(heard, n.subscribe(t, "news.*"))
		}
		var all sync.WaitGroup
		for i, n := range nodes {
			c := n.client()
			defer c.Close()
			all.Go(func() {
				for j := range messages {
					if err := c.Publish(t.Context(), fmt.Sprintf("news.%d", i), j).Err(); err != nil {
						t.Error(err)
					}
				}
			})
		}
		all.Wait()
		for i, messagesOf := range heard {
			next := map[string]int{}
			for _, got := range collect(messagesOf, messages*len(nodes)) {
				channel, text, _ := strings.Cut(got, " ")
				if text != fmt.Sprint(next[channel]) {
					t.Fatalf("round %d: node %d heard %s of %s, want %d", round, i, text, channel, next[channel])
				}
				next[channel]++
			}
			if len(next) != len(nodes) || next["news.0"] != messages || next["news.1"] != messages || next["news.2"] != messages {
				t.Errorf("round %d: node %d heard %v", round, i, next)
			}
		}
		if round == 0 {
			victim := nodes[leader(t, nodes)]
			victim.kill()
			victim.start()
			settled(t, nodes)
			for _, from := range nodes { // the old connections are noticed when something is said
				c := from.client()
				defer c.Close()
				for _, to := range nodes {
					back := to.subscribe(t, "back")
					to.eventually("it is told by "+from.resp, func() bool {
						_ = c.Publish(context.Background(), "back", "x") // it may be lost
						select {
						case <-back:
							return true
						default:
							return false
						}
					})
				}
			}
		}
	}
}

// Whichever node has taken a change, all nodes tell of all changes, in one order.
func TestNotificationsHaveOneOrder(t *testing.T) {
	nodes := three(t)
	any := nodes[0].client()
	defer any.Close()
	if err := any.ConfigSet(t.Context(), "notify-keyspace-events", "EA").Err(); err != nil {
		t.Fatal(err)
	}
	for _, n := range nodes {
		c := n.client()
		defer c.Close()
		n.eventually("the setting is here", func() bool {
			got, err := c.ConfigGet(t.Context(), "notify-keyspace-events").Result()
			return err == nil && got["notify-keyspace-events"] == "AE"
		})
	}
	var heard []<-chan *redis.Message
	for _, n := range nodes {
		heard = append(heard, n.subscribe(t, "__keyevent@0__:incrby"))
	}
	const writes = 300
	var all sync.WaitGroup
	for i, n := range nodes {
		c := n.client()
		defer c.Close()
		all.Go(func() {
			r := rand.New(rand.NewPCG(1, uint64(i)))
			for range writes {
				if err := c.Incr(t.Context(), fmt.Sprintf("count/%d-%d", i, r.IntN(10))).Err(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	first := collect(heard[0], writes*len(nodes))
	if len(first) != writes*len(nodes) {
		t.Errorf("%d notifications of %d writes", len(first), writes*len(nodes))
	}
	for i := range heard[1:] {
		if other := collect(heard[i+1], writes*len(nodes)); !slices.Equal(first, other) {
			t.Errorf("node %d tells in another order", i+1)
		}
	}
}
