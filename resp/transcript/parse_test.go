package transcript

import (
	"reflect"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	steps, confmanOnly, err := Parse(`# Two connections.
> SET a "b c"
OK

# About lists.
# [types] Redis has
# lists.
b> LPUSH l x
(error) ERR unknown command
! (integer) 1
> KEYS *
1) "a"
2) "> x"
`)
	want := []Step{
		{Line: 2, Words: []string{"SET", "a", "b c"}, Want: []string{"OK"}},
		{Line: 8, Connection: "b", Words: []string{"LPUSH", "l", "x"}, Want: []string{"(error) ERR unknown command"}, Redis: []string{"(integer) 1"}, ID: "types", Why: "Redis has lists."},
		{Line: 11, Words: []string{"KEYS", "*"}, Want: []string{`1) "a"`, `2) "> x"`}},
	}
	if err != nil || confmanOnly || !reflect.DeepEqual(steps, want) {
		t.Errorf("%+v, %v, %v", steps, confmanOnly, err)
	}
	if _, confmanOnly, err := Parse("# confman only: names\n> PING\nPONG\n"); err != nil || !confmanOnly {
		t.Errorf("%v, %v", confmanOnly, err)
	}
}

func TestParseRefusesWhatIsUnexplained(t *testing.T) {
	for text, want := range map[string]string{
		"OK\n":                           "line 1: an answer without a command",
		"> SET a \"b\n":                  "line 1: unbalanced quotes",
		"> GET a\n(nil)\n! \"x\"\n":      "a comment above says why",
		"# [paths] so\n> GET a\n(nil)\n": "and only there",
	} {
		if _, _, err := Parse(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
}
