package store

import (
	"maps"
	"slices"
	"strings"
)

// A Finding is a config that does not pass a rule for it.
type Finding struct {
	Name      string
	Value     string // "" if it is a secret, or missing
	Rule      string // "strict" if there is none for it
	Expected  string // what would pass
	Namespace string // that has the rule, "" for the root
}

// Findings pages through the configs at and below a namespace, "" for the root, that do not pass the
// rules of policies, as [Tx.Names] does: it looks at up to limit configs behind the one named after,
// and returns where to go on, or "" at the end. Of what a namespace must have, and lacks, it tells
// on the first page. Nothing that it shows is guarded.
func (tx *Tx) Findings(p *Policies, ns, after string, limit int, visit func(Finding)) (next string) {
	tx.unguarded(func() {
		if after == "" {
			tx.missing(p, ns, visit)
		}
		next = tx.beneath(ns, after, limit, func(name string, rec Record) {
			l := p.law(name)
			b := tx.breach(l, rec.Value)
			if b == nil {
				return
			}
			f := Finding{Name: name, Value: rec.Value, Rule: "strict", Expected: b.expected}
			if l.secret {
				f.Value = ""
			}
			if b.rule != nil {
				f.Rule, f.Namespace = b.rule.text, b.rule.namespace
			} else {
				f.Namespace = p.strictOf(name)
			}
			if b.fault != "" {
				f.Expected += ": " + b.fault
			}
			visit(f)
		})
	})
	return next
}

// missing visits what rules require at and below a namespace and is not there.
func (tx *Tx) missing(p *Policies, ns string, visit func(Finding)) {
	for _, at := range slices.Sorted(maps.Keys(p.own)) {
		for _, r := range p.rules.of(at, p.own[at]) {
			name := Join(at, r.pattern)
			in, _ := Split(name)
			if !r.Required || !isUnder(in, ns) || !tx.IsNamespace(in) {
				continue
			}
			if _, there := tx.Get(name); !there {
				visit(Finding{Name: name, Rule: r.text, Expected: "a config that is there", Namespace: at})
			}
		}
	}
}

// strictOf returns the namespace by which that of a config is strict.
func (p *Policies) strictOf(name string) (strict string) {
	ns, _ := Split(name)
	p.ascend(ns, func(at string, own Settings) {
		if own.Strict != nil {
			strict = at
		}
	})
	return strict
}

// isUnder reports whether a namespace is another one, or below it.
func isUnder(ns, above string) bool {
	rest, under := strings.CutPrefix(ns, above)
	return under && (above == "" || rest == "" || rest[0] == '/')
}

// beneath pages through the configs at and below a namespace as [Tx.Names] does through all.
func (tx *Tx) beneath(ns, after string, limit int, visit func(name string, rec Record)) (next string) {
	if ns == "" {
		return tx.Names(after, limit, visit)
	}
	from, last := "", ""
	if after != "" {
		from = configKey(after) + "\x00"
	}
	for _, s := range [...]span{within(ns), below(ns)} {
		if s.from = max(s.from, from); s.from >= s.to || next != "" {
			continue
		}
		tx.src.ascend(s, func(key, value string) bool {
			if limit == 0 {
				next = last
				return false
			}
			if rec := mustRecord(key, value); rec.live(tx.now) {
				last = configName(key)
				visit(last, rec)
				limit--
			}
			return true
		})
	}
	return next
}

// unguarded runs what the transaction does not depend on.
func (tx *Tx) unguarded(do func()) {
	view := tx.view
	tx.view = true
	do()
	tx.view = view
}

// With returns the settings as they would be if a namespace, "" for the root, had been told something
// else about itself.
func (p *Policies) With(ns string, s Settings) *Policies {
	other := &Policies{own: maps.Clone(p.own)}
	if other.own == nil {
		other.own = map[string]Settings{}
	}
	other.own[ns] = s
	return other
}
