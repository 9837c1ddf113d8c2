package store

import (
	"fmt"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"confman/validate"
)

// MaxRules is how many rules a namespace may have.
const MaxRules = 100

// parsedRules are the rules of [Policies], by their namespaces. They are parsed when they are first
// wanted, and no more than once as long as nobody changes any settings.
type parsedRules struct{ byNamespace sync.Map }

// A parsedRule is a [Rule] of a namespace that has been read.
type parsedRule struct {
	*validate.Rule
	namespace string
	pattern   string
	text      string
	err       error // why it could not be read: a later version has written it
}

// of returns the rules that a namespace has itself.
func (r *parsedRules) of(ns string, own Settings) []*parsedRule {
	if known, found := r.byNamespace.Load(ns); found {
		return known.([]*parsedRule)
	}
	all := make([]*parsedRule, len(own.Rules))
	for i, r := range own.Rules {
		read, err := validate.NewRule(r.Pattern, r.Rule)
		if err != nil {
			read = &validate.Rule{}
		}
		all[i] = &parsedRule{read, ns, r.Pattern, r.Rule, err}
	}
	known, _ := r.byNamespace.LoadOrStore(ns, all)
	return known.([]*parsedRule)
}

// law is what there is to say about one config.
type law struct {
	rules  []*parsedRule // that are for it, the outermost first
	secret bool
	strict bool // there must be one
}

// law returns what holds for a config.
func (p *Policies) law(name string) (l law) {
	ns, _ := Split(name)
	p.ascend(ns, func(at string, own Settings) {
		if own.Strict != nil {
			l.strict = *own.Strict
		}
		path := name
		if at != "" {
			path = name[len(at)+1:]
		}
		for _, r := range p.rules.of(at, own) {
			if validate.Matches(r.pattern, path) {
				l.rules = append(l.rules, r)
				l.secret = l.secret || r.Secret || r.err != nil // it may say so
			}
		}
	})
	return l
}

// Secret reports whether a rule keeps the value of a config out of what is shown of it in passing, such
// as errors and differences.
func (p *Policies) Secret(name string) bool { return p.law(name).secret }

// required visits the rules that require a config directly in a namespace, and its name.
func (p *Policies) required(ns string, visit func(r *parsedRule, name string)) {
	p.ascend(ns, func(at string, own Settings) {
		for _, r := range p.rules.of(at, own) {
			name := Join(at, r.pattern)
			if in, _ := Split(name); r.Required && in == ns {
				visit(r, name)
			}
		}
	})
}

// A breach says how a config does not pass a rule for it.
type breach struct {
	rule     *parsedRule // or nil, if there should be one and is none
	expected string
	fault    string // why it could not be checked, or ""
}

// breach returns the first rule that a value does not pass, or nil. What it reads is guarded.
func (tx *Tx) breach(l law, value string) *breach {
	for _, r := range l.rules {
		if r.err != nil {
			return &breach{r, "a value of a rule that this node can read", r.err.Error()}
		}
		if v := r.Check(value, tx.schema, l.secret); v != nil {
			return &breach{r, v.Expected, v.Fault}
		}
	}
	if l.strict && len(l.rules) == 0 {
		return &breach{expected: "a config that a rule is for"}
	}
	return nil
}

// schema returns the text of a config that holds a JSON schema.
func (tx *Tx) schema(name string) (string, bool) {
	rec, found := tx.Get(name)
	return rec.Value, found
}

// String says in an error which rule it is.
func (r *parsedRule) String() string {
	return fmt.Sprintf("(rule %q of namespace %s)", cut(r.text, 200), written(r.namespace))
}

// written is how people write a namespace.
func written(ns string) string {
	if ns == "" {
		return "/"
	}
	return ns
}

// cut shortens what an error quotes.
func cut(s string, most int) string {
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "..."
}

// maxShown bounds the values that errors show, in bytes.
const maxShown = 64

// Shown is how an error speaks of a value: as it is, if that is a few words and no secret.
func Shown(value string, secret bool) string {
	switch {
	case secret:
		return "its value"
	case len(value) > maxShown, !utf8.ValidString(value), strings.ContainsFunc(value, unicode.IsControl):
		return fmt.Sprintf("its value of %d bytes", len(value))
	case value == "", strings.Contains(value, " ") && !strings.Contains(value, `"`):
		return fmt.Sprintf("%q", value)
	}
	return value
}
