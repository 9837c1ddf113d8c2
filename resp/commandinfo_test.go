package resp_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"confman/resp"
)

// entries are what COMMAND tells of each command, subcommands included, by name.
func entries(t *testing.T, addr string) map[string][]resp.Reply {
	t.Helper()
	reply, err := dial(t, addr).Do(context.Background(), "COMMAND")
	if err != nil {
		t.Fatal(err)
	}
	all := map[string][]resp.Reply{}
	var add func(each resp.Reply)
	add = func(each resp.Reply) {
		for _, r := range each.([]resp.Reply) {
			entry := r.([]resp.Reply)
			all[entry[0].(string)] = entry
			add(entry[9])
		}
	}
	add(reply)
	return all
}

// untold are Redis's flags that confman does not tell, and why.
var untold = map[string]string{
	"noscript":         "there are no scripts",
	"allow_busy":       "no script keeps others waiting",
	"no_async_loading": "no data is loaded beside the old",
	"skip_monitor":     "clients do nothing with it",
	"skip_slowlog":     "clients do nothing with it; EXEC is left out of the log all the same",
	"sentinel":         "there are no sentinels",
	"denyoom":          "compared with the rest of a row: see TestRowsAreRedis",
}

// loads are the commands that run while a node is loading, and do not in Redis.
var loads = map[string]string{
	"ping":         "whoever waits for a node asks it",
	"wait":         "it asks the other nodes how far they are, and nothing of the data",
	"save":         "what is there is on the disk",
	"bgsave":       "as SAVE",
	"bgrewriteaof": "the file is there",
}

// The flags that COMMAND tells are Redis's, but for those that mean nothing here.
func TestFlagsAreRedis(t *testing.T) {
	redis, confman := entries(t, redis(t)), entries(t, serve(t, &resp.Server{}))
	for name, c := range confman {
		r, known := redis[name]
		if !known {
			continue
		}
		got, want := words(c[2]), words(r[2])
		keep := func(all []string) string {
			all = slices.DeleteFunc(all, func(f string) bool {
				return untold[f] != "" || loads[name] != "" && (f == "loading" || f == "stale")
			})
			slices.Sort(all)
			return strings.Join(all, " ")
		}
		if loads[name] != "" && (slices.Contains(want, "loading") || !slices.Contains(got, "loading")) {
			t.Errorf("%s is no exception", name)
		}
		if keep(got) != keep(want) {
			t.Errorf("%s: %s, Redis says %s", name, keep(got), keep(want))
		}
	}
}

// The key specifications are Redis's, but for its notes.
func TestKeySpecificationsAreRedis(t *testing.T) {
	redis, confman := entries(t, redis(t)), entries(t, serve(t, &resp.Server{}))
	show := func(specs resp.Reply) string {
		var b strings.Builder
		for _, spec := range specs.([]resp.Reply) {
			flags := words(field(spec, "flags"))
			slices.Sort(flags)
			fmt.Fprintf(&b, "%v %v %v\n", flags, field(spec, "begin_search"), field(spec, "find_keys"))
		}
		return b.String()
	}
	for name, c := range confman {
		r, known := redis[name]
		if !known {
			continue
		}
		if got, want := show(c[8]), show(r[8]); got != want && exceptions[name] == "" {
			t.Errorf("%s:\n%sRedis:\n%s", name, got, want)
		}
	}
}
