package differential

import (
	"fmt"
	"slices"
	"strings"
)

// A session is what a connection's transaction has come to.
type session struct {
	multi   bool
	queue   []*call
	watched map[string]*watched
}

// watched is a name under WATCH.
type watched struct{ absent, touched bool }

func (e *episode) session(connection string) *session {
	s := e.sessions[connection]
	if s == nil {
		s = &session{watched: map[string]*watched{}}
		e.sessions[connection] = s
	}
	return s
}

// touch notes that names were perhaps written; all of them if none is given.
func (s *session) touch(keys []string) {
	for k, w := range s.watched {
		w.touched = w.touched || len(keys) == 0 || slices.Contains(keys, k)
	}
}

// answered notes what a reply means for the transaction.
func (s *session) answered(e *episode, c *call, reply []byte) {
	failed := reply[0] == '-'
	switch {
	case c.is("multi") && !failed:
		s.multi = true
	case c.is("watch") && !failed:
		for _, k := range c.keys {
			if s.watched[k] == nil {
				h := e.held[k]
				s.watched[k] = &watched{absent: !h.text && !h.hash}
			}
		}
	case c.is("unwatch") && !failed:
		clear(s.watched)
	case c.is("exec", "discard", "reset") && (!failed || strings.HasPrefix(string(reply), "-EXECABORT")):
		queue := s.queue
		*s = session{watched: map[string]*watched{}}
		if c.is("exec") {
			for _, q := range queue {
				e.effects(q)
			}
		}
	}
}

// refuses returns the ID of the deviation that EXEC would meet, or "". What names hold is known
// and not guessed when it is called.
func (e *episode) refuses(s *session) string {
	for k, w := range s.watched {
		if h := e.held[k]; w.touched && w.absent && !h.text && !h.hash {
			return WatchRule.ID
		}
	}
	held := map[string]holding{}
	for k, h := range e.held {
		held[k] = h
	}
	for _, c := range s.queue {
		if rule := leaves(c, func(k string) holding { return held[k] }, e.Space); rule != nil {
			return rule.ID
		}
		for _, k := range c.keys {
			held[k] = held[k].or(c.brings())
		}
	}
	return ""
}

// walk plays SCAN or HSCAN to its end on both servers, and compares what all pages together
// have.
func (e *episode) walk(c *call) error {
	e.played = append(e.played, c.Step)
	ours, err := e.pages(e.Confman, c)
	if err != nil {
		return err
	}
	theirs, err := e.pages(e.Redis, c)
	if err != nil {
		return err
	}
	if !e.Tally.compare(c, ours, theirs) {
		e.found = &Difference{c.Step, ours, theirs}
	}
	return nil
}

// pages returns the reply that a scan would give if it gave all at once.
func (e *episode) pages(peer Peer, c *call) ([]byte, error) {
	const enough = 1000 // pages of a few names
	at := c.first + 1
	words := slices.Clone(c.Words)
	size := 1
	if c.is("hscan") && !c.has("NOVALUES") {
		size = 2
	}
	var all [][]byte
	for range enough {
		replies, err := peer.Do(e.ctx, []Step{{c.Connection, words}})
		if err != nil {
			return nil, err
		}
		_, page := elements(replies[0])
		if len(page) != 2 {
			return replies[0], nil // an error
		}
		_, items := elements(page[1])
		all = append(all, items...)
		cursor, isBulk := bulk(page[0])
		if !isBulk {
			return nil, fmt.Errorf("%q answers %q", words, replies[0])
		}
		if cursor == "0" {
			return appendArray(nil, page[0], distinct(all, size)), nil
		}
		words[at] = cursor
	}
	return nil, fmt.Errorf("%q does not end", c.Words)
}

// distinct makes an array of elements, n that belong together, each once.
func distinct(all [][]byte, n int) []byte {
	seen := map[string]bool{}
	var kept [][]byte
	for i := 0; i+n <= len(all); i += n {
		key := string(slices.Concat(all[i : i+n]...))
		if !seen[key] {
			seen[key] = true
			kept = append(kept, all[i:i+n]...)
		}
	}
	return appendArray(nil, kept...)
}
