package resp_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"confman/resp"
)

// sorted returns a reply as redis-cli shows it, its innermost lists sorted.
func sorted(t *testing.T, c *resp.Client, line string) string {
	t.Helper()
	words, err := resp.SplitLine(line)
	if err != nil {
		t.Fatal(err)
	}
	reply, err := c.Do(context.Background(), words...)
	if err != nil {
		t.Fatal(err)
	}
	list, _ := reply.([]resp.Reply)
	if len(list) == 2 {
		if inner, isScan := list[1].([]resp.Reply); isScan {
			list = inner
		}
	}
	slices.SortFunc(list, func(a, b resp.Reply) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
	return resp.Format(reply)
}

// Where namespaces are shown as hashes, scans show what Redis shows.
func TestNamespacesAreShownAsHashes(t *testing.T) {
	redis, confman := dial(t, redis(t)), dial(t, serve(t, &resp.Server{Namespaces: true}))
	for _, line := range []string{
		"DBSIZE", "RANDOMKEY", "KEYS *", "SCAN 0",
		"HSET prod/api timeout 30s retries 3",
		"RANDOMKEY", "DBSIZE", "KEYS *", "SCAN 0", "SCAN 0 TYPE hash", "SCAN 0 TYPE string", "SCAN 0 TYPE list", "HGETALL prod/api",
		"HSET prod/api/eu timeout 20s", "HSET app mode x", "SET session:1 x", "SET other y", "SET soon z", "HSET late a 1",
		"PEXPIRE soon 0", "HDEL late a",
		"DBSIZE", "KEYS *", "KEYS prod*", "KEYS *:1", "SCAN 0 COUNT 100", "SCAN 0 COUNT 100 MATCH *p*", "SCAN 0 COUNT 100 TYPE HASH",
		"SCAN 0 COUNT 100 TYPE string", "SCAN 0 COUNT 100 TYPE string MATCH o*", "SCAN 0 COUNT 100 TYPE zset",
		"DEL prod/api", "DBSIZE", "KEYS *", "TYPE prod/api/eu", "EXISTS prod/api prod/api/eu",
		"DEL prod/api/eu app other", "RANDOMKEY", "SCAN 0", "SCAN 0 TYPE hash",
	} {
		if got, want := sorted(t, confman, line), sorted(t, redis, line); got != want {
			t.Errorf("%s:\nconfman %s\nRedis   %s", line, got, want)
		}
	}
}

// Pages of any size show everything once, in both views.
func TestPagesOfAnySizeShowAll(t *testing.T) {
	for _, hashes := range []bool{false, true} {
		c := dial(t, serve(t, &resp.Server{Namespaces: hashes}))
		for i := range 4 {
			do(t, c, fmt.Sprintf("SET root%d v", i))
			do(t, c, fmt.Sprintf("HSET ns%d a 1 b 2", i))
		}
		all := map[string][]string{"": {}, "string": {}, "hash": {}}
		for i := range 4 {
			all["string"] = append(all["string"], fmt.Sprint("root", i))
			all["hash"] = append(all["hash"], fmt.Sprint("ns", i))
		}
		if hashes {
			all[""] = slices.Concat(all["hash"], all["string"])
		} else {
			for i := range 4 {
				all["string"] = append(all["string"], fmt.Sprintf("ns%d/a", i), fmt.Sprintf("ns%d/b", i))
			}
			all[""] = all["string"]
			all["hash"] = append(all["hash"], "/")
		}
		for kind, want := range all {
			slices.Sort(want)
			for count := range 14 {
				words := []string{"SCAN", "CURSOR", "COUNT", fmt.Sprint(count + 1)}
				if kind != "" {
					words = append(words, "TYPE", kind)
				}
				if got := walk(t, c, func() {}, words...); !slices.Equal(got, want) {
					t.Errorf("hashes %v, TYPE %q, COUNT %d: %q", hashes, kind, count+1, got)
				}
			}
		}
	}
}

// What is there from beginning to end is shown once, also among hashes.
func TestScansOfHashesStandChanges(t *testing.T) {
	addr := serve(t, &resp.Server{Namespaces: true})
	c, other := dial(t, addr), dial(t, addr)
	var want []string
	for i := range 60 {
		do(t, c, fmt.Sprintf("SET k%02d v", i))
		do(t, c, fmt.Sprintf("HSET h%02d f v", i))
		want = append(want, fmt.Sprintf("k%02d", i), fmt.Sprintf("h%02d", i))
	}
	slices.Sort(want)
	changes := 0
	got := walk(t, c, func() {
		changes++
		for _, line := range []string{"SET x%d-k v", "HSET x%d-h f v", "DEL x%d-k", "HSET x%d-k f v"} {
			do(t, other, fmt.Sprintf(line, changes*7%20))
		}
		do(t, other, fmt.Sprintf("DEL x%d-h x%d-k", changes*3%20, changes*5%20))
	}, "SCAN", "CURSOR", "COUNT", "7")
	got = slices.DeleteFunc(got, func(name string) bool { return name[0] == 'x' })
	if !slices.Equal(got, want) || changes < 15 {
		t.Errorf("%d of %d names are shown, in %d pages", len(got), len(want), changes)
	}
}

// Of many, each is drawn sooner or later, and what is asked for comes.
func TestManyAreDrawn(t *testing.T) {
	c := dial(t, serve(t, &resp.Server{}))
	fill(t, c, 5000)
	draw := func(words ...string) []resp.Reply {
		t.Helper()
		reply, err := c.Do(context.Background(), words...)
		if err != nil {
			t.Fatal(err)
		}
		list, isList := reply.([]resp.Reply)
		if !isList {
			t.Fatal(resp.Format(reply))
		}
		return list
	}
	for _, count := range []int{1, 3, 4, 5, 100, 4999, 5000, 5001} {
		seen := map[resp.Reply]bool{}
		for _, field := range draw("HRANDFIELD", "n", fmt.Sprint(count)) {
			seen[field] = true
		}
		if len(seen) != min(count, 5000) {
			t.Errorf("of %d fields %d are different ones", count, len(seen))
		}
	}
	for _, count := range []int{1, 4, 6, 20_000} {
		if got := len(draw("HRANDFIELD", "n", fmt.Sprint(-count))); got != count {
			t.Errorf("%d fields come, want %d", got, count)
		}
		if got := len(draw("HRANDFIELD", "n", fmt.Sprint(-count), "WITHVALUES")); got != 2*count {
			t.Errorf("%d fields and values come, want %d", got, 2*count)
		}
	}
	if got := do(t, c, "HRANDFIELD n -9223372036854775807"); got != "(error) ERR so many draws are over the limit of 64 MiB: ask for fewer" {
		t.Errorf("without end: %.100s", got)
	}
	if one, other := do(t, c, "RANDOMKEY"), do(t, c, "HRANDFIELD n"); !strings.HasPrefix(one, `"n/`) || len(other) != len(`"0000"`) {
		t.Errorf("%s, %s", one, other)
	}
}
