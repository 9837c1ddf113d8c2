package resp_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"confman/resp"
	"confman/resp/transcript"
	"confman/store"
)

// watched serves a node whose store tells the server what changes.
func watched(t *testing.T) (node *spy, addr string) {
	t.Helper()
	node = newSpy()
	server := &resp.Server{Node: node, AllowFlush: true}
	server.Changed(nil) // a node may have something to tell before it serves
	node.Store.Watch(server)
	return node, serve(t, server)
}

// ids are the ids that a reply of XREAD about one stream, or of XRANGE, holds.
func ids(t *testing.T, r resp.Reply, err error) (all []string) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	entries, isArray := r.([]resp.Reply)
	if !isArray {
		return []string{resp.Format(r)}
	}
	if len(entries) == 0 {
		return nil
	}
	if pair, one := entries[0].([]resp.Reply); one && len(entries) == 1 && strings.HasPrefix(pair[0].(string), "confman/") {
		entries = pair[1].([]resp.Reply)
	}
	for _, e := range entries {
		all = append(all, e.([]resp.Reply)[0].(string))
	}
	return all
}

// read sends a command and shows the ids of its answer.
func read(t *testing.T, c *resp.Client, line string) string {
	t.Helper()
	r, err := c.Do(context.Background(), strings.Fields(line)...)
	return strings.Join(ids(t, r, err), " ")
}

// Revisions come whole, whatever COUNT says; an id that names a revision only says to XREAD that all
// of it was seen.
func TestIDs(t *testing.T) {
	_, addr := watched(t)
	c := dial(t, addr)
	for _, write := range []string{"SET a 1", "MSET b/1 1 b/2 2 b/3 3", "SET c 1", "MSET b/1 2 d 2"} { // revisions 1 to 4
		do(t, c, write)
	}
	for _, step := range [][2]string{
		{"XREAD STREAMS confman/changes 0", "1-0 2-0 2-1 2-2 3-0 4-0 4-1"},
		{"XREAD STREAMS confman/changes 0-0", "1-0 2-0 2-1 2-2 3-0 4-0 4-1"},
		{"XREAD COUNT 2 STREAMS confman/changes 0", "1-0 2-0 2-1 2-2"},
		{"XREAD COUNT 1 STREAMS confman/changes 1", "2-0 2-1 2-2"},
		{"XREAD COUNT 1 STREAMS confman/changes 2", "3-0"},
		{"XREAD COUNT 1 STREAMS confman/changes 2-0", "2-1 2-2"},
		{"XREAD STREAMS confman/changes 2-18446744073709551615", "3-0 4-0 4-1"},
		{"XREAD STREAMS confman/changes 4", "(nil)"},
		{"XREAD STREAMS confman/changes 4-0", "4-1"},
		{"XREAD STREAMS confman/changes 9-9", "(nil)"},
		{"XREAD STREAMS confman/changes $", "(nil)"},
		{"XREAD COUNT 1 STREAMS confman/changes +", "4-0 4-1"},
		{"XREAD STREAMS confman/changes/b +", "4-0"},
		{"XREAD STREAMS confman/changes/none +", "(nil)"},
		{"XREAD COUNT 1 STREAMS confman/changes 18446744073709551615-18446744073709551615", "(nil)"},
		{"XREAD STREAMS confman/changes 18446744073709551615", "(nil)"},
		{"XRANGE confman/changes 18446744073709551615 +", ""},
		{"XREAD STREAMS confman/changes/b 2", "4-0"},
		{"XRANGE confman/changes - +", "1-0 2-0 2-1 2-2 3-0 4-0 4-1"},
		{"XRANGE confman/changes - + COUNT 3", "1-0 2-0 2-1 2-2"},
		{"XRANGE confman/changes 2 2", "2-0 2-1 2-2"},
		{"XRANGE confman/changes 2-1 3", "2-1 2-2 3-0"},
		{"XRANGE confman/changes (2-1 4-0", "2-2 3-0 4-0"},
		{"XRANGE confman/changes (2-18446744073709551615 +", "3-0 4-0 4-1"},
		{"XRANGE confman/changes 2 (2-2", "2-0 2-1"},
		{"XRANGE confman/changes - (3-0", "1-0 2-0 2-1 2-2"},
		{"XRANGE confman/changes + +", ""},
		{"XRANGE confman/changes - -", ""},
		{"XRANGE confman/changes 0 +", "1-0 2-0 2-1 2-2 3-0 4-0 4-1"},
		{"XREVRANGE confman/changes + -", "4-1 4-0 3-0 2-2 2-1 2-0 1-0"},
		{"XREVRANGE confman/changes + - COUNT 1", "4-1 4-0"},
		{"XREVRANGE confman/changes 3 2-1", "3-0 2-2 2-1"},
		{"XREVRANGE confman/changes (3-0 (1-0 COUNT 1", "2-2 2-1 2-0"},
		{"XREVRANGE confman/changes/b + -", "4-0 2-2 2-1 2-0"},
	} {
		if got := read(t, c, step[0]); got != step[1] {
			t.Errorf("%s: %s, want %s", step[0], got, step[1])
		}
	}
	pipeline(t, c, "FLUSHALL", "SET e 1")
	if got := do(t, c, "XLEN confman/changes/b"); got != "(integer) 5" {
		t.Errorf("a flush belongs to every stream: %s", got)
	}
	if got := read(t, c, "XREVRANGE confman/values/none + -"); got != "5-0" {
		t.Errorf("a flush belongs to every stream: %s", got)
	}
}

// bulkWrites writes so many configs at a time.
func bulkWrites(t *testing.T, node *transcript.Local, revisions, each int, value string) {
	t.Helper()
	for i := range revisions {
		_, err := node.Update(context.Background(), "loader", func(tx *store.Tx) error {
			for j := range each {
				if err := tx.Set(fmt.Sprintf("bulk%d/%d", i%5, j), value, 0); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// bulkWritesOver writes 60 revisions of 2000 configs each, behind a first one that bounds how much is kept: it is
// the last 50.
func bulkWritesOver(t *testing.T, node *transcript.Local) {
	t.Helper()
	_, err := node.Update(context.Background(), "system", func(tx *store.Tx) error {
		return tx.Set("confman/settings/audit-bytes", "3000000", 0)
	})
	if err != nil {
		t.Fatal(err)
	}
	bulkWrites(t, node, 60, 2000, "v")
}

// Who comes too late is told so, and where to go on.
func TestGone(t *testing.T) {
	node, addr := watched(t)
	bulkWritesOver(t, node.Local) // of which the last 50 are kept
	c := dial(t, addr)
	gone := "(error) GONE changes up to revision 11 are not kept any more: read the configs anew, then go on from 61"
	long := "(error) ERR this range is over 1 MiB: give a COUNT or a smaller one, and go on behind the last id that you get, as in XRANGE KEY (ID +"
	for _, step := range [][2]string{
		{"XREAD STREAMS confman/changes 0", gone},
		{"XREAD STREAMS confman/changes 0-0", gone},
		{"XREAD BLOCK 0 STREAMS confman/values 10", gone},
		{"XREAD STREAMS confman/changes confman/changes $ 10-5", gone},
		{"XREAD STREAMS confman/changes/none 3", gone},
		{"XREAD STREAMS confman/changes/none 11", "(nil)"},
		{"XREAD STREAMS confman/changes/none 11-3", "(nil)"},
		{"XREAD STREAMS confman/changes 61", "(nil)"},
		{"XRANGE confman/changes 0 + COUNT 1", gone},
		{"XRANGE confman/changes 11-1999 + COUNT 1", gone},
		{"XRANGE confman/changes (10 + COUNT 1", gone},
		{"XREVRANGE confman/changes + 11", gone},
		{"XRANGE confman/changes/none - +", "(empty array)"},
		{"XRANGE confman/changes/none (11-1999 +", "(empty array)"},
		{"XRANGE confman/changes - +", long},
		{"XREVRANGE confman/changes + - COUNT 50000", long},
		{"XINFO STREAM confman/changes FULL COUNT 0", long},
		{"XLEN confman/changes", "(integer) 100000"},
		{"XLEN confman/changes/bulk0", "(integer) 20000"},
	} {
		if got := do(t, c, step[0]); got != step[1] {
			t.Errorf("%s: %.200s, want %s", step[0], got, step[1])
		}
	}
	if got := read(t, c, "XRANGE confman/changes - + COUNT 1"); !strings.HasPrefix(got, "12-0 12-1 ") || !strings.HasSuffix(got, " 12-1999") {
		t.Errorf("%.60s", got)
	}
	if got := do(t, c, "XINFO STREAM confman/changes"); !strings.Contains(got, `"max-deleted-entry-id"`+"\n"+`10) "11-0"`) {
		t.Errorf("%.600s", got)
	}
}

// A reply of XREAD holds about 1 MiB; who goes on from there misses nothing.
func TestLongReadsComeInPieces(t *testing.T) {
	node, addr := watched(t)
	bulkWrites(t, node.Local, 40, 300, strings.Repeat("v", 3000))
	c := dial(t, addr)
	for name, pieces := range map[string][2]int{"confman/changes": {2, 6}, "confman/values": {5, 12}} {
		after, n, total := "0", 0, 0
		for {
			r, err := c.Do(context.Background(), "XREAD", "STREAMS", name, after)
			all := ids(t, r, err)
			if all[0] == "(nil)" {
				break
			}
			for i, id := range all {
				if want := fmt.Sprintf("%d-%d", 1+(total+i)/300, (total+i)%300); id != want {
					t.Fatalf("%s: %s behind %s, want %s", name, id, after, want)
				}
			}
			total += len(all)
			after = all[len(all)-1]
			n++
		}
		if total != 12_000 || n < pieces[0] || n > pieces[1] {
			t.Errorf("%s: %d changes in %d pieces", name, total, n)
		}
	}
}

// A reply about many streams is no longer; those that are left out come the next time.
func TestManyStreamsAreOneReply(t *testing.T) {
	node, addr := watched(t)
	bulkWrites(t, node.Local, 5, 300, strings.Repeat("v", 900))
	words := append(append([]string{"XREAD", "STREAMS"}, slices.Repeat([]string{"confman/values"}, 50)...), slices.Repeat([]string{"0"}, 50)...)
	r, err := dial(t, addr).Do(context.Background(), words...)
	if err != nil {
		t.Fatal(err)
	}
	if all, size := r.([]resp.Reply), len(resp.Format(r)); len(all) > 2 || size < 1<<20 || size > 3<<20 {
		t.Errorf("%d streams in %d bytes", len(all), size)
	}
}

// Of a config that an entry writes more than once the last change has the value.
func TestValuesWithinARevision(t *testing.T) {
	node, addr := watched(t)
	set := func(name, value string) store.Txn {
		return store.Txn{By: "ann", Writes: []store.Write{{Name: name, Value: value}}}
	}
	_, err := node.Store.Apply([]store.Indexed{{Index: 1, Entry: store.Entry{Node: 7, Seq: 1, At: 1000, Txns: []store.Txn{
		set("x", "1"),
		{By: "bob", Writes: []store.Write{{Name: "x", Delete: true}}},
		set("x", "2"), set("y", "1"),
		{By: "eve", Flush: true},
		set("z", "3"), set("x", "4"), set("z", "5"),
	}}}})
	if err != nil {
		t.Fatal(err)
	}
	r, err := dial(t, addr).Do(context.Background(), "XRANGE", "confman/values", "-", "+")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range r.([]resp.Reply) {
		fields := words(e.([]resp.Reply)[1])
		line := strings.Join([]string{fields[1], fields[3], fields[7]}, " ")
		if len(fields) > 10 {
			line += "=" + fields[11]
		}
		got = append(got, line)
	}
	want := []string{"x set ann", "x del bob", "x set ann", "y set ann", " flush eve", "z set ann", "x set ann=4", "z set ann=5"}
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

// What an operation is called follows from what was done.
func TestOperations(t *testing.T) {
	node, addr := watched(t)
	do := func(events string, expires store.Millis, name string) {
		t.Helper()
		_, err := node.Update(context.Background(), "ann", func(tx *store.Tx) error {
			tx.As(events, "")
			return tx.Set(name, "1", expires)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	const later = 1 << 50
	var want []string
	for _, step := range []struct {
		events  string
		expires store.Millis
		want    string
	}{
		{"", 0, "set"},
		{"expire", later, "expire"},
		{"persist", 0, "persist"},
		{"hexpire", later, "expire"},
		{"expire persist", 0, "persist"},
		{"set expire", later, "set"},
		{"incrby", 0, "set"},
		{"rename_to", 0, "set"},
		{"", 1, "set"}, // and it has expired
	} {
		do(step.events, step.expires, "x")
		want = append(want, step.want)
	}
	do("", 0, "x")
	want = append(want, "expired", "set")
	c := dial(t, addr)
	r, err := c.Do(context.Background(), "XRANGE", "confman/changes", "-", "+")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range r.([]resp.Reply) {
		got = append(got, words(e.([]resp.Reply)[1])[3])
	}
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}
