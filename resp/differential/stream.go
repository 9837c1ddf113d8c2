package differential

import (
	"context"
	"fmt"
	"strings"
)

// A Stream compares what two servers answer to the same steps. It is for one goroutine.
type Stream struct {
	Confman, Redis Peer
	Catalog        *Catalog
	Space          Space
	Tally          *Tally
	Dumped         func(payload string) // is told what DUMP answered; may be nil
}

// A Difference is a step that the two servers answer otherwise.
type Difference struct {
	Step           Step
	Confman, Redis []byte // their replies
}

// An episode is what a stream plays from a state without data on.
type episode struct {
	*Stream
	ctx      context.Context
	held     map[string]holding
	sessions map[string]*session
	pending  []*call // sent with the next flush
	played   []Step
	found    *Difference
}

// most bounds how many steps are sent in one go.
const most = 64

// Play begins an episode and plays steps until there are no more or one is answered
// otherwise. It returns those that it played: rules leave some out.
func (s *Stream) Play(ctx context.Context, next func() (Step, bool)) (played []Step, found *Difference, err error) {
	e := &episode{Stream: s, ctx: ctx, held: map[string]holding{}, sessions: map[string]*session{}}
	if err := s.begin(ctx); err != nil {
		return nil, nil, err
	}
	for e.found == nil {
		step, more := next()
		if !more {
			return e.played, e.found, e.flush()
		}
		if err := e.play(s.Catalog.call(step)); err != nil {
			return e.played, nil, err
		}
	}
	return e.played, e.found, nil
}

// begin deletes what there is.
func (s *Stream) begin(ctx context.Context) error {
	for _, peer := range []Peer{s.Confman, s.Redis} {
		peer.Renew()
		if _, err := peer.Do(ctx, []Step{{Words: append([]string{"DEL"}, s.Space.All()...)}}); err != nil {
			return err
		}
	}
	return nil
}

// Close closes the connections.
func (s *Stream) Close() {
	s.Confman.Renew()
	s.Redis.Renew()
}

// play plays one step, unless a rule leaves it out.
func (e *episode) play(c *call) error {
	s := e.session(c.Connection)
	rule := leaves(c, e.holds, e.Space)
	if rule != nil && len(c.keys) > 0 && !s.multi {
		if err := e.ask(c.keys); err != nil || e.found != nil {
			return err
		}
		rule = leaves(c, e.holds, e.Space)
	}
	if rule == nil && (c.blocks() || s.multi && c.is("hello", "dbsize", "memory|usage")) {
		rule = &OwnRule
	}
	if rule != nil {
		e.Tally.Left[rule.ID]++
		return nil
	}
	if c.Group != "transactions" && !c.alone() || s.multi && !c.is("exec", "discard", "reset") {
		e.send(c)
		if len(e.pending) < most {
			return nil
		}
		return e.flush()
	}
	if err := e.flush(); err != nil || e.found != nil {
		return err
	}
	return e.playAlone(c)
}

// playAlone plays a step after which it matters what was answered.
func (e *episode) playAlone(c *call) error {
	s := e.session(c.Connection)
	switch {
	case c.is("exec") && s.multi:
		if err := e.ask(e.Space.All()); err != nil {
			return err
		}
		if id := e.refuses(s); id != "" {
			e.Tally.Left[id]++
			c = e.Catalog.call(Step{c.Connection, []string{"DISCARD"}})
		}
	case c.is("watch") && !s.multi, c.is("dbsize", "memory|usage"):
		if err := e.ask(e.Space.All()); err != nil { // so that Redis finds nothing that has expired
			return err
		}
	case c.is("scan", "hscan") && !s.multi:
		return e.walk(c)
	}
	e.send(c)
	return e.flush()
}

// send has a step sent with the next flush.
func (e *episode) send(c *call) {
	e.pending = append(e.pending, c)
	e.played = append(e.played, c.Step)
	e.effects(c)
}

// effects notes what names may hold after a call.
func (e *episode) effects(c *call) {
	brings := c.brings()
	for _, k := range c.keys {
		e.held[k] = e.held[k].or(brings)
	}
	if c.Writes {
		for _, s := range e.sessions {
			s.touch(c.keys)
		}
	}
}

// holds tells what a name may hold.
func (e *episode) holds(key string) holding { return e.held[key] }

// flush sends what is pending to both servers and compares the replies, up to the first
// difference.
func (e *episode) flush() error {
	if len(e.pending) == 0 {
		return nil
	}
	calls := e.pending
	e.pending = nil
	steps := make([]Step, len(calls))
	for i, c := range calls {
		steps[i] = c.Step
	}
	ours, theirs, err := e.both(steps)
	if err != nil {
		return err
	}
	for i, c := range calls {
		if !e.compare(c, ours[i], theirs[i]) {
			e.played = e.played[:len(e.played)-len(calls)+i+1]
			e.found = &Difference{c.Step, ours[i], theirs[i]}
			return nil
		}
	}
	return nil
}

// both sends steps to both servers.
func (e *episode) both(steps []Step) (ours, theirs [][]byte, err error) {
	done := make(chan error, 1)
	go func() {
		var err error
		ours, err = e.Confman.Do(e.ctx, steps)
		done <- err
	}()
	theirs, err = e.Redis.Do(e.ctx, steps)
	if ourErr := <-done; ourErr != nil {
		return nil, nil, fmt.Errorf("confman: %w", ourErr)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("redis: %w", err)
	}
	return ours, theirs, nil
}

// compare compares the replies to a call, and notes what they say of the transaction.
func (e *episode) compare(c *call, ours, theirs []byte) bool {
	s := e.session(c.Connection)
	if queued := string(theirs) == "+QUEUED\r\n"; queued && string(ours) == string(theirs) {
		s.queue = append(s.queue, c)
		return true
	}
	same := false
	if c.is("exec") && s.multi && theirs[0] == '*' && !null(theirs) {
		e.Tally.Compared[c.Name]++
		e.Tally.Answered[c.Name]++
		same = e.Tally.compareExec(s.queue, ours, theirs)
	} else {
		same = e.Tally.compare(c, ours, theirs) && e.holdsUp(c, ours)
	}
	if c.is("dump") && e.Dumped != nil {
		if payload, found := bulk(theirs); found {
			e.Dumped(payload)
		}
	}
	s.answered(e, c, theirs)
	return same
}

// ask plays what is pending and asks Redis what names hold.
func (e *episode) ask(keys []string) error {
	if err := e.flush(); err != nil || e.found != nil {
		return err
	}
	var steps []Step
	for _, k := range keys {
		steps = append(steps, Step{asking, []string{"TYPE", k}}, Step{asking, []string{"PTTL", k}})
	}
	replies, err := e.Redis.Do(e.ctx, steps)
	if err != nil {
		return err
	}
	for i, k := range keys {
		kind, left := string(replies[2*i]), string(replies[2*i+1])
		e.held[k] = holding{kind == "+string\r\n", kind == "+hash\r\n", !strings.HasPrefix(left, ":-")}
	}
	return nil
}

// asking is the connection over which Redis is asked.
const asking = "asking"
