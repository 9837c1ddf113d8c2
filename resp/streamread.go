package resp

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"confman/store"
)

// maxStreamReply is about how many bytes of changes a reply holds at most, unless that is one
// revision.
const maxStreamReply = 1 << 20

// An excerpt is a walk over a part of a stream, in whole revisions, a page of them at a time so that
// it holds up nobody.
type excerpt struct {
	stream
	from, to  position // both included
	backwards bool
	counting  bool   // only how many changes there are is wanted
	needed    uint64 // the revision from which on none may be missing; zero if it does not matter
	count     int64  // of changes, from which on it ends; zero for no such number

	entries []Reply
	ids     []position
	counted int64
	size    int
	over    bool   // it ended because of its size
	ended   bool   // it has come to its end
	floor   uint64 // what was before it is not kept
	latest  uint64 // the last revision that changed anything
}

// read reads an excerpt.
func (s *session) read(ctx context.Context, r *excerpt) (err error) {
	for err == nil && !r.ended {
		err = s.look(ctx, r.page)
	}
	return err
}

// look looks at this node's data.
func (s *session) look(ctx context.Context, at func(tx *store.Tx) error) error {
	if err := s.server.Node.View(ctx, at); err != nil {
		return fromNode(err, s.server.Log)
	}
	return nil
}

// page reads on in the stream.
func (r *excerpt) page(tx *store.Tx) error {
	if r.floor = tx.PastFloor(); r.needed > 0 && r.floor >= r.needed {
		if r.ended = len(r.entries) > 0; r.ended {
			return nil // of that which follows, who goes on is told
		}
		return errGone(r.floor, tx.Applied())
	}
	r.latest = max(tx.LastPast(), r.floor)
	look := tx.Past
	if r.backwards {
		look = tx.PastBackwards
	}
	next, more := look(r.from.revision, r.to.revision, func(past store.PastRevision) bool { return r.take(tx, past) })
	switch {
	case !more:
		r.ended = true
	case r.backwards:
		r.to = position{next, lastPosition.n}
	default:
		r.from, r.needed = position{revision: next}, next
	}
	return nil
}

// take takes what belongs to the excerpt of a revision, and reports whether it goes on.
func (r *excerpt) take(tx *store.Tx, past store.PastRevision) bool {
	var entries []Reply
	var ids []position
	size := 0
	latest, policies := r.latestOf(past), tx.Policies()
	for n, c := range past.All {
		id := position{past.Revision, uint64(n)}
		switch {
		case id.less(r.from) || r.to.less(id) || !r.covers(c):
		case r.counting:
			r.counted++
		default:
			fields := fieldsOf(policies, c)
			if at, tells := latest[c.Name]; tells && at == n {
				if rec, found := tx.Get(c.Name); found && rec.Revision == past.Revision {
					fields = append(fields, "value", rec.Value)
				}
			}
			for _, f := range fields {
				size += len(f)
			}
			size += 16 * len(fields)
			ids = append(ids, id)
			entries = append(entries, []Reply{id.String(), bulks(fields)})
		}
	}
	if r.over = len(r.entries) > 0 && r.size+size > maxStreamReply; r.over {
		return false
	}
	if r.backwards {
		slices.Reverse(entries)
		slices.Reverse(ids)
	}
	r.entries, r.ids, r.size = append(r.entries, entries...), append(r.ids, ids...), r.size+size
	return r.count == 0 || int64(len(r.entries)) < r.count
}

// covers reports whether a change belongs to a stream. A flush belongs to each.
func (s stream) covers(c store.PastChange) bool {
	return c.Flush() || s.within == "" || strings.HasPrefix(c.Name, s.within+"/")
}

// latestOf returns the places of the last changes of a revision that set a config, by name; nothing
// for a stream without values.
func (s stream) latestOf(past store.PastRevision) map[string]int {
	if !s.values {
		return nil
	}
	latest := map[string]int{}
	for n, c := range past.All {
		switch {
		case c.Flush():
			clear(latest)
		case c.Gone:
			delete(latest, c.Name)
		default:
			latest[c.Name] = n
		}
	}
	return latest
}

// fieldsOf are what a stream tells of a change.
func fieldsOf(p *store.Policies, c store.PastChange) []string {
	digest := ""
	if !c.Gone && !c.Flush() {
		digest = digestInPassing(p, c.Name, c.Digest)
	}
	return []string{"name", c.Name, "op", operation(c), "version", strconv.FormatUint(c.Version, 10), "by", c.By, "digest", digest}
}

// operation says in one word what a change is. One that sets a value is that, whatever it does to
// the expiry.
func operation(c store.PastChange) string {
	events := strings.Fields(c.Events)
	switch {
	case c.Flush():
		return "flush"
	case c.Gone && slices.Contains(events, "expired"):
		return "expired"
	case c.Gone:
		return "del"
	}
	last := "set"
	for _, event := range events {
		switch event = strings.TrimPrefix(event, "h"); event {
		case "expire", "persist":
			last = event
		default:
			return "set"
		}
	}
	return last
}

// at returns the entry at a place, and its id; nothing and zeros if there is none.
func (r *excerpt) at(place int) (entry Reply, id string) {
	if place >= len(r.entries) {
		return nil, position{}.String()
	}
	return r.entries[place], r.ids[place].String()
}

// all returns the entries, of which there may be none.
func (r *excerpt) all() []Reply { return append([]Reply{}, r.entries...) }
