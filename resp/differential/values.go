package differential

import (
	"fmt"
	"slices"
	"strings"
)

// drawn are the words for arguments, by the name that a synopsis gives them. Where a word is
// wrong on purpose, [Generator.misuse] writes it.
var drawn = map[string]func(*Generator) string{
	"field":                  (*Generator).field,
	"value":                  (*Generator).value,
	"increment":              (*Generator).increment,
	"decrement":              (*Generator).increment,
	"seconds":                func(g *Generator) string { return fmt.Sprint(g.apart()) },
	"milliseconds":           func(g *Generator) string { return fmt.Sprint(g.apart() * 1000) },
	"unix-time-seconds":      func(g *Generator) string { return fmt.Sprint(g.someday()) },
	"unix-time-milliseconds": func(g *Generator) string { return fmt.Sprint(g.someday()*1000 + 500) },
	"ttl":                    func(g *Generator) string { return pick(g, "0", "0", fmt.Sprint(g.apart()*1000)) },
	"serialized-value":       func(g *Generator) string { return pick(g, g.dumps...) },
	"pattern":                func(g *Generator) string { return pick(g, patterns...) },
	"cursor":                 func(*Generator) string { return "0" },
	"count":                  func(g *Generator) string { return pick(g, "1", "2", "3", "10", "100", "-1", "-5", "0") },
	"type":                   func(g *Generator) string { return pick(g, "string", "hash", "STRING", "list", "none", "x") },
	"index":                  func(*Generator) string { return "0" },
	"destination-db":         func(*Generator) string { return "0" },
	"start":                  (*Generator).place,
	"end":                    (*Generator).place,
	"offset":                 (*Generator).place,
	"min-match-len":          func(g *Generator) string { return fmt.Sprint(g.rand.IntN(12) - 1) },
	"frequency":              func(g *Generator) string { return fmt.Sprint(g.rand.IntN(300)) },
	"protover":               func(g *Generator) string { return pick(g, "2", "3") },
	"username":               func(g *Generator) string { return pick(g, "default", "somebody") },
	"connection-name":        func(g *Generator) string { return pick(g, "", "me", "you") },
	"clientname":             func(g *Generator) string { return pick(g, "", "me", "you") },
	"numreplicas":            func(g *Generator) string { return pick(g, "0", "1", "-1") },
	"timeout":                func(*Generator) string { return "1" },
	"command-name":           func(g *Generator) string { return pick(g, "get", "NOSUCH") },
}

var patterns = []string{"*", "?1", "[se]*", "[^s]*", "s*", "h?3", "\\s1", "*[12]", "f[1-3]", "nothing", "", "**", "[a", "é*"}

// mistakes are words that are wrong in many places. All of them may be fields.
var mistakes = []string{
	"abc", "-1", "0", "1.5", "1e3", "+1", " 1", "1 ", "01", "0x10", "-0", "inf", "-inf", "nan", "1e400",
	"9223372036854775807", "9223372036854775808", "-9223372036854775808", "-9223372036854775809",
	"9223372036854775", "99999999999999999999", "2147483648", "536870912", "1 000",
	"NX", "XX", "GET", "EX", "PX", "KEEPTTL", "GT", "LT", "COUNT", "MATCH", "PERSIST", "REPLACE", "WITHVALUES", "LEN", "IDX", "ASYNC",
}

// pick draws one of several words.
func pick(g *Generator, of ...string) string { return of[g.rand.IntN(len(of))] }

// integers are near the limits, where sums overflow.
var integers = []string{
	"0", "-0", "9223372036854775807", "-9223372036854775808", "9223372036854775806", "-9223372036854775807",
	"4611686018427387904", "1000000000000", "-1",
}

var floats = []string{
	"0.1", "-0.1", "3.0e3", "1e17", "1e-7", "5.0", "0.30000000000000004", "1e300", "-1e300", "123456789012345678", "1.7976931348623157e308",
	"3.14159265358979", ".5", "5.", "-0.0",
}

func (g *Generator) field() string { return pick(g, g.space.fields...) }

func (g *Generator) value() string {
	switch n := g.rand.IntN(100); {
	case n < 40:
		return fmt.Sprint(g.rand.IntN(200) - 100)
	case n < 50:
		return pick(g, integers...)
	case n < 60:
		return pick(g, floats...)
	case n < 65:
		return ""
	case n < 75:
		return g.binary(g.rand.IntN(20))
	case n < 77:
		return strings.Repeat(pick(g, "ab", "x", "1"), g.rand.IntN(2000))
	case n < 79:
		return g.binary(g.rand.IntN(3000))
	}
	return pick(g, "hello", "hello world", "ohmytext", "mynewtext", "30s", "true", "a/b", "\r\n", "héllo", " 1", "1 ", "+1", "007")
}

func (g *Generator) binary(n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(g.rand.Uint32())
	}
	return string(b)
}

func (g *Generator) increment() string {
	switch n := g.rand.IntN(10); {
	case n < 7:
		return fmt.Sprint(g.rand.IntN(200) - 100)
	case n < 8 || !g.float:
		return pick(g, integers...)
	}
	return pick(g, floats...)
}

// place is one in a string, of which few are long.
func (g *Generator) place() string {
	if g.rand.IntN(10) == 0 {
		return fmt.Sprint(g.rand.IntN(3000))
	}
	return fmt.Sprint(g.rand.IntN(24) - 8)
}

// apart returns seconds, of which no two are less than a thousand apart, so that it does not
// depend on how fast a server is which of two expiries comes first. There are a million.
func (g *Generator) apart() int64 {
	g.turn++
	return 1000 * (1 + g.turn*7_368_787%1_048_573)
}

// someday returns a time as unix seconds, past or beyond what apart reaches from now.
func (g *Generator) someday() int64 {
	if g.rand.IntN(10) == 0 {
		return 1 + g.rand.Int64N(1_000_000_000)
	}
	return 4_102_444_800 + g.rand.Int64N(1000)*1000 // from 2100 on
}

// Dumped notes what DUMP answered, for RESTORE.
func (g *Generator) Dumped(payload string) {
	const most = 20
	if g.dumps = append(g.dumps, payload); len(g.dumps) > most {
		g.dumps = slices.Delete(g.dumps, 1, 2) // the first is none
	}
}
