package resp

import "strings"

// maxPattern bounds the patterns that clients send, in bytes.
const maxPattern = 1 << 10

// glob reports whether a name matches a pattern of Redis's kind: * ? [a-c] [^x] and \ to
// take a character as it is. It takes at most len(pattern) times len(name) steps: only
// the last star is ever tried again.
func glob(pattern, name string) bool {
	p, n := 0, 0
	star, from := -1, 0 // behind the last star, and where its rest is tried
	for n < len(name) {
		if p < len(pattern) && pattern[p] == '*' {
			p++
			star, from = p, n
			continue
		}
		if p < len(pattern) {
			if next, matches := globOne(pattern, p, name[n]); matches {
				p = next
				n++
				continue
			}
		}
		if star < 0 {
			return false
		}
		from++
		p, n = star, from
	}
	for p < len(pattern) && pattern[p] == '*' {
		p++
	}
	return p == len(pattern)
}

// mayBegin reports whether what matches a pattern may begin with a word. It may say so of a pattern of which it
// is not so.
func mayBegin(pattern, word string) bool {
	literal := pattern
	if i := strings.IndexAny(pattern, `*?[\`); i >= 0 {
		literal = pattern[:i]
		word = word[:min(len(word), i)]
	}
	return strings.HasPrefix(literal, word)
}

// globOne matches one character against what stands at p, and returns where the pattern
// goes on.
func globOne(pattern string, p int, c byte) (next int, matches bool) {
	switch pattern[p] {
	case '?':
		return p + 1, true
	case '[':
		return globClass(pattern, p+1, c)
	case '\\':
		if p+1 < len(pattern) {
			p++
		}
	}
	return p + 1, pattern[p] == c
}

// globClass matches one character against a class, whose bracket opens before p. A class
// that is never closed ends with the pattern.
func globClass(pattern string, p int, c byte) (next int, matches bool) {
	not := p < len(pattern) && pattern[p] == '^'
	if not {
		p++
	}
	for ; p < len(pattern) && pattern[p] != ']'; p++ {
		switch {
		case pattern[p] == '\\' && p+1 < len(pattern):
			p++
			matches = matches || pattern[p] == c
		case p+2 < len(pattern) && pattern[p+1] == '-':
			// Redis's bytes are C's chars, which are signed where it mostly runs.
			low, high, at := int8(pattern[p]), int8(pattern[p+2]), int8(c)
			matches = matches || min(low, high) <= at && at <= max(low, high)
			p += 2
		default:
			matches = matches || pattern[p] == c
		}
	}
	return min(p+1, len(pattern)), matches != not
}
