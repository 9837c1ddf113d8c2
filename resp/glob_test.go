package resp

import (
	"strings"
	"testing"
	"time"
)

func TestGlob(t *testing.T) {
	for _, c := range []struct {
		pattern, name string
		want          bool
	}{
		{"*", "", true},
		{"*", "prod/api", true},
		{"prod/*", "prod/api/timeout", true},
		{"prod/*/timeout", "prod/api/eu/timeout", true},
		{"h?llo", "hello", true},
		{"h?llo", "hllo", false},
		{"h[ae]llo", "hallo", true},
		{"h[^e]llo", "hello", false},
		{"h[a-c]llo", "hbllo", true},
		{"h[c-a]llo", "hbllo", true},
		{`h\*llo`, "h*llo", true},
		{`h\*llo`, "hello", false},
		{`[\]]`, "]", true},
		{"[a", "a", true},
		{"[", "a", false},
		{`a\`, `a\`, true},
		{"", "", true},
		{"", "a", false},
		{"a*b*c", "axxbyyc", true},
		{"a*b*c", "axxbyy", false},
	} {
		if got := glob(c.pattern, c.name); got != c.want {
			t.Errorf("glob(%q, %q) = %v", c.pattern, c.name, got)
		}
	}
}

// slowly is glob in the simplest way: a star tries everything.
func slowly(pattern, name string) bool {
	switch {
	case pattern == "":
		return name == ""
	case pattern[0] == '*':
		return slowly(pattern[1:], name) || name != "" && slowly(pattern, name[1:])
	case name == "":
		return false
	}
	next, matches := globOne(pattern, 0, name[0])
	return matches && slowly(pattern[next:], name[1:])
}

func FuzzGlob(f *testing.F) {
	for _, seed := range [][2]string{{"a*b?[c-e]*", "axbyd"}, {`\*[^]`, "*"}, {"**a*", "ba"}, {"[a-", "-"}, {"[^a-c]x", "dx"}} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, pattern, name string) {
		if len(pattern) > 12 || len(name) > 12 {
			return // slowly is slow
		}
		if got, want := glob(pattern, name), slowly(pattern, name); got != want {
			t.Errorf("glob(%q, %q) = %v", pattern, name, got)
		}
	})
}

func TestGlobTakesNoLongerThanItsProduct(t *testing.T) {
	begin := time.Now()
	for range 100 {
		glob(strings.Repeat("*a", maxPattern/2)+"b", strings.Repeat("a", 1024))
	}
	if took := time.Since(begin); took > 5*time.Second {
		t.Errorf("100 patterns of stars took %v", took)
	}
}
