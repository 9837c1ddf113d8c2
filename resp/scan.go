package resp

import (
	"strings"

	"confman/store"
)

// scanCommands walk over names.
var scanCommands = []Command{
	{
		Name: "dbsize", Flags: Reads | Fast, Group: "server", Since: "1.0.0", Run: dbsize,
		Summary: "Returns how many configs there are. With scan_view=namespaces it counts what KEYS shows.",
	},
	{
		Name: "hscan", Synopsis: "key cursor [MATCH pattern] [COUNT count] [NOVALUES]", Flags: Reads | Loose, Group: "hash", Since: "2.8.0", Run: hscan,
		Summary: "Pages through the configs directly in a namespace. One of up to 512 configs comes at once.",
	},
	{
		Name: "keys", Synopsis: "pattern", Flags: Reads | Dangerous, Group: "generic", Since: "1.0.0", Run: keys,
		Summary: "Returns the names of all configs that match a pattern. With scan_view=namespaces a namespace is shown once, instead of its configs.",
	},
	{
		Name: "randomkey", Flags: Reads, Group: "generic", Since: "1.0.0", Run: randomkey,
		Summary: "Returns one of the names that KEYS shows by chance.",
	},
	{
		Name: "scan", Synopsis: "cursor [MATCH pattern] [COUNT count] [TYPE type]", Flags: Reads | Loose, Group: "generic", Since: "2.8.0", Run: scan,
		Summary: "Pages through the names that KEYS shows, or with TYPE hash through namespaces. " +
			"What is there from beginning to end is shown, whatever else changes.",
	},
}

func dbsize(tx *store.Tx, c *Call) Reply { return int64(c.view().size(tx)) }

func keys(tx *store.Tx, c *Call) Reply {
	names := []Reply{}
	c.view().names(tx, "", "", -1, func(name string) {
		if glob(c.Args[0], name) {
			names = append(names, name)
		}
	})
	return names
}

func randomkey(tx *store.Tx, c *Call) Reply {
	if name, found := c.view().draw(tx); found {
		return name
	}
	return nil
}

// A page is what SCAN and HSCAN were asked for.
type page struct {
	count    int    // how many names to visit
	match    string // pattern of those that are shown
	matching bool
	kind     string // of names: string, hash, or none for both
	noValues bool
}

// maxPage bounds how many names one call visits: readers keep writers waiting.
const maxPage = 10_000

// page reads the options of SCAN or HSCAN. As in Redis, of one that is repeated the last counts.
func (c *Call) page(words []string) (page, error) {
	p := page{count: 10}
	for len(words) > 0 {
		token := strings.ToUpper(words[0])
		if token == "NOVALUES" && c.Name == "hscan" {
			p.noValues, words = true, words[1:]
			continue
		}
		if len(words) < 2 {
			return p, errSyntax
		}
		value := words[1]
		switch words = words[2:]; {
		case token == "COUNT":
			n, err := parseInt(value)
			if err != nil {
				return p, err
			}
			if n < 1 {
				return p, errSyntax
			}
			p.count = int(min(n, maxPage))
		case token == "MATCH":
			if len(value) > maxPattern {
				return p, errPattern
			}
			p.match, p.matching = value, true
		case token == "TYPE" && c.Name == "scan":
			p.kind = strings.ToLower(value)
		default:
			return p, errSyntax
		}
	}
	return p, nil
}

// shows reports whether MATCH lets a name through.
func (p page) shows(name string) bool { return !p.matching || glob(p.match, name) }

func scan(tx *store.Tx, c *Call) Reply {
	cursor, err := parseCursor(c.Args[0])
	if err != nil {
		return err
	}
	p, err := c.page(c.Args[1:])
	if err != nil {
		return err
	}
	cursors, view := &c.session.server.cursors, c.view()
	over := view.title + " " + p.kind
	after, err := cursors.find(cursor, over)
	if err != nil {
		return err
	}
	names := []Reply{}
	next := view.names(tx, p.kind, after, p.count, func(name string) {
		if p.shows(name) {
			names = append(names, name)
		}
	})
	return []Reply{cursors.add(next, over), names}
}

// atOnce is up to how many configs HSCAN shows a whole namespace, as Redis does with a
// small hash.
const atOnce = 512

// hscan checks in Redis's order: the cursor, what stands at the name, and the options only
// of a hash.
func hscan(tx *store.Tx, c *Call) Reply {
	if err := c.checkWord(c.args[0], c.Args[0]); err != nil {
		return err
	}
	cursor, err := parseCursor(c.Args[1])
	if err != nil {
		return err
	}
	return in(func(tx *store.Tx, c *Call, ns string) Reply {
		if !tx.IsNamespace(ns) {
			return []Reply{"0", []Reply{}}
		}
		p, err := c.page(c.Args[2:])
		if err != nil {
			return err
		}
		return p.hscan(tx, c, ns, cursor)
	})(tx, c)
}

func (p page) hscan(tx *store.Tx, c *Call, ns string, cursor uint64) Reply {
	cursors, over := &c.session.server.cursors, "fields "+ns
	after, err := cursors.find(cursor, over)
	if err != nil {
		return err
	}
	if after == "" && tx.Len(ns) <= atOnce {
		p.count = atOnce
	}
	shown := []Reply{}
	next := tx.Items(ns, after, p.count, func(item store.Item) {
		switch {
		case !p.shows(item.Key):
		case p.noValues:
			shown = append(shown, item.Key)
		default:
			shown = append(shown, item.Key, item.Value)
		}
	})
	return []Reply{cursors.add(next, over), shown}
}
