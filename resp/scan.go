package resp

import (
	"sort"
	"strings"

	"confman/store"
)

// scanCommands walk over names.
var scanCommands = []Command{
	{
		Name: "dbsize", Flags: Reads | Fast, Category: "@keyspace", Group: "server", Since: "1.0.0", Run: dbsize,
		Summary: "Returns how many configs there are.",
	},
	{
		Name: "hscan", Synopsis: "key cursor [MATCH pattern] [COUNT count] [NOVALUES]", Flags: Reads, Group: "hash", Since: "2.8.0", Run: in(hscan),
		Summary: "Pages through the configs directly in a namespace. One of up to 512 configs comes at once.",
	},
	{
		Name: "keys", Synopsis: "pattern", Flags: Reads | Dangerous, Group: "generic", Since: "1.0.0", Run: keys,
		Summary: "Returns the names of all configs that match a pattern.",
	},
	{
		Name: "scan", Synopsis: "cursor [MATCH pattern] [COUNT count] [TYPE type]", Flags: Reads, Group: "generic", Since: "2.8.0", Run: scan,
		Summary: "Pages through the names of configs, or with TYPE hash through namespaces. What is there from beginning to end is shown, whatever else changes.",
	},
}

func dbsize(tx *store.Tx, _ *Call) Reply { return int64(tx.Count()) }

func keys(tx *store.Tx, c *Call) Reply {
	names := []Reply{}
	tx.Names("", -1, func(name string, _ store.Record) {
		if glob(c.Args[0], name) {
			names = append(names, name)
		}
	})
	return names
}

// A page is what SCAN and HSCAN were asked for.
type page struct {
	after string // behind which name it begins; "" for the start
	count int    // how many names to visit
}

// maxPage bounds how many names one call visits: readers keep writers waiting.
const maxPage = 10_000

// page reads the cursor and COUNT of a walk over something.
func (c *Call) page(cursor, over string) (p page, err error) {
	if p.after, err = c.session.server.cursors.find(cursor, over); err != nil {
		return page{}, err
	}
	count := c.number("COUNT", 10)
	if count < 1 {
		return page{}, errSyntax
	}
	p.count = int(min(count, maxPage))
	return p, nil
}

// shows reports whether MATCH lets a name through.
func (c *Call) shows(name string) bool {
	return !c.has("MATCH") || glob(c.options["MATCH"], name)
}

func scan(tx *store.Tx, c *Call) Reply {
	over := strings.ToLower(c.options["TYPE"])
	if over == "" {
		over = "string"
	}
	p, err := c.page(c.Args[0], over)
	if err != nil {
		return err
	}
	names := []Reply{}
	show := func(name string) {
		if c.shows(name) {
			names = append(names, name)
		}
	}
	next := ""
	switch over {
	case "string":
		next = tx.Names(p.after, p.count, func(name string, _ store.Record) { show(name) })
	case "hash":
		next = tx.Namespaces(p.after, p.count, show)
	}
	return []Reply{c.session.server.cursors.add(next, over), names}
}

// atOnce is up to how many configs HSCAN shows a whole namespace, as Redis does with a
// small hash.
const atOnce = 512

func hscan(tx *store.Tx, c *Call, ns string) Reply {
	over := "hash " + c.Args[0]
	p, err := c.page(c.Args[1], over)
	if err != nil {
		return err
	}
	items := tx.List(ns)
	begin := sort.Search(len(items), func(i int) bool { return p.after == "" || items[i].Key > p.after })
	next := ""
	if small := begin == 0 && len(items) <= atOnce; !small && len(items)-begin > p.count {
		items = items[:begin+p.count]
		next = items[len(items)-1].Key
	}
	shown := []Reply{}
	for _, item := range items[begin:] {
		if !c.shows(item.Key) {
			continue
		}
		if shown = append(shown, item.Key); !c.has("NOVALUES") {
			shown = append(shown, item.Value)
		}
	}
	return []Reply{c.session.server.cursors.add(next, over), shown}
}
