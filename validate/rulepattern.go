package validate

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/bmatcuk/doublestar/v4"
)

// MaxPattern bounds the pattern of a rule, in bytes.
const MaxPattern = 256

// maxStars bounds the stars of a pattern: each may be tried at every place of a name.
const maxStars = 16

// Pattern checks a pattern, which says for which keys a rule is: it is compared with the path
// below the rule's namespace. A * stands for anything but a slash, ** between slashes for any
// namespaces or none, ? for one character, and [a-z] for one of these; what stands behind a \
// stands for itself.
func Pattern(pattern string) error {
	fail := func(what string) error { return fmt.Errorf("pattern %s %s", quote(pattern), what) }
	switch {
	case pattern == "":
		return fail("is empty: * is for all keys of the namespace, ** for those in the namespaces below it too")
	case len(pattern) > MaxPattern:
		return fail(fmt.Sprintf("is over %d bytes: shorten it", MaxPattern))
	case !utf8.ValidString(pattern), strings.ContainsFunc(pattern, control):
		return fail("contains a control character, or is not valid UTF-8")
	case pattern[0] == '/', strings.HasSuffix(pattern, "/"), strings.Contains(pattern, "//"):
		return fail("must be written as a path below the namespace: without a slash at its ends, and without two in a row")
	case braces(pattern):
		return fail(`has braces: set a rule for each of the alternatives, or write \{ for the character`)
	case strings.Count(pattern, "*") > maxStars:
		return fail(fmt.Sprintf("has over %d stars: write fewer", maxStars))
	case !doublestar.ValidatePattern(pattern):
		return fail(`is not whole: a [ needs its ], and a \ something behind it`)
	}
	return nil
}

// braces reports whether a pattern has alternatives, of which there may be any number of
// combinations.
func braces(pattern string) bool {
	for i := 0; i < len(pattern); i++ {
		switch pattern[i] {
		case '\\':
			i++
		case '{', '}':
			return true
		}
	}
	return false
}

// Matches reports whether a pattern is for a path below its namespace.
func Matches(pattern, path string) bool {
	matched, err := doublestar.Match(pattern, path)
	return err == nil && matched
}

// Literal reports whether a pattern is for one path only, which is the pattern itself.
func Literal(pattern string) bool { return !strings.ContainsAny(pattern, `*?[\`) }

// NewRule reads the rule for a pattern.
func NewRule(pattern, text string) (*Rule, error) {
	if err := Pattern(pattern); err != nil {
		return nil, err
	}
	r, err := ParseRule(text)
	if err != nil {
		return nil, err
	}
	if r.Required && !Literal(pattern) {
		return nil, errors.New("required is for one config: give its key, not the pattern " + quote(pattern))
	}
	return r, nil
}
