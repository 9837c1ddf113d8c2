package resp

import (
	"context"
	"maps"
	"slices"
	"strings"

	"confman/store"
	"confman/validate"
)

// What is told of namespaces is read a page at a time, so that nobody who writes waits until a million
// configs are counted. So it is not of one moment: what changes meanwhile may be told or not.

// nsGet tells what holds for a namespace.
func nsGet(ctx context.Context, c *Call) Reply {
	ns := rooted(c.Args[0])
	var p *store.Policies
	var keys, bytes int
	for after, more := "", true; more; more = after != "" {
		err := c.session.look(ctx, func(tx *store.Tx) error {
			p = tx.Policies()
			k, b, next := tx.Usage(ns, after, maxPage)
			keys, bytes, after = keys+k, bytes+b, next
			return nil
		})
		if err != nil {
			return err
		}
	}
	s := p.Of(ns)
	if s.Keep == 0 {
		s.Keep = store.DefaultKeep
	}
	return Map{
		"description", s.Description, "owner", s.Owner, "keep", int64(s.Keep), "age", int64(s.Age),
		"max_keys", int64(s.MaxKeys), "max_bytes", int64(s.MaxBytes),
		"protect", s.Protect != nil && *s.Protect, "strict", s.Strict != nil && *s.Strict,
		"keys", int64(keys), "bytes", int64(bytes), "rules", rulesOn(p, ns), "own", ownSettings(p, ns),
	}
}

// rulesOn lists the rules that hold for a namespace, and which namespace has each.
func rulesOn(p *store.Policies, ns string) []Reply {
	all := []Reply{}
	for _, at := range p.Path(ns) {
		own, _ := p.Own(at)
		for _, r := range own.Rules {
			all = append(all, Map{"pattern", r.Pattern, "rule", r.Rule, "namespace", title(at)})
		}
	}
	return all
}

// ownSettings lists what a namespace says itself, as NS GET calls it.
func ownSettings(p *store.Policies, ns string) []Reply {
	s, _ := p.Own(ns)
	own := []Reply{}
	for _, field := range []struct {
		name string
		said bool
	}{
		{"description", s.Description != ""},
		{"owner", s.Owner != ""},
		{"keep", s.Keep != 0},
		{"age", s.Age != 0},
		{"max_keys", s.MaxKeys != 0},
		{"max_bytes", s.MaxBytes != 0},
		{"protect", s.Protect != nil},
		{"strict", s.Strict != nil},
		{"rules", len(s.Rules) > 0},
	} {
		if field.said {
			own = append(own, field.name)
		}
	}
	return own
}

// A forest is what was found of namespaces: how many configs are directly in each, by their names in
// the store, and their settings.
type forest struct {
	keys     map[string]int
	policies *store.Policies
}

// survey looks at the namespaces at and below one that have configs or settings of their own.
func (s *session) survey(ctx context.Context, top string) (f forest, err error) {
	f.keys = map[string]int{}
	after := "/" // behind the root
	if top != "" {
		after = top + "/"
	}
	under := strings.TrimPrefix(after, "/")
	for more := true; more && err == nil; {
		err = s.look(ctx, func(tx *store.Tx) error {
			if f.policies = tx.Policies(); tx.IsNamespace(top) {
				f.keys[top] = tx.Len(top)
			}
			after = tx.Namespaces(after, maxPage, func(ns string) {
				if strings.HasPrefix(ns, under) {
					f.keys[ns] = tx.Len(ns)
				}
			})
			more = strings.HasPrefix(after, under) && after != ""
			return nil
		})
	}
	if err != nil {
		return f, err
	}
	for _, ns := range f.policies.All() {
		if _, there := f.keys[ns]; !there && (ns == top || strings.HasPrefix(ns, under)) {
			f.keys[ns] = 0
		}
	}
	return f, nil
}

// nsList lists namespaces by their names.
func nsList(ctx context.Context, c *Call) Reply {
	pattern := "*"
	switch len(c.Args) {
	case 0:
	case 1:
		pattern = c.Args[0]
	default:
		return errArity(c.Command)
	}
	if len(pattern) > maxPattern {
		return errPattern
	}
	f, err := c.session.survey(ctx, "")
	if err != nil {
		return err
	}
	names := []Reply{}
	for _, ns := range slices.Sorted(maps.Keys(f.keys)) {
		if glob(pattern, title(ns)) {
			names = append(names, title(ns))
		}
	}
	return c.session.conn.afford(names)
}

// nsTree lists namespaces so that each is followed by those below it.
func nsTree(ctx context.Context, c *Call) Reply {
	top := "/"
	switch len(c.Args) {
	case 0:
	case 1:
		top = c.Args[0]
	default:
		return errArity(c.Command)
	}
	if err := validate.Namespace(top); err != nil {
		return refused(err)
	}
	top = rooted(top)
	f, err := c.session.survey(ctx, top)
	if err != nil {
		return err
	}
	f.join(top)
	tree := []Reply{}
	for _, ns := range slices.SortedFunc(maps.Keys(f.keys), byPath) {
		s := f.policies.Of(ns)
		tree = append(tree, Map{"namespace", title(ns), "keys", int64(f.keys[ns]), "description", s.Description, "owner", s.Owner})
	}
	return c.session.conn.afford(tree)
}

// join adds the namespaces between one and those that were found below it.
func (f forest) join(top string) {
	for _, ns := range slices.Collect(maps.Keys(f.keys)) {
		for ns != top {
			ns, _ = store.Split(ns)
			if _, there := f.keys[ns]; there {
				break
			}
			f.keys[ns] = 0
		}
	}
}

// byPath sorts names segment by segment.
func byPath(a, b string) int {
	return strings.Compare(strings.ReplaceAll(a, "/", "\x00"), strings.ReplaceAll(b, "/", "\x00"))
}
