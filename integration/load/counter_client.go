package load

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"
)

// A counterClient sends pipelines to one node.
type counterClient struct {
	load   *Counter
	addr   string
	pulse  *pulse
	id     int
	chance *rand.Rand
	line   *line // nil if there is none

	owns  int    // configs that it has had for itself
	own   string // what is in the last of them
	known bool   // that it is; if not, the client takes another
}

// A request is a command with the check of its answer.
type request struct {
	words []any
	heard func(k knowledge, answer any) error
}

// work sends one pipeline after the other until ctx ends.
func (c *counterClient) work(ctx context.Context) {
	defer c.drop()
	pace := time.NewTicker(c.load.Pace)
	defer pace.Stop()
	for ctx.Err() == nil {
		if !c.connected(ctx) || !c.send() {
			pauseFor(ctx, setBack)
			continue
		}
		select {
		case <-pace.C:
		case <-ctx.Done():
		}
	}
}

func (c *counterClient) connected(ctx context.Context) bool {
	if c.line != nil {
		return true
	}
	l, err := dial(ctx, c.addr, c.load.Lie, c.load.Patience)
	if err != nil {
		return false
	}
	l.until(ctx)
	c.line = l
	return true
}

func (c *counterClient) drop() {
	if c.line != nil {
		c.line.close()
		c.line = nil
	}
}

// send sends a pipeline, and has each answer checked. It reports whether the node answers.
func (c *counterClient) send() bool {
	s := c.load.current.Load()
	if s.enter() {
		defer s.leave()
	} else {
		return true // another scroll begins
	}
	var requests []request
	if !c.known {
		requests = append(requests, request{[]any{"DEL", c.name()}, func(knowledge, any) error { return nil }})
		c.owns, c.own, c.known = c.owns+1, "", true
	}
	for range 1 + c.chance.IntN(12) {
		requests = append(requests, c.any(s))
	}
	commands := make([][]any, len(requests))
	for i, r := range requests {
		commands[i] = r.words
	}
	lost := c.chance.IntN(1000) < c.load.Cuts
	if lost {
		c.line.cutter.arm(behind)
	}
	asked, broken := c.line.ask(commands...)
	answers := true
	for i, r := range requests {
		k := knows(asked[i].Err())
		c.load.count(k)
		var err error
		if k == absurd {
			err = asked[i].Err()
		}
		if err == nil {
			err = r.heard(k, asked[i].Val())
		}
		if k == told {
			c.load.checked.Add(1)
		}
		if err != nil {
			c.load.violated("%s (seed %d): %s answered %v to %v: %v", c.load.run, c.load.seed, c.addr, asked[i].Val(), r.words, err)
		}
		answers = answers && k == told
	}
	if broken != nil {
		c.mourn(broken, commands)
	}
	return answers
}

// mourn gives the line up. That a node hangs is no violation, but that it answers others all the while is one.
func (c *counterClient) mourn(why error, commands [][]any) {
	c.drop()
	if isTimeout(why) && c.pulse.steady(c.load.Patience*2/3) {
		c.load.violated("%s (seed %d): %s has not answered %v for %v, and has answered others", c.load.run, c.load.seed, c.addr, commands, c.load.Patience)
	}
}

// any makes a request by chance.
func (c *counterClient) any(s *scroll) request {
	nonce := fmt.Sprintf("n%d", c.load.requests.Add(1))
	switch c.chance.IntN(8) {
	case 0:
		return request{[]any{"ECHO", nonce}, answersWith(nonce)}
	case 1:
		return request{[]any{"PING", nonce}, answersWith(nonce)}
	case 2:
		return c.set(nonce)
	case 3, 4:
		return c.get()
	case 5:
		return c.count(c.load.ones, 1, "INCR", c.load.ones.name)
	case 6:
		by := 1 + c.chance.Int64N(9)
		return c.count(c.load.several, by, "HINCRBY", c.load.run, "several", by)
	}
	return c.append(s, nonce+end)
}

// answersWith checks that an answer is the one that is expected.
func answersWith(expected any) func(knowledge, any) error {
	return func(k knowledge, answer any) error {
		if k == told && answer != expected {
			return fmt.Errorf("it is not %v", expected)
		}
		return nil
	}
}

func (c *counterClient) name() string {
	return fmt.Sprintf("%s/own-%d-%d", c.load.run, c.id, c.owns)
}

// set sets the config that the client has for itself.
func (c *counterClient) set(value string) request {
	return request{[]any{"SET", c.name(), value}, func(k knowledge, answer any) error {
		switch k {
		case told:
			c.own = value
		case doubtful:
			c.known = false
		}
		return answersWith("OK")(k, answer)
	}}
}

// get reads what the client has written itself.
func (c *counterClient) get() request {
	return request{[]any{"GET", c.name()}, func(k knowledge, answer any) error {
		if text, _ := answer.(string); c.known && k == told && text != c.own {
			return fmt.Errorf("it is not %q", c.own)
		}
		return nil
	}}
}

// count counts something up.
func (c *counterClient) count(s *sum, by int64, words ...any) request {
	s.sends(by)
	return request{words, func(k knowledge, answer any) error {
		number, _ := answer.(int64)
		return s.answered(by, k, number)
	}}
}

// append writes a word into the scroll, or asks how long it is when it is full.
func (c *counterClient) append(s *scroll, word string) request {
	if !s.sends(word) {
		return request{[]any{"ECHO", word}, answersWith(word)}
	}
	return request{[]any{"APPEND", s.name, word}, func(k knowledge, answer any) error {
		s.answered(word, k)
		if length, _ := answer.(int64); k == told && length < int64(len(word)) {
			return fmt.Errorf("it is not as long as what was appended")
		}
		return nil
	}}
}
