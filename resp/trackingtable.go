package resp

import (
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"confman/store"
)

// A tracking is how one client keeps values for itself, and wants to be told when they change. It
// is replaced as a whole when that changes.
type tracking struct {
	id        int64 // of the client
	conn      *conn
	redirect  *conn // that is told instead of the client, or nil
	broadcast bool
	optIn     bool
	optOut    bool
	noLoop    bool        // the client's own changes do not matter
	prefixes  []string    // of names, for broadcast
	broken    atomic.Bool // redirect is gone
}

// tell posts a message to the client, or to the one that takes its messages.
func (t *tracking) tell(keys Reply) {
	switch {
	case t.redirect == nil:
		t.conn.post(invalidation{keys: keys})
	case !t.redirect.gone():
		t.redirect.post(invalidation{keys: keys, redirected: true})
	default:
		t.broken.Store(true)
		t.conn.post(brokenRedirect(t.redirect.session.id))
	}
}

// A tracker knows which clients keep what. Its zero value knows of none.
//
// Names are noted while the store is being read, and invalidated while it is being changed. The store
// sees to it that these do not happen at once, so that a client which has read an old value is told.
type tracker struct {
	some atomic.Int64 // how many clients track

	mu      sync.Mutex
	clients map[int64]*tracking
	keys    map[string]map[int64]struct{} // who keeps a name; some may have ended
	items   int                           // pairs of those
	bytes   int                           // of the names, and of the items about
}

// What tracking takes at most: the names of a table, beside the setting, in bytes, and what one item
// takes of them beside its name.
const (
	maxTracked = 256 << 20
	itemCost   = 64
	maxEvicted = 1000 // beyond those that come in, at a time
)

// begin has a client told of changes, in place of how it was.
func (t *tracker) begin(one *tracking) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.clients == nil {
		t.clients, t.keys = map[int64]*tracking{}, map[string]map[int64]struct{}{}
	}
	if t.clients[one.id] == nil {
		t.some.Add(1)
	}
	t.clients[one.id] = one
}

// end forgets a client. What it has kept is forgotten when that changes or is evicted.
func (t *tracker) end(id int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.clients[id] != nil {
		delete(t.clients, id)
		t.some.Add(-1)
	}
	if len(t.clients) == 0 {
		t.clear()
	}
}

func (t *tracker) clear() {
	t.keys, t.items, t.bytes = map[string]map[int64]struct{}{}, 0, 0
}

// note notes that a client has read names. If there are more than so many in the table (0: whatever
// there is), some are evicted, as if they had changed.
func (t *tracker) note(id int64, names []string, most int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, name := range names {
		clients := t.keys[name]
		if clients == nil {
			clients = map[int64]struct{}{}
			t.keys[name] = clients
			t.bytes += len(name)
		}
		if _, noted := clients[id]; !noted {
			clients[id] = struct{}{}
			t.items++
			t.bytes += itemCost
		}
	}
	left := len(names) + maxEvicted // the store waits meanwhile
	for name := range t.keys {      // in no order
		if left == 0 || t.bytes <= maxTracked && (most == 0 || int64(len(t.keys)) <= most) {
			break
		}
		t.invalidate(name, 0)
		left--
	}
}

// invalidate tells those who keep a name that it has changed, but for one that has changed it
// and does not want to be told. The lock is held.
func (t *tracker) invalidate(name string, by int64) {
	clients := t.keys[name]
	for id := range clients {
		if one := t.clients[id]; one != nil && !one.broadcast && !(one.noLoop && id == by) {
			one.tell([]Reply{name})
		}
	}
	if clients != nil {
		t.items -= len(clients)
		t.bytes -= len(name) + itemCost*len(clients)
		delete(t.keys, name)
	}
}

// changed tells clients of what a transaction has changed, which is from a client of this node or
// from 0.
func (t *tracker) changed(c store.Changes, by int64) {
	if t.some.Load() == 0 {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if c.Flush {
		t.everything()
	}
	var changed []string
	for _, change := range c.All {
		changed = append(changed, change.Name)
		for _, name := range streamsOf(change.Name) {
			t.invalidate(name, by)
		}
	}
	t.gone(changed, by)
}

// lapsed tells them of configs that have expired.
func (t *tracker) lapsed(names []string) {
	if t.some.Load() == 0 {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.gone(names, 0)
}

// gone tells clients that what they keep of configs does not hold any more, under both names of each. The
// lock is held.
func (t *tracker) gone(configs []string, by int64) {
	names := bothNames(configs)
	for _, name := range names {
		t.invalidate(name, by)
	}
	told := map[string]Reply{} // by prefix: many clients may have the same
	for _, one := range t.clients {
		if one.broadcast && !(one.noLoop && one.id == by) {
			for _, prefix := range one.prefixes {
				mine, known := told[prefix]
				if !known {
					mine = startingWith(prefix, names)
					told[prefix] = mine
				}
				if mine != nil {
					one.tell(mine)
				}
			}
		}
	}
}

// startingWith returns those of some names that begin with a prefix; nil if there are none.
func startingWith(prefix string, names []string) Reply {
	var some []Reply
	for _, name := range names {
		if strings.HasPrefix(name, prefix) {
			some = append(some, name)
		}
	}
	if some == nil {
		return nil
	}
	return some
}

// bothNames returns the names under which clients may keep configs, each once and in
// order: of each config its own and its namespace's.
func bothNames(configs []string) []string {
	names := map[string]struct{}{}
	for _, name := range configs {
		if !reserved(name) {
			ns, _ := store.Split(name)
			if ns == "" {
				ns = "/"
			}
			names[name], names[ns] = struct{}{}, struct{}{}
		}
	}
	return slices.Sorted(maps.Keys(names))
}

// everything tells all clients that nothing holds that they keep. The lock is held.
func (t *tracker) everything() {
	for _, one := range t.clients {
		one.tell(nil)
	}
	t.clear()
}

// replaced tells them so because the node's data are others now.
func (t *tracker) replaced() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.everything()
}

// sizes returns how many names, items and prefixes there are.
func (t *tracker) sizes() (names, items, prefixes int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	all := map[string]struct{}{}
	for _, one := range t.clients {
		for _, prefix := range one.prefixes {
			all[prefix] = struct{}{}
		}
	}
	return len(t.keys), t.items, len(all)
}

// An invalidation tells a client which names it must read anew; all of them if keys is nil.
type invalidation struct {
	keys       Reply
	redirected bool // it is about what another client keeps
}

// A brokenRedirect tells a client that nobody takes its invalidations any more: that client, by its id,
// is gone.
type brokenRedirect int64

// message returns what a client is sent, by what it understands.
func (s *session) message(m Reply) (as Reply, understood bool) {
	switch m := m.(type) {
	case invalidation:
		if s.protocol == 3 {
			return Push{"invalidate", m.keys}, true
		}
		return Push{"message", "__redis__:invalidate", m.keys}, m.redirected && s.listens()
	case brokenRedirect:
		return Push{"tracking-redir-broken", int64(m)}, s.protocol == 3
	case sight:
		return Status(m), s.monitors && !s.off && !s.quit
	case notification:
		return Push(m), s.protocol == 3
	}
	return m, true
}
