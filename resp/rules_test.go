package resp_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"confman/resp"
)

// breaking are calls that would leave behind what the rule "numeric,max=9" forbids below the namespace
// r, where r/n is 5. Outside it a is x, and b/n is x.
var breaking = []string{
	"SET r/n x", "SET r/n 10", "SETEX r/n 10 x", "PSETEX r/n 10000 x", "SETNX r/m x", "GETSET r/n x", "MSET c 1 r/n x", "MSETNX r/m x",
	"APPEND r/n 0", "SETRANGE r/n 1 x", "INCR r/nine", "INCRBY r/n 5", "DECR r/low", "DECRBY r/n -5", "INCRBYFLOAT r/n 4.5",
	"HSET r n x", "HSET r m 1 n x", "HMSET r n x", "HSETNX r m x", "HINCRBY r n 5", "HINCRBYFLOAT r n 4.5", "HSETEX r EX 10 FIELDS 1 n x",
	"COPY a r/m", "COPY a r/n REPLACE", "RENAME a r/n", "RENAMENX a r/m", "COPY b/ns r/sub", "RENAME b/ns r/sub",
}

// Whatever writes must pass the rules, and leaves nothing behind if it does not.
func TestEveryWriteIsChecked(t *testing.T) {
	c := dial(t, serve(t, &resp.Server{}))
	for _, line := range []string{"MSET r/n 5 r/nine 9 r/low -9 a x b/ns/n x", "NS RULE r ** numeric min=-9 max=9"} {
		if got := do(t, c, line); got != "OK" {
			t.Fatalf("%s: %s", line, got)
		}
	}
	before := do(t, c, "MGET r/n r/nine r/low r/m r/sub/n a b/ns/n c")
	refused := map[string]bool{"restore": true, "hexpire": true, "hpexpire": true, "hexpireat": true, "hpexpireat": true} // these set no value
	check := func(call string, reply string) {
		t.Helper()
		if !strings.HasPrefix(reply, "(error) INVALID r/") || !strings.Contains(reply, `is not a number from -9 to 9 (rule "numeric,min=-9,max=9" of namespace r)`) {
			t.Errorf("%s answers %s", call, reply)
		}
		if after := do(t, c, "MGET r/n r/nine r/low r/m r/sub/n a b/ns/n c"); after != before {
			t.Errorf("%s leaves %s", call, after)
		}
	}
	for _, line := range breaking {
		check(line, do(t, c, line))
		refused[strings.ToLower(strings.Fields(line)[0])] = true
	}
	dump, err := c.Do(context.Background(), "DUMP", "a")
	if err != nil {
		t.Fatal(err)
	}
	for _, words := range [][]string{{"RESTORE", "r/m", "0", dump.(string)}, {"RESTORE", "r/n", "0", dump.(string), "REPLACE"}} {
		reply, err := c.Do(context.Background(), words...)
		if err != nil {
			t.Fatal(err)
		}
		check(words[0], resp.Format(reply))
	}
	t.Run("those that make the data larger are all tried", func(t *testing.T) {
		rows, err := c.Do(context.Background(), "COMMAND")
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range rows.([]resp.Reply) {
			row := r.([]resp.Reply)
			if flags := fmt.Sprint(row[2]); strings.Contains(flags, "denyoom") && !refused[row[0].(string)] {
				t.Errorf("%s is not", row[0])
			}
		}
	})
	t.Run("in a transaction", func(t *testing.T) {
		got := pipeline(t, c, "MULTI", "SET c 1", "HSET r n x", "EXEC")
		check("EXEC", got[3])
	})
	t.Run("in a pipeline, each by itself", func(t *testing.T) {
		got := pipeline(t, c, "SET r/n 6", "SET r/n x", "SET r/n 7", "INCR r/nine", "GET r/n")
		if got[0] != "OK" || !strings.HasPrefix(got[1], "(error) INVALID ") || got[2] != "OK" || !strings.HasPrefix(got[3], "(error) INVALID ") || got[4] != `"7"` {
			t.Errorf("%q", got)
		}
	})
}

func TestRuleLimits(t *testing.T) {
	c := dial(t, serve(t, &resp.Server{}))
	for i := range 100 {
		if got := do(t, c, fmt.Sprintf("NS RULE r k%d int", i)); got != "OK" {
			t.Fatal(got)
		}
	}
	if got, want := do(t, c, "NS RULE r more int"), "(error) ERR namespace r has 100 rules, and may not have more: delete one, or write a pattern for several"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if got := do(t, c, "NS RULE r k7 port"); got != "OK" {
		t.Errorf("in place of another one: %s", got)
	}
	long := strings.Repeat("é", 200)
	if got := do(t, c, "SET r/x "+long); got != "OK" {
		t.Fatal(got)
	}
	if got := do(t, c, "NS RULE r ** len=1 DRYRUN"); !strings.HasPrefix(got, "(error) ERR namespace r has 100 rules") {
		t.Errorf("DRYRUN of one too many: %s", got)
	}
	if got := do(t, c, "NS RULE / r/x len=1 DRYRUN"); !strings.Contains(got, `"`+strings.Repeat(`\xc3\xa9`, 128)+`..."`) && !strings.Contains(got, `"`+strings.Repeat("é", 128)+`..."`) {
		t.Errorf("a long value is shown as %s", got)
	}
}

// CONF CHECK comes to all configs, however many pages they take; DRYRUN, while others wait, does not.
func TestChecksOfManyConfigs(t *testing.T) {
	c := dial(t, serve(t, &resp.Server{}))
	const count = 100_001
	for first := 0; first < count; first += 5000 {
		words := []string{"MSET"}
		for i := first; i < min(first+5000, count); i++ {
			words = append(words, fmt.Sprintf("many/%d/%d", i%7, i), "x")
		}
		if reply, err := c.Do(context.Background(), words...); err != nil || reply != resp.Status("OK") {
			t.Fatal(reply, err)
		}
	}
	if got := do(t, c, "NS RULE many ** int DRYRUN"); !strings.HasPrefix(got, "(error) ERR the namespace has over 100000 configs") {
		t.Errorf("DRYRUN: %.100s", got)
	}
	do(t, c, "NS RULE many 3/* int")
	for line, want := range map[string]int{"CONF CHECK many": 1000, "CONF CHECK many/3 COUNT 10000": 10_000, "CONF CHECK many/4": 0} {
		reply, err := c.Do(context.Background(), strings.Fields(line)...)
		if err != nil {
			t.Fatal(err)
		}
		found := reply.([]resp.Reply)
		if len(found) != want {
			t.Errorf("%s finds %d, want %d", line, len(found), want)
		}
		names := make([]string, len(found))
		for i, f := range found {
			names[i] = field(f, "name").(string)
		}
		slices.Sort(names)
		if len(slices.Compact(names)) != want {
			t.Errorf("%s finds some more than once", line)
		}
	}
}
