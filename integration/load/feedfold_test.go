package load

import (
	"fmt"
	"testing"
)

// foldOf takes changes, each written as in "5-0 set f/a 1", and counts what is wrong.
func foldOf(t *testing.T, f *fold, lines ...string) (wrong int) {
	t.Helper()
	for _, line := range lines {
		var c change
		if _, err := fmt.Sscanf(line, "%d-%d %s %s %d", &c.id.revision, &c.id.n, &c.op, &c.name, &c.version); err != nil {
			t.Fatal(line, err)
		}
		c.digest = fmt.Sprint(c.version)
		if f.take(c) != nil {
			wrong++
		}
	}
	return wrong
}

// A fold finds what was not told, was told twice or otherwise, and makes up what there is.
func TestFold(t *testing.T) {
	for _, c := range []struct {
		what  string
		wrong int
		lines []string
	}{
		{"all is well", 0, []string{"1-0 set f/a 1", "1-1 set f/b 1", "3-0 expire f/a 2", "4-0 expired f/a 2", "5-0 set f/a 3", "6-0 del f/b 1", "7-0 set f/b 2"}},
		{"what others do", 0, []string{"1-0 set x 7", "2-0 set x 9", "3-0 del y 1"}},
		{"a version is missing", 1, []string{"1-0 set f/a 1", "2-0 set f/a 3"}},
		{"a place is missing", 1, []string{"1-0 set x 1", "1-2 set x 3"}},
		{"a beginning is missing", 1, []string{"1-0 set x 1", "2-1 set x 3"}},
		{"twice", 1, []string{"1-0 set x 1", "1-0 set x 1"}},
		{"back", 2, []string{"1-0 set x 1", "3-0 set x 3", "2-0 set x 2", "3-1 set x 4"}},
		{"gone twice", 1, []string{"1-0 set f/a 1", "2-0 del f/a 1", "3-0 expired f/a 1"}},
		{"an expiry of nothing", 1, []string{"1-0 expire f/a 1"}},
		{"set once more, and never gone", 1, []string{"1-0 set f/once/a 1", "2-0 set f/once/a 2"}},
		{"no operation", 1, []string{"1-0 put f/a 1"}},
	} {
		if wrong := foldOf(t, newFold("f/", "f/once/"), c.lines...); wrong != c.wrong {
			t.Errorf("%s: %d are wrong", c.what, wrong)
		}
	}
}

// Behind what is gone the configs were read, somewhere up to a horizon: what is told fits that, from either side.
func TestFoldRestarts(t *testing.T) {
	read := func() map[string]config {
		return map[string]config{"f/a": {3, "3", true}, "f/b": {5, "5", true}}
	}
	for _, c := range []struct {
		what  string
		wrong int
		lines []string
	}{
		{"it was read last", 0, []string{"11-0 set f/a 2", "11-1 set f/a 3", "30-0 set f/a 4", "31-0 set f/b 6"}},
		{"it was read first", 0, []string{"11-0 set f/a 4", "12-0 set f/a 5", "30-0 set f/a 6"}},
		{"it is gone meanwhile", 0, []string{"11-0 del f/a 3", "30-0 set f/a 4", "31-0 set f/c 9"}},
		{"within the revision that was seen", 1, []string{"10-1 set f/a 4"}},
		{"a gap behind what was read", 1, []string{"11-0 set f/a 5"}},
		{"the last of it was not told", 1, []string{"11-0 set f/a 2", "30-0 set x 1"}},
		{"a gap behind the horizon", 1, []string{"30-0 set f/b 7"}},
		{"it had expired, and was not shown", 0, []string{"30-0 expired f/c 7", "31-0 set f/c 8"}},
		{"that, twice", 1, []string{"30-0 expired f/c 7", "31-0 expired f/c 7"}},
	} {
		f := newFold("f/", "f/once/")
		f.restart(10, read(), 20)
		if wrong := foldOf(t, f, c.lines...); wrong != c.wrong {
			t.Errorf("%s: %d are wrong", c.what, wrong)
		}
	}
	f := newFold("f/", "f/once/")
	f.restart(10, read(), 20)
	foldOf(t, f, "30-0 del f/a 3", "31-0 set f/c 1")
	for _, c := range []struct {
		held  map[string]config
		right bool
	}{
		{map[string]config{"f/b": {5, "5", true}, "f/c": {1, "1", true}}, true},
		{map[string]config{"f/b": {5, "5", true}}, false},
		{map[string]config{"f/b": {5, "x", true}, "f/c": {1, "1", true}}, false},
		{map[string]config{"f/a": {3, "3", true}, "f/b": {5, "5", true}, "f/c": {1, "1", true}}, false},
		{map[string]config{"f/b": {5, "5", true}, "f/c": {1, "1", true}, "f/d": {1, "1", true}}, false},
	} {
		if err := f.differs(c.held); (err == nil) != c.right {
			t.Errorf("%v: %v", c.held, err)
		}
	}
}
