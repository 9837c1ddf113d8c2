package load

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"
)

// A subscriber listens at a node.
type subscriber struct {
	*Notify
	addr string

	mu       sync.Mutex
	hearings map[string]*heard // by names of writers and channels; nil while it is not subscribed
}

// Heard is what was heard of a voice, and of a writer which event comes next.
type heard struct {
	*hearing
	pending string // of the namespace, behind that of the config
}

// hears reports whether it is subscribed.
func (s *subscriber) hears() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.hearings != nil
}

// complete reports whether it has heard all that it has to.
func (s *subscriber) complete() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, h := range s.hearings {
		if h.pending != "" || !h.lossy && !h.complete() {
			return false
		}
	}
	return s.hearings != nil
}

// run listens until ctx ends, and begins anew whenever a connection breaks.
func (s *subscriber) run(ctx context.Context) {
	for ctx.Err() == nil {
		if err := s.listen(ctx); err != nil {
			pauseFor(ctx, setBack)
		}
	}
}

// listen listens over one connection.
func (s *subscriber) listen(ctx context.Context) error {
	c, err := connect(ctx, s.addr, "3", s.Lie, s.take)
	if err != nil {
		return err
	}
	defer c.Close()
	defer s.begin(nil)
	s.connections.Add(1)
	if err := s.subscribe(c); err != nil {
		return err
	}
	s.begin(s.voices())
	for idle := 0; ctx.Err() == nil; idle++ {
		if err := c.listen(200 * time.Millisecond); err != nil {
			return err
		}
		if idle%10 == 9 {
			if _, err := c.do("PING"); err != nil {
				return err
			}
		}
	}
	return nil
}

// subscribe subscribes at a node that knows all that has happened: one that does not may be so far behind that nobody
// could say which number is meant.
func (s *subscriber) subscribe(c *conn) error {
	words := []string{"SUBSCRIBE"}
	for _, v := range s.publishers {
		words = append(words, v.name)
	}
	err := errors.Join(c.send("PSUBSCRIBE", keyspace+s.part+"*"), c.send(words...))
	for _, words := range [][]string{{"CONF", "CONSISTENCY", "LINEARIZABLE"}, {"EXISTS", s.part + "w0/0"}, {"PING"}} {
		if err == nil {
			_, err = c.do(words...)
		}
	}
	return err
}

// voices are all voices as they are to be heard from now on.
func (s *subscriber) voices() map[string]*heard {
	all := map[string]*heard{}
	for _, v := range s.writers {
		all[v.name] = &heard{hearing: hear(v, false)}
	}
	for addr, v := range s.publishers {
		all[v.name] = &heard{hearing: hear(v, addr != s.addr)}
	}
	return all
}

func (s *subscriber) begin(hearings map[string]*heard) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hearings = hearings
}

// take takes what the node sends.
func (s *subscriber) take(push []any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.hearings == nil {
		return
	}
	words := make([]string, len(push))
	for i, w := range push {
		words[i], _ = w.(string)
	}
	var err error
	switch {
	case len(words) == 3 && words[0] == "message":
		err = s.message(words[1], words[2])
	case len(words) == 4 && words[0] == "pmessage":
		err = s.notification(strings.TrimPrefix(words[2], keyspace), words[3])
	}
	if err != nil {
		s.violated("at %s: %v", s.addr, err)
	}
	s.checked.Add(1)
}

func (s *subscriber) message(channel, text string) error {
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		return err
	}
	return s.hearings[channel].take(n)
}

// notification takes an event of a config, or of the namespace that it is in.
func (s *subscriber) notification(name, event string) error {
	if h := s.hearings[name]; h != nil {
		expected := h.pending
		if h.pending = ""; event != expected && h.next > 0 {
			return fmt.Errorf("%s is told of %s where %q was next", event, name, expected)
		}
		return nil
	}
	at := strings.LastIndexByte(name, '/')
	h := s.hearings[name[:max(at, 0)]]
	place, err := strconv.ParseUint(name[at+1:], 10, 64)
	if h == nil || err != nil {
		return fmt.Errorf("%s of %s, which nobody writes: %w", event, name, err)
	}
	n := h.nearest(place, notifyRing)
	config, namespace := eventsOf(n)
	if err := h.take(n); err != nil {
		return err
	}
	expected := h.pending
	if h.pending = namespace; event != config || expected != "" {
		return fmt.Errorf("%s is told of %s where %q was next", event, name, cmp.Or(expected, config))
	}
	return nil
}
