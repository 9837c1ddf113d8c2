package load

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"time"
)

// A linearClient works on one group after the other, at one node.
type linearClient struct {
	load     *Linear
	addr     string
	chance   *rand.Rand
	patience time.Duration

	mu   sync.Mutex // held to change the line, and by whoever else looks at it
	line *line      // nil if there is none

	group *group
	id    int         // in the group's history
	known [cells]seen // what it was told last
}

// Seen is a config as a client has read it.
type seen struct {
	value    int64
	digest   string // empty if it has not asked for it
	revision int64
}

// work does operations on a group until it is full or ctx ends.
func (c *linearClient) work(ctx context.Context, g *group) {
	c.group, c.id, c.known = g, g.client(), [cells]seen{}
	pace := time.NewTicker(c.load.Pace)
	defer pace.Stop()
	for ctx.Err() == nil && !g.full(c.load.Operations) {
		if !c.connected(ctx) || !c.act() {
			pauseFor(ctx, setBack)
			continue
		}
		select {
		case <-pace.C:
		case <-ctx.Done():
		}
	}
}

// connected makes sure that there is a line.
func (c *linearClient) connected(ctx context.Context) bool {
	if c.line != nil {
		return true
	}
	l, err := dial(ctx, c.addr, c.load.Lie, c.patience, []any{"CONF", "CONSISTENCY", "LINEARIZABLE"})
	if err != nil {
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.line = l
	return true
}

// hangUp has the client learn nothing more of what it waits for.
func (c *linearClient) hangUp() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.line != nil {
		c.line.cutter.hangUp()
	}
}

// drop gives the line up.
func (c *linearClient) drop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.line != nil {
		c.line.close()
		c.line = nil
	}
}

// act does something, and reports whether the node answers.
func (c *linearClient) act() bool {
	o := operation{steps: []step{c.any()}}
	switch n := c.chance.IntN(10); {
	case n == 0:
		o.steps = append(o.steps, c.any(), c.any())
	case n == 1:
		return c.watched()
	}
	_, known := c.do(o)
	return known == told
}

// watched changes something together with a config that it has watched, if nobody else has changed that.
func (c *linearClient) watched() bool {
	at := c.value()
	name := c.group.names[at]
	call := c.load.now()
	asked, err := c.line.ask([]any{"GET", name}, []any{"WATCH", name}, []any{"GET", name})
	for i := range asked {
		if err != nil || knows(asked[i].Err()) != told {
			c.drop()
			return false
		}
	}
	values := []int64{valueOf(at, asked[0].Val()), valueOf(at, asked[2].Val())}
	c.group.add(c.id, operation{steps: []step{c.get(at)}}, call, c.load.now(), outcome{values[1:]})
	c.load.count(told)
	// Equal values before and behind the WATCH are what it has seen, because none comes twice. Nothing may come and go.
	if values[0] != values[1] || values[0] == 0 {
		if c.line.Do(context.Background(), "UNWATCH").Err() != nil {
			c.drop()
		}
		return c.line != nil
	}
	_, known := c.do(operation{guarded: true, at: at, expect: values[0], steps: []step{c.set(at), c.any()}})
	return known == told
}

// do carries an operation out, and notes it.
func (c *linearClient) do(o operation) (outcome, knowledge) {
	transaction := o.guarded || len(o.steps) > 1 || o.steps[0].kind == look
	commands := c.commands(o, transaction)
	lost := none
	switch n := c.chance.IntN(1000); {
	case n < c.load.Cuts:
		lost = behind
	case n < c.load.Cuts+c.load.Cuts/4:
		lost = within
	}
	c.line.cutter.arm(lost)
	call := c.load.now()
	asked, err := c.line.ask(commands...)
	back := c.load.now()
	if err == nil {
		err = asked[len(asked)-1].Err()
	}
	known := knows(err)
	if lost == within && errors.Is(err, errCut) {
		known = declined // the node never had all of it
	}
	c.load.count(known)
	var out outcome
	switch known {
	case told:
		out = c.outcome(o, asked, transaction)
		c.group.add(c.id, o, call, back, out)
	case doubtful:
		c.group.add(c.id, o, call, back, nil)
		c.id = c.group.client()
	case absurd:
		c.load.violated("%s: %s answered %v to %v", c.group.namespace, c.addr, err, o)
	}
	if err != nil && !isReply(err) {
		c.drop()
	}
	return out, known
}
