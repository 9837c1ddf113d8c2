package differential

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"

	"confman/resp/transcript"
)

// A Step is a command over a connection.
type Step struct {
	Connection string
	Words      []string
}

// A Peer is one of the two servers, as a stream sees it.
type Peer interface {
	// Do sends steps in order and returns the bytes of their replies.
	Do(ctx context.Context, steps []Step) ([][]byte, error)
	// Renew closes the connections: the next step of each begins a new one.
	Renew()
}

// A Server is a server at an address.
type Server struct {
	Addr  string
	Hello [][]string // sent over each connection first, and again when it was reset

	wires map[string]*transcript.Wire
}

// Do sends what goes over the same connection in one go.
func (s *Server) Do(ctx context.Context, steps []Step) (replies [][]byte, err error) {
	for len(steps) > 0 {
		n := 1
		for n < len(steps) && steps[n].Connection == steps[0].Connection && !renews(steps[n-1].Words) {
			n++
		}
		commands := make([][]string, n)
		for i := range commands {
			commands[i] = steps[i].Words
		}
		w, err := s.wire(ctx, steps[0].Connection)
		if err != nil {
			return nil, err
		}
		answers, err := w.Do(ctx, commands...)
		if err != nil {
			return nil, fmt.Errorf("%s: %q: %w", s.Addr, commands, err)
		}
		if renews(commands[n-1]) {
			if _, err := w.Do(ctx, s.Hello...); err != nil {
				return nil, err
			}
		}
		replies, steps = append(replies, answers...), steps[n:]
	}
	return replies, nil
}

// renews reports whether a command may change the protocol of its connection.
func renews(words []string) bool {
	return strings.EqualFold(words[0], "RESET") || strings.EqualFold(words[0], "HELLO")
}

func (s *Server) wire(ctx context.Context, name string) (*transcript.Wire, error) {
	if w := s.wires[name]; w != nil {
		return w, nil
	}
	w, err := transcript.DialWire(ctx, s.Addr)
	if err != nil {
		return nil, err
	}
	if s.wires == nil {
		s.wires = map[string]*transcript.Wire{}
	}
	s.wires[name] = w
	_, err = w.Do(ctx, s.Hello...)
	return w, err
}

// Renew closes the connections.
func (s *Server) Renew() {
	for _, w := range s.wires {
		_ = w.Close()
	}
	s.wires = nil
}

// A Cluster sends each step to any of its nodes. A transaction stays with the node where it
// began, and so does a scan, whose cursor is that node's.
type Cluster struct {
	Nodes []*Server
	Rand  *rand.Rand

	pinned map[string]*Server // by connection
	last   *Server            // that was sent a step
}

// Do sends one step after the other: each must see what the one before it did.
func (c *Cluster) Do(ctx context.Context, steps []Step) (replies [][]byte, err error) {
	if c.pinned == nil {
		c.pinned = map[string]*Server{}
	}
	for _, step := range steps {
		node := c.pinned[step.Connection]
		if node == nil && goesOn(step.Words) {
			node = c.last
		}
		if node == nil {
			node = c.Nodes[c.Rand.IntN(len(c.Nodes))]
		}
		c.last = node
		answers, err := node.Do(ctx, []Step{step})
		if err != nil {
			return nil, err
		}
		replies = append(replies, answers...)
		if failed := answers[0][0] == '-' && !strings.HasPrefix(string(answers[0]), "-EXECABORT"); failed {
			continue
		}
		switch strings.ToUpper(step.Words[0]) {
		case "WATCH", "MULTI":
			c.pinned[step.Connection] = node
		case "EXEC", "DISCARD", "RESET":
			delete(c.pinned, step.Connection)
		}
	}
	return replies, nil
}

// goesOn reports whether a scan goes on where a node has stopped.
func goesOn(words []string) bool {
	switch strings.ToUpper(words[0]) {
	case "SCAN":
		return len(words) > 1 && words[1] != "0"
	case "HSCAN":
		return len(words) > 2 && words[2] != "0"
	}
	return false
}

// Renew closes the connections to all nodes.
func (c *Cluster) Renew() {
	c.pinned = nil
	for _, node := range c.Nodes {
		node.Renew()
	}
}
