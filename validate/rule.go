package validate

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// MaxRule bounds the text of a rule, in bytes.
const MaxRule = 1024

// A Rule says which values a config may have, and what may be done with it. It is written as tags
// with commas between them, "numeric,min=1,max=65535", which are those of go-playground/validator
// that make sense for one text, and a few of confman's own: [ParseRule] says which. A Rule may be
// used by several goroutines.
type Rule struct {
	Text       string // as it was written
	Required   bool   // the config must be there if its namespace has any, and not be empty
	Immutable  bool   // once there it may neither change nor go
	Secret     bool   // its value is shown in no error
	Deprecated bool   // it may be changed, but there may be no new one
	Advice     string // what to use instead of a deprecated one, or ""

	tests []test
	empty bool // an empty value passes whatever the tests say
}

// A test is what one tag demands.
type test struct {
	tag      string
	expected string // what passes: "a number from 1 to 65535"
	passes   func(value string) bool
	schema   *schemaTest // in place of passes
}

// A Violation says why a value does not pass a rule.
type Violation struct {
	Tag      string // that it does not pass
	Expected string // what would pass: "a number from 1 to 65535"
	Fault    string // why the value could not be checked at all, or ""
}

// Schemas returns the text of the config of a name, and whether there is one.
type Schemas func(name string) (text string, found bool)

// ParseRule reads a rule. Beside the tags of validator's that look at one text it knows
//
//	int, port           whole numbers
//	duration            a time such as 1m30s
//	datetime=LAYOUT     a time in a layout of Go's, of RFC 3339 without one
//	regexp=EXPRESSION   an expression of RE2's that matches the whole value
//	jsonschema=NAME     JSON that fits the schema that the config NAME holds
//	required, immutable, secret, deprecated=ADVICE
//
// The tags min, max, gt, gte, lt and lte compare numbers if the rule has numeric, number, int or
// port, and times if it has duration; otherwise they compare how many characters the value has, as
// len always does. Alternatives have a | between them. In what stands behind a = a comma is
// written 0x2C and a | 0x7C, as validator has it; only in an expression a | may stand as it is.
func ParseRule(text string) (*Rule, error) {
	switch {
	case text == "":
		return nil, errors.New("rule is empty: give it at least one tag, such as numeric")
	case len(text) > MaxRule:
		return nil, fmt.Errorf("rule is over %d bytes: shorten it, or put a JSON schema into a config and write jsonschema=NAME", MaxRule)
	case !utf8.ValidString(text), strings.ContainsFunc(text, control):
		return nil, errors.New("rule contains a control character, or is not valid UTF-8")
	}
	r := &Rule{Text: text}
	var bounds bounds
	for _, part := range strings.Split(text, ",") {
		name, param, given := strings.Cut(strings.TrimSpace(part), "=")
		param = unescape.Replace(param)
		var err error
		switch {
		case r.flag(name, param, given):
		case bounding[name] != nil:
			err = bounds.add(name, param, given)
		default:
			err = r.add(strings.TrimSpace(part))
		}
		if err != nil {
			return nil, fmt.Errorf("rule %s: %w", quote(text), err)
		}
	}
	if err := r.bound(bounds); err != nil {
		return nil, fmt.Errorf("rule %s: %w", quote(text), err)
	}
	return r, nil
}

var unescape = strings.NewReplacer("0x2C", ",", "0x7C", "|")

// flag takes a tag that says what may be done with a config, and reports whether it is one.
func (r *Rule) flag(name, param string, given bool) bool {
	if given && name != "deprecated" {
		return false
	}
	switch name {
	case "required":
		r.Required = true
		r.tests = append(r.tests, test{tag: name, expected: "a value that is not empty", passes: func(v string) bool { return v != "" }})
	case "immutable":
		r.Immutable = true
	case "secret":
		r.Secret = true
	case "deprecated":
		r.Deprecated, r.Advice = true, param
	case "omitempty":
		r.empty = true
	default:
		return false
	}
	return true
}

// add takes a tag that tests the value, or alternatives.
func (r *Rule) add(part string) error {
	parts := []string{part}
	if !strings.HasPrefix(part, "regexp=") {
		parts = strings.Split(part, "|")
	}
	all := make([]test, len(parts))
	for i, one := range parts {
		name, param, given := strings.Cut(one, "=")
		t, err := newTest(name, unescape.Replace(param), given)
		if err != nil {
			return err
		}
		if t.schema != nil && len(parts) > 1 {
			return errors.New("jsonschema stands in no alternative: write the alternatives into the schema")
		}
		all[i] = t
	}
	r.tests = append(r.tests, either(part, all))
	return nil
}

// either makes one test of alternatives.
func either(tag string, all []test) test {
	if len(all) == 1 {
		return all[0]
	}
	expected := make([]string, len(all))
	for i, t := range all {
		expected[i] = t.expected
	}
	return test{tag: tag, expected: strings.Join(expected, " or "), passes: func(value string) bool {
		for _, t := range all {
			if t.passes(value) {
				return true
			}
		}
		return false
	}}
}

// Check returns what keeps a value from passing, or nil. It reads the JSON schemas that the rule
// names from schemas, and those that they refer to, whether or not it has read them before. Of a
// secret nothing is said that may tell what it is.
func (r *Rule) Check(value string, schemas Schemas, secret bool) *Violation {
	if r.empty && value == "" {
		return nil
	}
	for _, t := range r.tests {
		if v := t.check(value, schemas, secret); v != nil {
			return v
		}
	}
	return nil
}

// check survives what a value may do to a library.
func (t test) check(value string, schemas Schemas, secret bool) (v *Violation) {
	defer func() {
		if p := recover(); p != nil {
			v = &Violation{t.tag, t.expected, "the value upsets the check of " + t.tag}
		}
	}()
	switch {
	case t.schema != nil:
		return t.schema.check(value, schemas, secret)
	case !t.passes(value):
		return &Violation{Tag: t.tag, Expected: t.expected}
	}
	return nil
}
