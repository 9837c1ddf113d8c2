package resp_test

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"confman/resp"
)

// keyEvents returns the events in what a subscriber was sent, as "event name", of names without a slash.
func keyEvents(said string) (events []string) {
	words := strings.Fields(said)
	for i := 0; i+8 < len(words); i++ {
		if event, is := strings.CutPrefix(words[i+6], "__keyevent@0__:"); words[i] == "*4" && is && !strings.Contains(words[i+8], "/") {
			events = append(events, event+" "+words[i+8])
		}
	}
	return events
}

// notified are commands whose events Redis and confman tell alike: of strings by their names, of
// namespaces as of hashes.
var notified = []string{
	"SET a 1", "SET a 2", "SET a 3 EX 100", "SET a 4 KEEPTTL", "SET a 5 NX", "SETEX a 50 v", "PSETEX a 50000 v", "SETNX b 1", "SETNX b 2",
	"GET a", "GETSET a 9", "GETEX a", "GETEX a EX 10", "GETEX a PERSIST", "GETEX a PERSIST", "INCR a", "INCRBY a 5", "DECR a", "DECRBY a 2", "INCRBYFLOAT a 1.5",
	"APPEND a x", "APPEND n x", "SETRANGE a 1 y", "SETRANGE none 1 \"\"", "MSET a 1 c 2", "MSETNX a 1 d 2", "MSETNX d 1 e 2",
	"EXPIRE a 100", "EXPIRE a 50 NX", "PEXPIRE a 100000", "PERSIST a", "PERSIST a", "EXPIRE a -1", "EXPIRE none 5", "EXPIREAT b 1",
	"RENAME c c2", "RENAMENX c2 d", "RENAMENX c2 c3", "COPY c3 c4", "COPY c3 c4", "COPY c3 c4 REPLACE", "DEL c3 none", "UNLINK c4", "GETDEL d", "GETDEL d",
	"HSET h f 1", "HSET h f 1", "HSET h f 2 g 3", "HSETNX h f 9", "HSETNX h i 9", "HINCRBY h f 2", "HINCRBYFLOAT h f 0.5", "HMSET h j 1",
	"HDEL h none", "HDEL h j", "HDEL h f g i", "HDEL h f", "HGETALL h", "TYPE h",
	"MULTI | SET m 1 | INCR m | EXPIRE m 100 | DEL m | SET m2 1 | EXEC", "DEL m2",
	"FLUSHALL",
}

// What changes is told as Redis tells it, in its order, and nothing is told when nothing has changed.
func TestNotificationsAreRedis(t *testing.T) {
	for _, classes := range []string{"KEA", "EAn", "Egx", "E$h", "KA"} {
		t.Run(classes, func(t *testing.T) {
			type side struct{ listener, writer *talker }
			var sides [2]side
			for i, addr := range []string{serve(t, &resp.Server{AllowFlush: true}), redis(t)} {
				sides[i] = side{talk(t, addr), talk(t, addr)}
				if said := sides[i].writer.until(t, "CONFIG SET notify-keyspace-events "+classes); said != "+OK " {
					t.Fatal(said)
				}
				sides[i].listener.until(t, "PSUBSCRIBE __key*")
			}
			for _, line := range notified {
				var all [2]string
				for i, s := range sides {
					s.writer.until(t, strings.ReplaceAll(line, " | ", "\r\n"))
					all[i] = strings.Join(keyEvents(s.listener.say(t, "")), ", ")
				}
				if all[0] != all[1] && !slices.Contains(otherwise[line], all[0]) {
					t.Errorf("%s tells of %q, in Redis of %q", line, all[0], all[1])
				}
			}
		})
	}
}

// otherwise is what confman tells of commands for which Redis tells something else.
var otherwise = map[string][]string{
	// A transaction tells of what it leaves behind: m came and went within it.
	"MULTI | SET m 1 | INCR m | EXPIRE m 100 | DEL m | SET m2 1 | EXEC": {"set m2", "new m2, set m2", ""},
	// What is deleted comes first.
	"RENAME c c2":    {"rename_from c, new c2, rename_to c2"},
	"RENAMENX c2 c3": {"rename_from c2, new c3, rename_to c3"},
	// What is replaced is not new.
	"COPY c3 c4 REPLACE": {"copy_to c4"},
}

// Both names of a config are told of, under both kinds of channels.
func TestNotificationsOfBothNames(t *testing.T) {
	addr := serve(t, &resp.Server{})
	listener, writer := talk(t, addr), dial(t, addr)
	do(t, writer, "CONFIG SET notify-keyspace-events KEA")
	listener.until(t, "PSUBSCRIBE __key*")
	for _, step := range []struct{ line, want string }{
		{"SET prod/api/timeout 30s", "prod/api/timeout=set set=prod/api/timeout prod/api=hset hset=prod/api"},
		{"HINCRBY prod/api retries 1", "prod/api/retries=incrby incrby=prod/api/retries prod/api=hincrby hincrby=prod/api"},
		{"DEL prod/api", "prod/api/retries=del del=prod/api/retries prod/api=hdel hdel=prod/api prod/api/timeout=del del=prod/api/timeout prod/api=del del=prod/api"},
		{"SET root 1", "root=set set=root /=hset hset=/"},
		{"CONFIG SET timeout 0", ""},
	} {
		do(t, writer, step.line)
		words := strings.Fields(listener.say(t, ""))
		var got []string
		for i := 0; i+8 < len(words); i++ {
			if words[i] == "*4" {
				channel := strings.TrimPrefix(strings.TrimPrefix(words[i+6], "__keyevent@0__:"), "__keyspace@0__:")
				got = append(got, fmt.Sprintf("%s=%s", channel, words[i+8]))
			}
		}
		if strings.Join(got, " ") != step.want {
			t.Errorf("%s: %q, want %q", step.line, got, step.want)
		}
	}
}

// The parameter is one of all nodes: what a server is told by its store counts, whoever has set it.
func TestNotifyParameter(t *testing.T) {
	local := newSpy()
	one, other := dial(t, serve(t, &resp.Server{Node: local})), dial(t, serve(t, &resp.Server{Node: local})) // the other watches
	do(t, one, "CONFIG SET notify-keyspace-events Ex timeout 7")
	if got := do(t, other, "CONFIG GET notify-keyspace-events"); !strings.Contains(got, `"xE"`) {
		t.Error(got)
	}
	if got := do(t, one, "CONFIG SET notify-keyspace-events Q"); !strings.Contains(got, "Invalid event class character") {
		t.Error(got)
	}
	if got := do(t, one, "GET confman/settings/notify-keyspace-events"); !strings.Contains(got, "reserved") {
		t.Error(got)
	}
	after := dial(t, serve(t, &resp.Server{Node: local})) // it begins with what is set
	if got := do(t, after, "CONFIG GET notify-keyspace-events"); !strings.Contains(got, `"xE"`) {
		t.Error(got)
	}
	do(t, one, `CONFIG SET notify-keyspace-events ""`)
	if got := do(t, after, "CONFIG GET notify-keyspace-events"); !strings.HasSuffix(got, `""`) {
		t.Error(got)
	}
}

// However much there is to tell, it comes in the order in which it happened.
func TestManyNotificationsKeepTheirOrder(t *testing.T) {
	addr := serve(t, &resp.Server{})
	listener, writer := talk(t, addr), talk(t, addr)
	writer.until(t, "CONFIG SET notify-keyspace-events E$")
	listener.until(t, "PSUBSCRIBE __keyevent@0__:set")
	for i := range 30 {
		listener.until(t, fmt.Sprintf("PSUBSCRIBE none%d", i))
	}
	var many strings.Builder
	many.WriteString("MSET")
	var want []string
	for i := range 1000 {
		fmt.Fprintf(&many, " k%d v", i)
		want = append(want, fmt.Sprintf("set k%d", i))
	}
	want = append(want, "set last")
	writer.until(t, many.String())
	writer.until(t, "SET last v")
	var got []string
	for len(got) < len(want) {
		line, err := listener.r.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		if name := strings.TrimSpace(line); strings.HasPrefix(name, "k") || name == "last" {
			got = append(got, "set "+name)
		}
	}
	slices.Sort(want[:1000])
	slices.Sort(got[:1000]) // one transaction's events come by name
	if !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}

// When a node's data are replaced, nobody can say what has changed. Who listens to notifications learns by
// the end of the connection that he has missed some, and nobody else is disturbed.
func TestNotificationsOfReplacedData(t *testing.T) {
	node, addr := watched(t)
	var listeners, others []*talker
	for _, subscription := range []string{
		"SUBSCRIBE news __keyspace@0__:a", "SUBSCRIBE __keyevent@0__:set", "PSUBSCRIBE __key*", "PSUBSCRIBE *", "PSUBSCRIBE news _?key*:a", `PSUBSCRIBE \__keyspace*`,
		"PSUBSCRIBE __keyspace@0__:a",
	} {
		c := talk(t, addr)
		c.until(t, subscription)
		listeners = append(listeners, c)
	}
	for _, subscription := range []string{"SUBSCRIBE news", "PSUBSCRIBE news*", "PSUBSCRIBE __kex*", "SUBSCRIBE *", "SSUBSCRIBE __keyspace@0__:a", ""} {
		c := talk(t, addr)
		c.until(t, subscription)
		others = append(others, c)
	}
	if err := node.Store.Restore(node.Store.Snapshot()); err != nil {
		t.Fatal(err)
	}
	for i, c := range listeners {
		if text, err := c.r.ReadString('\n'); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("listener %d is not hung up on: %q, %v", i, text, err)
		}
	}
	for _, c := range others {
		c.until(t, "")
	}
}
