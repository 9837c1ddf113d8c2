package resp_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"confman/resp"
)

// No command reads or writes what is the system's, or what cannot be a name, in the place of any
// of its keys.
func TestEveryKeyIsChecked(t *testing.T) {
	c := dial(t, serve(t, &resp.Server{}))
	tried := 0
	var try func(rows []resp.Reply)
	try = func(rows []resp.Reply) {
		for _, r := range rows {
			row := r.([]resp.Reply)
			if first := row[3].(int64); first > 0 {
				tried++
				tryKeys(t, c, row)
			}
			try(row[9].([]resp.Reply))
		}
	}
	rows, err := c.Do(context.Background(), "COMMAND")
	if err != nil {
		t.Fatal(err)
	}
	try(rows.([]resp.Reply))
	const enough = 60
	if tried < enough {
		t.Errorf("only %d commands have keys", tried)
	}
}

// tryKeys calls a command, as a row of COMMAND describes it, with names that are none of a client's.
func tryKeys(t *testing.T, c *resp.Client, row []resp.Reply) {
	t.Helper()
	name := row[0].(string)
	words := strings.Split(name, "|")
	for arity := row[1].(int64); len(words) < int(max(arity, -arity)); {
		words = append(words, "1")
	}
	last := row[4].(int64)
	if last < 0 {
		last += int64(len(words))
	}
	for at := row[3].(int64); at <= last; at += row[5].(int64) {
		for _, bad := range []string{"confman", "confman/x", "a//b", "a\x00b", "\xff"} {
			call := slices.Clone(words)
			call[at] = bad
			reply, err := c.Do(context.Background(), call...)
			if err != nil {
				t.Fatal(err)
			}
			if e, failed := reply.(resp.Error); !failed || !strings.HasPrefix(string(e), "ERR name ") {
				t.Errorf("%q answers %s", call, resp.Format(reply))
			}
		}
	}
}

// RENAME and COPY of a namespace make no names that are too long.
func TestLongNamesAreNotMade(t *testing.T) {
	c := dial(t, serve(t, &resp.Server{}))
	half := strings.Repeat("n", 600)
	do(t, c, "HSET ns a 1 "+half+" 2")
	for _, command := range []string{"RENAME", "RENAMENX", "COPY"} {
		got := do(t, c, command+" ns "+half)
		if !strings.HasPrefix(got, "(error) ERR name ") || !strings.HasSuffix(got, " is over 1024 bytes: shorten it") {
			t.Errorf("%s: %s", command, got)
		}
	}
	if got := pipeline(t, c, "HLEN ns", "EXISTS "+half); got[0] != "(integer) 2" || got[1] != "(integer) 0" {
		t.Errorf("refused, and %q are there", got)
	}
}
