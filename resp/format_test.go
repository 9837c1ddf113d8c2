package resp

import (
	"errors"
	"strings"
	"testing"
)

// What redis-cli 7.0 prints on a terminal.
func TestFormat(t *testing.T) {
	ten := make([]Reply, 10)
	for i := range ten {
		ten[i] = int64(i)
	}
	for want, r := range map[string]Reply{
		"(nil)":                   nil,
		"(integer) 1":             int64(1),
		"(double) 1.5":            1.5,
		"(true)":                  true,
		"(error) ERR syntax":      errors.New("ERR syntax"),
		"OK":                      Status("OK"),
		`"a\"b\\c\n\r\t\a\b"`:     "a\"b\\c\n\r\t\a\b",
		`"\x00\x7f\xc3\xa9"`:      "\x00\x7fé",
		"a\nb":                    Text("a\nb\n"),
		"(empty array)":           []Reply{},
		"(empty hash)":            Map{},
		"(empty set)":             Set{},
		"1) \"a\"\n2) (nil)":      []Reply{"a", nil},
		"1~ a\n2~ b":              Set{Status("a"), Status("b")},
		"1# \"a\" => (integer) 1": Map{"a", int64(1)},
		"1) 1) \"a\"\n   2) 1) \"b\"\n2) (empty array)":    []Reply{[]Reply{"a", []Reply{"b"}}, []Reply{}},
		"1# \"a\" => 1) \"b\"\n   2) \"c\"\n2# \"d\" => x": Map{"a", []Reply{"b", "c"}, "d", Status("x")},
	} {
		if got := Format(r); got != want {
			t.Errorf("%#v:\n%s\nwant\n%s", r, got, want)
		}
	}
	if got := Format(ten); !strings.HasPrefix(got, " 1) (integer) 0\n") || !strings.HasSuffix(got, "\n10) (integer) 9") {
		t.Errorf("ten elements:\n%s", got)
	}
}

// Words come back from the quotes in which they are shown.
func FuzzSplitLine(f *testing.F) {
	f.Add("a", "b c")
	f.Add("", "\x00\xff\"\\'\n")
	f.Fuzz(func(t *testing.T, a, b string) {
		words, err := SplitLine(" " + quoted(a) + "\t" + quoted(b) + " ")
		if err != nil || len(words) != 2 || words[0] != a || words[1] != b {
			t.Errorf("%q %q came back as %q, %v", a, b, words, err)
		}
		_, _ = SplitLine(a) // must not panic
	})
}

func TestSplitLine(t *testing.T) {
	for line, want := range map[string]string{
		"":                      "",
		"  a   b  ":             "a|b",
		`"a b" 'c d'`:           "a b|c d",
		`"\x41\n\"\q" '\'\n'`:   "A\n\"q|'\\n",
		`pre"fix" x`:            "prefix|x",
		`""`:                    "",
		`"\x4"`:                 "x4",
		"a\tb\r\n":              "a|b",
		"\v\f a\v \fb\f":        "a\v|b\f",
		"\"a\"\fb":              "a|b",
		"it's":                  "error",
		`"unfinished`:           "error",
		`"a"b`:                  "error",
		`'a'b`:                  "error",
		`"ends in a backslash\`: "error",
	} {
		words, err := SplitLine(line)
		if got := strings.Join(words, "|"); got != want && (err == nil || want != "error") {
			t.Errorf("%q: %q, %v; want %q", line, got, err, want)
		}
	}
}
