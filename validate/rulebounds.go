package validate

import (
	"errors"
	"fmt"
	"math/big"
	"regexp"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"
)

// bounding are the tags that bound a number, a time or a length: what they demand of how it
// compares with the bound, and their words for numbers and for lengths.
var bounding = map[string]*struct {
	holds             func(cmp int) bool
	ofNumber, ofChars string
}{
	"min": {func(cmp int) bool { return cmp >= 0 }, " of at least %s", " of at least %s characters"},
	"gte": {func(cmp int) bool { return cmp >= 0 }, " of at least %s", " of at least %s characters"},
	"max": {func(cmp int) bool { return cmp <= 0 }, " of at most %s", " of at most %s characters"},
	"lte": {func(cmp int) bool { return cmp <= 0 }, " of at most %s", " of at most %s characters"},
	"gt":  {func(cmp int) bool { return cmp > 0 }, " above %s", " of more than %s characters"},
	"lt":  {func(cmp int) bool { return cmp < 0 }, " below %s", " of fewer than %s characters"},
}

// A bound is what stands behind one of these tags.
type bound struct{ tag, text string }

// bounds are those of a rule.
type bounds []bound

func (b *bounds) add(tag, text string, given bool) error {
	if !given || text == "" {
		return fmt.Errorf("%s needs a bound, as in %s=1", tag, tag)
	}
	if slices.ContainsFunc(*b, func(o bound) bool { return o.tag == tag }) {
		return fmt.Errorf("%s stands twice", tag)
	}
	*b = append(*b, bound{tag, text})
	return nil
}

// measures are what bounds compare, by the tag that says so: the noun for it, and how to read it.
var measures = map[string]measure{
	"numeric":  {"a number", readNumber},
	"number":   {"a whole number without a sign", readNumber},
	"int":      {"a whole number", readNumber},
	"port":     {"a port", readNumber},
	"duration": {"a time", readDuration},
	"":         {"text", readLength},
}

type measure struct {
	noun string
	read func(string) (*big.Rat, bool)
}

// maxDigits bounds the numbers that are compared, in bytes: it costs more the longer they are.
const maxDigits = 100

var numbers = regexp.MustCompile(`^[-+]?[0-9]+(\.[0-9]+)?$`)

func readNumber(s string) (*big.Rat, bool) {
	if len(s) > maxDigits || !numbers.MatchString(s) {
		return nil, false
	}
	return new(big.Rat).SetString(s)
}

func readDuration(s string) (*big.Rat, bool) {
	d, err := time.ParseDuration(s)
	return new(big.Rat).SetInt64(int64(d)), err == nil
}

// readLength measures a value. A bound is the length itself.
func readLength(s string) (*big.Rat, bool) {
	return new(big.Rat).SetInt64(int64(utf8.RuneCountInString(s))), true
}

// read reads a bound.
func (b bound) read(m measure, kind string) (*big.Rat, error) {
	if kind == "" {
		n, err := strconv.ParseUint(b.text, 10, 31)
		if err != nil {
			return nil, fmt.Errorf("%s bounds the number of characters, which %s is not: for the number itself write numeric,%s=%s",
				b.tag, quote(b.text), b.tag, b.text)
		}
		return new(big.Rat).SetUint64(n), nil
	}
	at, fine := m.read(b.text)
	if !fine {
		return nil, fmt.Errorf("%s must be %s, which %s is not", b.tag, m.noun, quote(b.text))
	}
	return at, nil
}

// bound adds the tests for bounds. They share one sentence with the tag that says what they bound.
func (r *Rule) bound(all bounds) error {
	if len(all) == 0 {
		return nil
	}
	kind := ""
	at := slices.IndexFunc(r.tests, func(t test) bool { return measures[t.tag].read != nil })
	if at >= 0 {
		kind = r.tests[at].tag
	}
	m := measures[kind]
	limits := make([]*big.Rat, len(all))
	for i, b := range all {
		limit, err := b.read(m, kind)
		if err != nil {
			return err
		}
		limits[i] = limit
	}
	if nothingBetween(all, limits) {
		return errors.New("nothing passes: the lower bound is above the upper one")
	}
	expected := m.noun + all.words(kind)
	if at >= 0 {
		r.tests[at].expected = expected
	}
	for i, b := range all {
		r.tests = append(r.tests, test{tag: b.tag, expected: expected, passes: func(value string) bool {
			n, fine := m.read(value)
			return fine && bounding[b.tag].holds(n.Cmp(limits[i]))
		}})
	}
	return nil
}

// nothingBetween reports whether a lower bound is above an upper one.
func nothingBetween(all bounds, limits []*big.Rat) bool {
	for i, a := range all {
		for j, b := range all {
			lower, upper := bounding[a.tag].holds(1), bounding[b.tag].holds(-1)
			if lower && upper && limits[i].Cmp(limits[j]) > 0 {
				return true
			}
		}
	}
	return false
}

// words say what all the bounds let through.
func (b bounds) words(kind string) (words string) {
	at := func(tag string) int { return slices.IndexFunc(b, func(o bound) bool { return o.tag == tag }) }
	if low, high := at("min"), at("max"); low >= 0 && high >= 0 && len(b) == 2 {
		if kind == "" {
			return fmt.Sprintf(" of %s to %s characters", b[low].text, b[high].text)
		}
		return fmt.Sprintf(" from %s to %s", b[low].text, b[high].text)
	}
	for i, o := range b {
		if i > 0 {
			words += " and"
		}
		form := bounding[o.tag].ofNumber
		if kind == "" {
			form = bounding[o.tag].ofChars
		}
		words += fmt.Sprintf(form, o.text)
	}
	return words
}
