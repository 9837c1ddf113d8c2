package resp

import (
	"context"
	"strings"
	"sync"
	"time"

	"confman/store"
)

// progress wakes all who wait for the data to change. The zero value is ready.
type progress struct {
	mu     sync.Mutex
	waited chan struct{} // is closed at the next change; nil while nobody waits
}

// next returns a channel that is closed at the next change. Who looks at the data after this call,
// and finds nothing, misses nothing.
func (p *progress) next() <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.waited == nil {
		p.waited = make(chan struct{})
	}
	return p.waited
}

// signal wakes them.
func (p *progress) signal() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.waited != nil {
		close(p.waited)
		p.waited = nil
	}
}

// changed has those who wait look at the data again. It may be called before Serve.
func (s *Server) changed() { s.progress.signal() }

// An asking is what XREAD asks of each of its streams.
type asking struct {
	keys, ids []string
	count     int64
	blocks    bool
	timeout   time.Duration // zero for ever
	parts     []part        // what it reads: a key that names no stream is none
}

// maxAsked bounds how many streams one XREAD reads: each is a walk over all that is kept.
const maxAsked = 64

// A part is where an asking stands in one of its streams.
type part struct {
	key string
	stream
	after position
	last  bool // from its last change on, which is to be found
}

// xread answers with what has changed, or waits for that.
func xread(ctx context.Context, c *Call) Reply {
	a, err := c.asks()
	if err == nil {
		err = c.session.look(ctx, a.begin)
	}
	if err == nil {
		err = a.findLast(ctx, c)
	}
	if err != nil {
		return err
	}
	reply, err := a.read(ctx, c)
	switch {
	case err != nil:
		return err
	case reply != nil:
		return reply
	case !a.blocks || c.session.executing:
		return NullArray{}
	}
	return a.wait(ctx, c)
}

// asks reads the words of XREAD, in the order in which Redis finds what is wrong with them.
func (c *Call) asks() (a asking, err error) {
	for words := c.Args; len(words) > 0; {
		option, behind := strings.ToUpper(words[0]), len(words)-1
		taken := 2
		switch {
		case option == "BLOCK" && behind > 0:
			a.blocks = true
			a.timeout, err = parseTimeout(words[1])
		case option == "COUNT" && behind > 0:
			a.count, err = parseInt(words[1])
			a.count = max(a.count, 0)
		case option == "STREAMS" && behind > 0:
			if behind%2 != 0 {
				return a, errUnbalanced
			}
			if behind/2 > maxAsked {
				return a, errManyStreams
			}
			a.keys, a.ids = words[1:1+behind/2], words[1+behind/2:]
			return a, a.check()
		case option == "GROUP" && behind > 1:
			return a, errGroupOption
		case option == "NOACK":
			return a, errNoAckOption
		default:
			return a, errSyntax
		}
		if err != nil {
			return a, err
		}
		words = words[taken:]
	}
	return a, errSyntax
}

// check checks the keys.
func (a *asking) check() error {
	for _, key := range a.keys {
		if _, _, err := checkStream(key); err != nil {
			return err
		}
	}
	return nil
}

// begin finds out where each stream is to be read from.
func (a *asking) begin(tx *store.Tx) error {
	a.parts = nil
	for i, key := range a.keys {
		s, found := streamNamed(key)
		if !found {
			if err := notStream(tx, key); err != nil {
				return err
			}
		}
		after, err := from(tx, a.ids[i])
		if err != nil {
			return err
		}
		if found {
			a.parts = append(a.parts, part{key, s, after, a.ids[i] == "+"})
		}
	}
	return nil
}

// from reads an id of XREAD. One that names a revision only says that all of it was seen.
func from(tx *store.Tx, id string) (position, error) {
	switch id {
	case "$", "+":
		return position{max(tx.LastPast(), tx.PastFloor()), lastPosition.n}, nil
	case ">":
		return position{}, errNewID
	}
	return parsePosition(id, lastPosition.n)
}

// findLast finds the last change of the streams of which that is wanted.
func (a *asking) findLast(ctx context.Context, c *Call) error {
	for i := range a.parts {
		p := &a.parts[i]
		if !p.last {
			continue
		}
		r := excerpt{stream: p.stream, to: lastPosition, backwards: true, count: 1}
		if err := c.session.read(ctx, &r); err != nil {
			return err
		}
		if len(r.ids) > 0 {
			p.after = position{r.ids[0].revision - 1, lastPosition.n}
		}
	}
	return nil
}

// read returns what has changed in the streams, or nil. Where nothing has, it goes on from there the
// next time. When the reply is long enough, the streams that are left have to wait for the next one.
func (a *asking) read(ctx context.Context, c *Call) (Reply, error) {
	pairs, byKey := []Reply{}, Map{}
	size := 0
	for i := 0; i < len(a.parts) && size < maxStreamReply; i++ {
		p := &a.parts[i]
		r := excerpt{stream: p.stream, to: lastPosition, count: a.count, size: size}
		r.behind(p.after)
		if err := c.session.read(ctx, &r); err != nil {
			return nil, err
		}
		size = r.size
		if seen := (position{r.latest, lastPosition.n}); len(r.entries) == 0 && p.after.less(seen) {
			p.after = seen
		} else if len(r.entries) > 0 {
			pairs, byKey = append(pairs, []Reply{p.key, r.all()}), append(byKey, p.key, r.all())
		}
	}
	switch {
	case len(pairs) == 0:
		return nil, nil
	case c.session.protocol == 3:
		return byKey, nil
	}
	return pairs, nil
}

// wait waits for a change in one of the streams, until the client hangs up or the server ends at the
// latest.
func (a *asking) wait(ctx context.Context, c *Call) Reply {
	s, answer := c.session, Reply(NullArray{})
	unblocked := s.block(ctx, a.timeout, func(waiting context.Context) {
		for {
			next := s.server.progress.next()
			reply, err := a.read(ctx, c)
			switch {
			case err != nil:
				answer = err
				return
			case reply != nil:
				answer = reply
				return
			}
			select {
			case <-next:
			case <-waiting.Done():
				return
			}
		}
	})
	if unblocked != nil {
		return unblocked
	}
	return answer
}
