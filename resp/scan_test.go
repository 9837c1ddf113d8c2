package resp_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"confman/resp"
)

// walk follows a scan to its end and returns what it shows. Between its calls it does
// something else.
func walk(t *testing.T, c *resp.Client, between func(), words ...string) (shown []string) {
	t.Helper()
	at := slices.Index(words, "CURSOR")
	for words[at] = "0"; ; {
		reply, err := c.Do(context.Background(), words...)
		if err != nil {
			t.Fatal(err)
		}
		page, isPage := reply.([]resp.Reply)
		if !isPage {
			t.Fatalf("%q: %s", words, resp.Format(reply))
		}
		for _, name := range page[1].([]resp.Reply) {
			shown = append(shown, name.(string))
		}
		if words[at] = page[0].(string); words[at] == "0" {
			slices.Sort(shown)
			return shown
		}
		between()
	}
}

// fill sets configs n/0000 and so on.
func fill(t *testing.T, c *resp.Client, n int) (names []string) {
	t.Helper()
	words := []string{"MSET"}
	for i := range n {
		names = append(names, fmt.Sprintf("n/%04d", i))
		words = append(words, names[i], "v")
	}
	if reply, err := c.Do(context.Background(), words...); err != nil || reply != resp.Status("OK") {
		t.Fatal(reply, err)
	}
	return names
}

// What is there from beginning to end is shown once, whatever comes and goes meanwhile.
func TestScansStandChanges(t *testing.T) {
	addr := serve(t, &resp.Server{})
	c, other := dial(t, addr), dial(t, addr)
	names := fill(t, c, 700)
	changes := 0
	change := func() {
		changes++
		do(t, other, fmt.Sprintf("SET n/%04dx new", changes*7%700))
		do(t, other, fmt.Sprintf("DEL n/%04dx", changes*5%700))
		do(t, other, fmt.Sprintf("SET a%d/b new", changes))
	}
	for _, c := range [][]string{
		walk(t, c, change, "SCAN", "CURSOR"),
		walk(t, c, change, "SCAN", "CURSOR", "COUNT", "100", "MATCH", "n/*"),
	} {
		var kept []string
		for _, name := range c {
			if strings.HasPrefix(name, "n/") && !strings.HasSuffix(name, "x") {
				kept = append(kept, name)
			}
		}
		if !slices.Equal(kept, names) {
			t.Errorf("%d of %d names are shown", len(kept), len(names))
		}
	}
	fields := walk(t, c, change, "HSCAN", "n", "CURSOR", "NOVALUES", "MATCH", "????", "COUNT", "100")
	if len(fields) != len(names) || slices.ContainsFunc(fields, func(f string) bool { return !slices.Contains(names, "n/"+f) }) {
		t.Errorf("HSCAN shows %d of %d", len(fields), len(names))
	}
	if changes < 80 {
		t.Errorf("only %d pages", changes)
	}
}

func TestNamespacesAreScanned(t *testing.T) {
	c := dial(t, serve(t, &resp.Server{}))
	var want []string
	for i := range 25 {
		want = append(want, fmt.Sprintf("ns/%02d", i))
		do(t, c, fmt.Sprintf("HSET ns/%02d a 1 b 2", i))
	}
	if got := walk(t, c, func() {}, "SCAN", "CURSOR", "TYPE", "hash"); !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}

// A small namespace comes at once, as a small hash does in Redis.
func TestSmallNamespacesComeAtOnce(t *testing.T) {
	c := dial(t, serve(t, &resp.Server{}))
	fill(t, c, 512)
	if got := do(t, c, "HSCAN n 0 MATCH 0511"); got != "1) \"0\"\n2) 1) \"0511\"\n   2) \"v\"" {
		t.Error(got)
	}
	do(t, c, "HSET n one-more 1")
	if got := do(t, c, "HSCAN n 0"); strings.HasPrefix(got, `1) "0"`) {
		t.Error("513 configs came at once")
	}
}

// A cursor is good for the walk it came from, and not for ever.
func TestCursorsOfOthersAreUnknown(t *testing.T) {
	c := dial(t, serve(t, &resp.Server{}))
	fill(t, c, 20)
	cursor := func() string { return strings.Split(do(t, c, "SCAN 0"), `"`)[1] }
	first := cursor()
	for _, line := range []string{"SCAN " + first + " TYPE hash", "HSCAN n " + first, "SCAN 1"} {
		if got := do(t, c, line); !strings.HasPrefix(got, "(error) ERR unknown cursor") {
			t.Errorf("%s: %s", line, got)
		}
	}
	if got := do(t, c, "SCAN "+first); strings.HasPrefix(got, "(error)") {
		t.Error(got)
	}
	scans := slices.Repeat([]string{"SCAN 0"}, 1<<10)
	for range 16 {
		pipeline(t, c, scans...)
	}
	if got := do(t, c, "SCAN "+first); !strings.HasPrefix(got, "(error) ERR unknown cursor") {
		t.Errorf("16,384 cursors later: %s", got)
	}
}
