package resp_test

import (
	"context"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"confman/resp"
)

// matching returns what KEYS shows, sorted.
func matching(t *testing.T, c *resp.Client, pattern string) (names []string) {
	t.Helper()
	reply, err := c.Do(context.Background(), "KEYS", pattern)
	if err != nil {
		t.Fatal(err)
	}
	all, isList := reply.([]resp.Reply)
	if !isList {
		t.Fatalf("KEYS %q: %v", pattern, reply)
	}
	for _, name := range all {
		names = append(names, name.(string))
	}
	slices.Sort(names)
	return names
}

// Patterns mean what they mean in Redis, well-formed or not.
func TestPatternsAreRedis(t *testing.T) {
	redis, confman := dial(t, redis(t)), dial(t, serve(t, &resp.Server{}))
	r := rand.New(rand.NewPCG(1, 2))
	some := func(pieces []string, most int) string {
		var b strings.Builder
		for range 1 + r.IntN(most) {
			b.WriteString(pieces[r.IntN(len(pieces))])
		}
		return b.String()
	}
	set := []string{"MSET"}
	for range 400 {
		set = append(set, some([]string{"a", "b", "c", "A", "[", "]", "^", "-", "\\", "*", "?", "é", " "}, 6), "v")
	}
	for _, c := range []*resp.Client{redis, confman} {
		if reply, err := c.Do(context.Background(), set...); err != nil || reply != resp.Status("OK") {
			t.Fatal(reply, err)
		}
	}
	pieces := []string{"a", "b", "c", "A", "é", " ", "*", "*", "?", "?", "[", "[", "[^", "]", "]", "-", "^", "\\", "\\", "a-c", "c-a", "[a-", "[]"}
	for range 4000 {
		pattern := some(pieces, 8)
		if got, want := matching(t, confman, pattern), matching(t, redis, pattern); !slices.Equal(got, want) {
			t.Errorf("KEYS %q:\nconfman %q\nRedis   %q", pattern, got, want)
		}
	}
}
