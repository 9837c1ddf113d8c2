package load

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"
)

// A localClient reads at one node, or writes and reads.
type localClient struct {
	load   *Local
	addr   string
	chance *rand.Rand
	bound  time.Duration // how old what it reads may be; as old as the node likes if 0
	line   *line         // nil if there is none
}

// work does one thing after the other until ctx ends.
func (c *localClient) work(ctx context.Context, every time.Duration, do func(*localClient, *chapter) bool) {
	defer c.drop()
	pace := time.NewTicker(every)
	defer pace.Stop()
	for ctx.Err() == nil {
		if !c.connected(ctx) || !c.visit(do) {
			pauseFor(ctx, setBack)
			continue
		}
		select {
		case <-pace.C:
		case <-ctx.Done():
		}
	}
}

// visit does something in the current chapter, and reports whether the node answers.
func (c *localClient) visit(do func(*localClient, *chapter) bool) bool {
	ch := c.load.current.Load()
	if !ch.enter() {
		return true // another one begins
	}
	defer ch.leave()
	return do(c, ch)
}

// connected makes sure that there is a line.
func (c *localClient) connected(ctx context.Context) bool {
	if c.line != nil {
		return true
	}
	var setup [][]any
	if c.bound > 0 {
		setup = append(setup, []any{"CONF", "CONSISTENCY", "BOUNDED", c.bound.Milliseconds()})
	}
	l, err := dial(ctx, c.addr, c.load.Lie, c.load.Patience, setup...)
	if err != nil {
		return false
	}
	l.until(ctx)
	c.line = l
	return true
}

func (c *localClient) drop() {
	if c.line != nil {
		c.line.close()
		c.line = nil
	}
}

// write sets all configs of the chapter, and reads them on the same connection.
func (c *localClient) write(ch *chapter) bool {
	value := fmt.Sprintf("v%d", c.load.writes.Add(1))
	if !ch.sends(value) {
		return c.read(ch)
	}
	if c.chance.IntN(20) == 0 {
		c.line.cutter.arm(behind)
	}
	asked, err := c.line.ask(
		[]any{"MULTI"},
		[]any{"HSET", ch.namespace, "a", value, "b", value, "c", value},
		[]any{"CONF", "REVISION"},
		[]any{"EXEC"},
	)
	told, ok := c.judge(err, asked[3].Err(), "MULTI; HSET; CONF REVISION; EXEC")
	switch told {
	case declined:
		err = ch.refused(value)
	case doubtful, absurd:
		return false
	default:
		replies, _ := asked[3].Val().([]any)
		err = fmt.Errorf("EXEC answered %v", replies)
		if len(replies) == 2 {
			revision, _ := replies[1].(int64)
			err = ch.acknowledged(c.addr, value, uint64(revision), c.load.now())
		}
	}
	c.verdict(ch, "write", true, err)
	return ok && c.read(ch)
}

// judge counts what was asked for, by the error of the connection and that of the last reply, and reports
// what is known of it and whether it was answered.
func (c *localClient) judge(broken, reply error, what string) (k knowledge, ok bool) {
	if broken != nil {
		reply = broken
		c.drop()
	}
	k = knows(reply)
	c.load.count(k)
	if k == absurd {
		c.load.violated("%s (seed %d): %s answered %v to %s", c.load.Name(), c.load.seed, c.addr, reply, what)
	}
	return k, k == told
}

// verdict notes what became of a check.
func (c *localClient) verdict(ch *chapter, what string, checked bool, err error) {
	if checked {
		c.load.checked.Add(1)
	}
	if err != nil {
		c.load.violated("%s (seed %d), %s at %s (bound %v) after %v: %v", ch.namespace, c.load.seed, what, c.addr, c.bound, c.load.now(), err)
	}
}

// read reads configs of the chapter, in one of several ways, and checks what it is told.
func (c *localClient) read(ch *chapter) bool {
	a, b := ch.namespace+"/a", ch.namespace+"/b"
	ways := [][][]any{
		{{"GET", a}},
		{{"HGETALL", ch.namespace}},
		{{"MGET", a, b}},
		{{"HMGET", ch.namespace, "b", "c"}},
		{{"MULTI"}, {"HGETALL", ch.namespace}, {"CONF", "META", a}, {"EXEC"}},
		{{"MULTI"}, {"MGET", b, a}, {"CONF", "META", a}, {"EXEC"}},
	}
	way := ways[c.chance.IntN(len(ways))]
	floor := ch.floor(c.addr, c.load.now(), c.bound)
	asked, err := c.line.ask(way...)
	last := asked[len(asked)-1]
	what := fmt.Sprint(way)
	if _, ok := c.judge(err, last.Err(), what); !ok {
		return false
	}
	r, err := readingOf(last.Val(), len(way) > 1)
	checked := true
	if err == nil {
		checked, err = ch.read(c.addr, r, floor)
	}
	c.verdict(ch, what, checked, err)
	return true
}

// readingOf takes a reply apart.
func readingOf(reply any, transaction bool) (r reading, err error) {
	content := reply
	if transaction {
		replies, _ := reply.([]any)
		if len(replies) != 2 {
			return r, fmt.Errorf("EXEC answered %v", reply)
		}
		content = replies[0]
		if meta, found := replies[1].(map[any]any); found {
			revision, _ := meta["revision"].(int64)
			r.revision = uint64(revision)
		}
	}
	var values []any
	switch all := content.(type) {
	case map[any]any:
		values = []any{all["a"], all["b"], all["c"]}
	case []any:
		values = all
	default:
		values = []any{content}
	}
	for _, v := range values {
		text, is := v.(string)
		if !is && v != nil {
			return r, fmt.Errorf("%v was answered", reply)
		}
		r.values = append(r.values, text)
	}
	if len(r.values) == 0 || transaction && (r.revision == 0) != (r.values[0] == "") {
		return r, fmt.Errorf("%v was answered", reply)
	}
	return r, nil
}
