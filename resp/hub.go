package resp

import (
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// The ways of what a client subscribes to.
const (
	channels = iota
	patterns
	shards
	ways
)

// A hub knows which clients of this node are subscribed to what. Its zero value knows of none.
type hub struct {
	some atomic.Int64 // how many subscriptions there are

	mu   sync.Mutex
	subs [ways]map[string]map[*conn]struct{} // by channel or pattern
}

// add subscribes a client, which is not subscribed to that yet.
func (h *hub) add(kind int, name string, c *conn) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.subs[kind] == nil {
		h.subs[kind] = map[string]map[*conn]struct{}{}
	}
	if h.subs[kind][name] == nil {
		h.subs[kind][name] = map[*conn]struct{}{}
	}
	h.subs[kind][name][c] = struct{}{}
	h.some.Add(1)
}

// remove ends a subscription.
func (h *hub) remove(kind int, name string, c *conn) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.subs[kind][name], c)
	if len(h.subs[kind][name]) == 0 {
		delete(h.subs[kind], name)
	}
	h.some.Add(-1)
}

// publish posts a message to the subscribers of a channel, and counts them: one that is subscribed in
// several ways gets it as often. It waits for nobody.
func (h *hub) publish(channel, message string) (receivers int64) {
	if h.some.Load() == 0 {
		return 0
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	receivers = post(h.subs[channels][channel], Push{"message", channel, message})
	for pattern, subscribers := range h.subs[patterns] {
		if glob(pattern, channel) {
			receivers += post(subscribers, Push{"pmessage", pattern, channel, message})
		}
	}
	return receivers
}

// publishShard does so for a channel of a shard, of which there is one.
func (h *hub) publishShard(channel, message string) (receivers int64) {
	if h.some.Load() == 0 {
		return 0
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	return post(h.subs[shards][channel], Push{"smessage", channel, message})
}

func post(subscribers map[*conn]struct{}, message Reply) int64 {
	for c := range subscribers {
		c.post(message)
	}
	return int64(len(subscribers))
}

// cut hangs up on the clients that are subscribed in a way.
func (h *hub) cut(kind int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, subscribers := range h.subs[kind] {
		for c := range subscribers {
			c.cut()
		}
	}
}

// dropListeners hangs up on the clients that may be sent notifications, and counts them. It waits for nobody.
func (h *hub) dropListeners() (dropped int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, kind := range []int{channels, patterns} {
		for name, subscribers := range h.subs[kind] {
			if kind == channels && !strings.HasPrefix(name, keyChannels) || kind == patterns && !mayBegin(name, keyChannels) {
				continue
			}
			for c := range subscribers {
				c.kill()
				dropped++
			}
		}
	}
	return dropped
}

// names returns what there are subscriptions to of a kind that matches a pattern, or all.
func (h *hub) names(kind int, pattern string, all bool) []Reply {
	h.mu.Lock()
	defer h.mu.Unlock()
	names := []Reply{}
	for _, name := range slices.Sorted(maps.Keys(h.subs[kind])) {
		if all || glob(pattern, name) {
			names = append(names, name)
		}
	}
	return names
}

// count counts the subscribers of a channel.
func (h *hub) count(kind int, name string) int64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	return int64(len(h.subs[kind][name]))
}

// size counts what there are subscriptions to of a kind.
func (h *hub) size(kind int) int64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	return int64(len(h.subs[kind]))
}
