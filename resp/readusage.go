package resp

import (
	"context"
	"slices"
	"strings"
	"time"

	"confman/store"
)

var usageCommands = []Command{
	{
		Name: "conf|usage", Synopsis: "key", Flags: NoMulti, Group: "server", Do: confUsage,
		Summary: "Tells for each node when a client read a config there last, and about how often since when: GET, MGET, HGET and whatever else answers " +
			"with what configs hold. What reads a namespace as a whole, such as HGETALL, counts once, for the namespace; what finds nothing, or only looks " +
			"around (EXISTS, TTL, SCAN, KEYS, DUMP, CONF), does not count. The nodes are asked for two seconds at most.",
	},
}

// ReadUsage is what one node knows of how a config was read there. Times are in milliseconds, and zero
// for never.
type ReadUsage struct {
	Since          int64 `json:"since"` // nothing is known of what was before
	Last           int64 `json:"last"`
	Count          int64 `json:"reads"`
	NamespaceLast  int64 `json:"namespace_last"` // when the config's namespace was read as a whole
	NamespaceCount int64 `json:"namespace_reads"`
}

// Usage is what a node answers when it is asked for its ReadUsage, or why it could not be asked.
type Usage struct {
	Node uint64
	Host string // where clients reach it
	ReadUsage
	Err error
}

// usageTime bounds how long the other nodes are asked.
const usageTime = 2 * time.Second

func confUsage(ctx context.Context, c *Call) Reply {
	s := c.session.server
	name := c.Args[0]
	all := []Usage{{Host: s.addr, ReadUsage: s.ReadUsage(name)}}
	if s.Usage != nil {
		unblocked := c.session.block(ctx, usageTime, func(ctx context.Context) { all = s.Usage(ctx, name) })
		if unblocked != nil {
			return unblocked
		}
	}
	replies := make([]Reply, len(all))
	for i, n := range all {
		failed := ""
		if n.Err != nil {
			failed = n.Err.Error()
		}
		replies[i] = Map{
			"node", int64(n.Node), "host", n.Host, "since", n.Since, "last", n.Last, "reads", n.Count,
			"namespace_last", n.NamespaceLast, "namespace_reads", n.NamespaceCount, "error", failed,
		}
	}
	return replies
}

// ReadUsage tells how a config was read on this node. Of a namespace it tells how it was read as a whole.
func (s *Server) ReadUsage(name string) ReadUsage {
	r := ReadUsage{Since: s.readings.since.Load()}
	r.Last, r.Count = s.readings.of(name)
	if ns, _ := store.Split(name); name != "/" {
		r.NamespaceLast, r.NamespaceCount = s.readings.of(unrooted(ns))
	}
	return r
}

// unrooted returns a namespace as clients name it.
func unrooted(ns string) string {
	if ns == "" {
		return "/"
	}
	return ns
}

// readers take down what calls have read: one for each command that answers with what configs hold.
// A command that is not here does not count.
var readers = map[string]func(u *readings, c *Call, r Reply, at int64){
	"get": readsKey, "getex": readsKey, "getset": readsKey, "getdel": readsKey, "digest": readsKey, "set": readsKeyWithGet,
	"strlen": readsPart, "getrange": readsPart, "substr": readsPart,
	"lcs": readsBoth, "mget": readsKeys,
	"hget": readsField, "hstrlen": readsField, "hmget": readsFields, "hgetex": readsNamedFields, "hgetdel": readsNamedFields,
	"hgetall": readsNamespace, "hkeys": readsNamespace, "hvals": readsNamespace, "hrandfield": readsNamespace, "hscan": readsPage,
}

// answered reports whether there is something in a reply.
func answered(r Reply) bool {
	switch r := r.(type) {
	case nil, error:
		return false
	case int64:
		return r != 0
	case []Reply:
		return len(r) > 0
	case Map:
		return len(r) > 0
	}
	return true
}

func readsKey(u *readings, c *Call, r Reply, at int64) {
	if answered(r) {
		u.read(c.Args[0], at)
	}
}

func readsKeyWithGet(u *readings, c *Call, r Reply, at int64) {
	if c.has("GET") {
		readsKey(u, c, r, at)
	}
}

// readsPart is of commands that answer with a part of a value, which is empty if there is none.
func readsPart(u *readings, c *Call, r Reply, at int64) {
	if r != "" {
		readsKey(u, c, r, at)
	}
}

func readsBoth(u *readings, c *Call, r Reply, at int64) {
	if r != "" && answered(r) {
		u.read(c.Args[0], at)
		u.read(c.Args[1], at)
	}
}

func readsKeys(u *readings, c *Call, r Reply, at int64) {
	values, _ := r.([]Reply)
	for i, v := range values {
		if answered(v) {
			u.read(c.Args[i], at)
		}
	}
}

func readsField(u *readings, c *Call, r Reply, at int64) {
	if answered(r) {
		u.read(store.Join(rooted(c.Args[0]), c.Args[1]), at)
	}
}

func readsFields(u *readings, c *Call, r Reply, at int64) { u.readFields(c, c.Args[1:], r, at) }

// readsNamedFields is of commands with FIELDS numfields field [field ...] at their end.
func readsNamedFields(u *readings, c *Call, r Reply, at int64) {
	token := slices.IndexFunc(c.Args, func(w string) bool { return strings.EqualFold(w, "fields") })
	u.readFields(c, c.Args[min(token+2, len(c.Args)):], r, at)
}

func readsNamespace(u *readings, c *Call, r Reply, at int64) { readsKey(u, c, r, at) }

// readsPage is of HSCAN, whose answer has the next cursor in front.
func readsPage(u *readings, c *Call, r Reply, at int64) {
	if page, _ := r.([]Reply); len(page) == 2 && answered(page[1]) {
		u.read(c.Args[0], at)
	}
}

// readFields takes down the configs of a namespace for which there is a value in the reply.
func (u *readings) readFields(c *Call, fields []string, r Reply, at int64) {
	values, _ := r.([]Reply)
	for i, v := range values {
		if i < len(fields) && answered(v) {
			u.read(store.Join(rooted(c.Args[0]), fields[i]), at)
		}
	}
}

// noteReads takes down what calls that went through have read, at the time of the command that came
// last: no clock is asked once more.
func (s *session) noteReads(calls []*Call, replies []Reply) {
	at := s.active.Load() / int64(time.Millisecond)
	for i, c := range calls {
		if c.reads != nil {
			c.reads(&s.server.readings, c, replies[i], at)
		}
	}
}
