package resp_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	"confman/resp"
	"confman/store"
)

// What clients that keep values hear is what they hear of Redis, to the byte; after ! stands what they
// hear instead, because a namespace is told of too.
var tracked = map[string][]string{
	"rules": {
		"a: CLIENT TRACKINGINFO", "a: CLIENT GETREDIR", "a: CLIENT CACHING YES", "a: CLIENT TRACKING", "a: CLIENT TRACKING MAYBE", "a: CLIENT TRACKING ON REDIRECT 99999",
		"a: CLIENT TRACKING ON REDIRECT x", "a: CLIENT TRACKING ON REDIRECT", "a: CLIENT TRACKING ON FOO", "a: CLIENT TRACKING ON PREFIX a",
		"a: CLIENT TRACKING ON BCAST OPTIN", "a: CLIENT TRACKING ON OPTIN OPTOUT", "a: CLIENT TRACKING OFF FOO", "a: CLIENT TRACKING OFF BCAST OPTIN",
		"a: CLIENT TRACKING ON OPTIN", "a: CLIENT CACHING YES", "a: CLIENT TRACKINGINFO", "a: CLIENT GETREDIR", "a: CLIENT CACHING NO", "a: CLIENT CACHING MAYBE",
		"a: CLIENT TRACKING ON BCAST", "a: CLIENT TRACKING ON OPTOUT", "a: CLIENT TRACKING ON", "a: CLIENT CACHING YES", "a: CLIENT TRACKING OFF", "a: HELLO 3",
		"a: CLIENT TRACKING ON OPTOUT NOLOOP", "a: CLIENT CACHING NO", "a: CLIENT TRACKINGINFO", "a: CLIENT CACHING YES", "a: RESET", "a: CLIENT TRACKINGINFO",
	},
	"a name is told of once": {
		"a: HELLO 3", "a: CLIENT TRACKING ON", "a: GET k1", "b: SET k1 1", "a:", "b: SET k1 2", "a:", "a: GET k1", "b: SET k1 2", "a:", "a: GET k1", "b: DEL k1", "a:",
		"a: GET k1", "b: DEL k1", "a:", "a: MGET x y", "b: MSET x 1 y 2", "a:", "a: EXISTS x", "b: EXPIRE x 100", "a:", "a: TTL x", "b: PERSIST x", "a:",
		"a: GET x", "b: GET x", "a:", "a: SET x 5", "a: GET x", "a: SET x 6", "a: GET x", "b: RENAME x z", "a:", "a: HGET h f", "b: HSET h f 1", "a:", "a: HGETALL h",
		"b: HDEL h f", "a:", "a: GET x", "a: CLIENT TRACKING OFF", "b: SET x 1", "a:",
	},
	"all at once": {
		"a: HELLO 3", "a: CLIENT TRACKING ON", "a: GET k", "b: FLUSHALL", "a:", "b: SET k 1", "a:",
	},
	"who says what is kept": {
		"a: HELLO 3", "a: CLIENT TRACKING ON OPTIN", "a: GET k", "b: SET k 1", "a:", "a: CLIENT CACHING YES | GET k | GET j", "b: MSET j 1 k 2", "a:",
		"a: CLIENT CACHING YES | MULTI | GET k | GET j | EXEC", "b: SET j 5", "a:", "b: SET k 5", "a:", "a: GET k", "b: SET k 6", "a:",
		"a: CLIENT CACHING YES | PING x | GET k", "b: SET k 7", "a:", "a: CLIENT CACHING YES | MULTI | DISCARD | GET k", "b: SET k 8", "a:",
	},
	"who says what is not kept": {
		"a: HELLO 3", "a: CLIENT TRACKING ON OPTOUT", "a: GET k", "b: SET k 1", "a:", "a: CLIENT CACHING NO | GET k | GET j", "b: SET k 1", "a:", "b: SET j 1", "a:",
	},
	"own changes": {
		"a: HELLO 3", "a: CLIENT TRACKING ON NOLOOP", "a: GET k", "a: SET k 1", "b: SET k 2", "a:", "a: GET k", "b: SET k 3", "a:", "a: GET k | INCR k", "a:",
		"a: CLIENT TRACKING OFF", "a: CLIENT TRACKING ON BCAST PREFIX k NOLOOP", "a: SET k 5", "b: SET k 6", "a:",
	},
	"prefixes": {
		"a: HELLO 3", "a: CLIENT TRACKING ON BCAST PREFIX a PREFIX b", "a: CLIENT TRACKINGINFO", "a: CLIENT TRACKING ON BCAST PREFIX a", "a: CLIENT TRACKING ON BCAST PREFIX ab",
		"a: CLIENT TRACKING ON BCAST PREFIX c PREFIX cd", "a: CLIENT TRACKING ON BCAST PREFIX c", "a: CLIENT TRACKING ON", "a: CLIENT TRACKINGINFO", "a: CLIENT CACHING YES",
		"b: SET a1 1", "a:", "b: SET d 1", "a:", "b: MSET a2 1 b1 1 d 1 c 1", "a:", "a: GET d", "b: SET d 2", "a:", "a: SET c 5", "b: FLUSHALL", "a:",
	},
	"nobody is told who could not understand it": {
		"a: CLIENT TRACKING ON", "a: GET k", "b: SET k 1", "a:", "a: SUBSCRIBE __redis__:invalidate",
	},
	"who leaves takes nothing from the others": {
		"a: HELLO 3", "b: HELLO 3", "a: CLIENT TRACKING ON", "b: CLIENT TRACKING ON", "a: GET k", "b: GET k", "a: CLIENT TRACKING OFF", "c: SET k 1", "a:", "b:",
		"b: GET k", "a: CLIENT TRACKING ON", "a: GET k", "b: RESET", "c: SET k 2", "a:", "b:",
	},
	"within a transaction it is said of what follows": {
		"a: HELLO 3", "a: CLIENT TRACKING ON OPTIN", "a: MULTI | GET j | CLIENT CACHING YES | GET k | EXEC", "b: SET j 1", "a:", "b: SET k 1", "a:",
		"a: GET k", "b: SET k 2", "a:", "a: MULTI | CLIENT CACHING NO | GET k | EXEC", "b: SET k 3", "a:",
	},
	"within a transaction it is not kept": {
		"a: HELLO 3", "a: CLIENT TRACKING ON OPTOUT", "a: MULTI | GET j | CLIENT CACHING NO | GET k | EXEC", "b: SET k 1", "a:", "b: SET j 1", "a:",
	},
	"a command that is refused is the next one too": {
		"a: HELLO 3", "a: CLIENT TRACKING ON OPTOUT", "a: CLIENT CACHING NO | GET | GET k", "b: SET k 1", "a:", "a: CLIENT CACHING NO | NOTHING | GET k", "b: SET k 2", "a:",
	},
	"prefixes are added in order, and none is every name": {
		"a: HELLO 3", "a: CLIENT TRACKING ON BCAST PREFIX b", "a: CLIENT TRACKING ON BCAST PREFIX a", "a: CLIENT TRACKINGINFO", "a: CLIENT TRACKING ON BCAST",
		"a: CLIENT TRACKING ON BCAST", "a: CLIENT TRACKINGINFO",
	},
}

func TestTrackingIsRedis(t *testing.T) {
	addr := redis(t)
	for name, steps := range tracked {
		t.Run(name, func(t *testing.T) { converse(t, steps, serve(t, &resp.Server{AllowFlush: true}), addr) })
	}
}

// converse has steps said to two servers, which must answer the same. The first is confman's.
func converse(t *testing.T, steps []string, server, addr string) {
	t.Helper()
	ours, theirs := map[string]*talker{}, map[string]*talker{}
	do(t, dial(t, addr), "FLUSHALL")
	for _, step := range steps {
		who, line, _ := strings.Cut(step, ":")
		if ours[who] == nil {
			ours[who], theirs[who] = talk(t, server), talk(t, addr)
		}
		line = strings.ReplaceAll(strings.TrimSpace(line), " | ", "\r\n")
		got, want := ours[who].say(t, line), theirs[who].say(t, line)
		if !strings.HasPrefix(line, "HELLO") && got != want {
			t.Errorf("%s\n%s\nwant\n%s", step, got, want)
		}
	}
}

// Clients of RESP2 are told over another connection, which subscribes to a channel for that.
func TestRedirection(t *testing.T) {
	addr := redis(t)
	server := serve(t, &resp.Server{AllowFlush: true})
	var heard [2]string
	for i, addr := range []string{server, addr} {
		a, listener, b := talk(t, addr), talk(t, addr), talk(t, addr)
		id := strings.TrimSpace(strings.TrimPrefix(listener.say(t, "CLIENT ID"), ":"))
		note := func(said string) { heard[i] += strings.ReplaceAll(said, ":"+id+" ", ":ID ") + "\n" }
		note(a.say(t, "CLIENT TRACKING ON REDIRECT "+id))
		note(a.say(t, "CLIENT GETREDIR"))
		note(a.say(t, "GET k"))
		b.say(t, "SET k 1")
		note(listener.say(t, "")) // it does not listen yet
		note(listener.say(t, "SUBSCRIBE __redis__:invalidate"))
		note(a.say(t, "MGET k j"))
		b.say(t, "SET k 2")
		b.say(t, "SET j 2")
		note(listener.say(t, ""))
		note(a.say(t, "GET k"))
		b.say(t, "FLUSHALL")
		note(listener.say(t, ""))
		a.say(t, "HELLO 3")
		_ = listener.conn.Close()
		look := dial(t, addr)
		eventually(t, func() bool {
			return strings.HasSuffix(do(t, look, "PUBSUB NUMSUB __redis__:invalidate"), "(integer) 0")
		})
		a.say(t, "GET k")
		b.say(t, "SET k 3")
		note(a.say(t, ""))
		note(a.say(t, "CLIENT TRACKINGINFO"))
	}
	if heard[0] != heard[1] {
		t.Errorf("\n%s\nwant\n%s", heard[0], heard[1])
	}
}

// A config is kept under its own name, or as a field of its namespace: a change is told under both.
func TestBothNamesAreInvalidated(t *testing.T) {
	addr := serve(t, &resp.Server{})
	reader, writer := talk(t, addr), dial(t, addr)
	reader.until(t, "HELLO 3")
	reader.until(t, "CLIENT TRACKING ON")
	for _, story := range []struct{ read, write, want string }{
		{"GET prod/api/timeout", "HSET prod/api timeout 30s", "prod/api/timeout"},
		{"HGETALL prod/api", "SET prod/api/timeout 31s", "prod/api"},
		{"HGET prod/api retries", "SET prod/api/timeout 32s", "prod/api"},
		{"HGETALL /", "SET name 1", "/"},
		{"GET name", "HSET / name 2", "name"},
		{"HGETALL prod", "SET prod/api/timeout 33s", ""}, // it has no config of its own
		{"GET prod/api/timeout", "DEL prod/api", "prod/api/timeout"},
	} {
		reader.say(t, story.read)
		do(t, writer, story.write)
		want := ""
		if story.want != "" {
			want = fmt.Sprintf(">2 $10 invalidate *1 $%d %s ", len(story.want), story.want)
		}
		if got := reader.say(t, ""); got != want {
			t.Errorf("%s, %s: %q, want %q", story.read, story.write, got, want)
		}
	}
	reader.until(t, "CLIENT TRACKING OFF")
	reader.until(t, "CLIENT TRACKING ON BCAST PREFIX prod/")
	do(t, writer, "MSET prod/api/a 1 prod/api/b 2 prod/web/a 1 dev/a 1")
	if got := reader.say(t, ""); got != ">2 $10 invalidate *5 $8 prod/api $10 prod/api/a $10 prod/api/b $8 prod/web $10 prod/web/a " {
		t.Error(got)
	}
}

// When the node gets another state, all that anybody keeps may be wrong.
func TestAnotherStateInvalidatesEverything(t *testing.T) {
	s := &resp.Server{}
	reader := talk(t, serve(t, s))
	reader.until(t, "HELLO 3")
	reader.until(t, "CLIENT TRACKING ON")
	reader.until(t, "GET k")
	s.Replaced(9, func(string) (string, bool) { return "", false })
	if got := reader.say(t, ""); got != ">2 $10 invalidate _ " {
		t.Error(got)
	}
}

// The table does not grow for ever: of a name that is evicted its clients are told.
func TestTrackingTableIsBounded(t *testing.T) {
	addr := serve(t, &resp.Server{})
	reader, look := talk(t, addr), dial(t, addr)
	do(t, look, "CONFIG SET tracking-table-max-keys 10")
	reader.until(t, "HELLO 3")
	reader.until(t, "CLIENT TRACKING ON")
	told := 0
	for i := range 50 {
		told += strings.Count(reader.say(t, fmt.Sprintf("GET k%d", i)), "invalidate")
	}
	if told != 40 {
		t.Errorf("told of %d names, want 40", told)
	}
	if got := do(t, look, "INFO stats"); !strings.Contains(got, `tracking_total_keys:10\r\ntracking_total_items:10\r\n`) {
		t.Error(got)
	}
	_ = reader.conn.Close()
	eventually(t, func() bool { return strings.Contains(do(t, look, "INFO"), `tracking_total_keys:0\r\n`) })
}

// NOLOOP is about the client that has changed something, not about one of the same number on another
// node, or on this node before it was started.
func TestNoLoopKnowsItsNode(t *testing.T) {
	local := newSpy()
	reader := talk(t, serve(t, &resp.Server{Node: local, Own: func(node, _ uint64) bool { return node == 2 }}))
	reader.until(t, "HELLO 3")
	id := strings.TrimSpace(strings.TrimPrefix(reader.say(t, "CLIENT ID"), ":"))
	reader.until(t, "CLIENT TRACKING ON NOLOOP")
	reader.until(t, "GET k")
	_, err := local.Update(context.Background(), "default", func(tx *store.Tx) error { // by node 1
		var number uint64
		_, _ = fmt.Sscan(id, &number)
		tx.From(number)
		return tx.Set("k", "1", 0)
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := reader.say(t, ""); !strings.Contains(got, "invalidate") {
		t.Errorf("%q", got)
	}
}

// A keeper reads with a cache of its own, as client libraries do: what it is told of it forgets.
type keeper struct {
	*talker
	cache map[string]string
}

// read returns a value out of the cache, or asks the server for it.
func (k *keeper) read(t *testing.T, name string) string {
	if value, kept := k.cache[name]; kept {
		return value
	}
	return k.take(strings.Fields(k.until(t, "GET "+name)), name)
}

// take takes what was said, in its order: the value of a name, which it returns, and names to forget,
// of which that may be one again.
func (k *keeper) take(words []string, name string) (value string) {
	for i := 0; i < len(words); i++ {
		switch {
		case words[i] == ">2" && i+5 < len(words):
			delete(k.cache, words[i+5])
			i += 5
		case strings.HasPrefix(words[i], "$") && i+1 < len(words):
			value = words[i+1]
			k.cache[name] = value
			i++
		case words[i] == "_":
			value = "0"
			k.cache[name] = value
		}
	}
	return value
}

// However reads and writes meet, nobody keeps an old value for good, and no value goes back.
func TestNobodyKeepsAnOldValue(t *testing.T) {
	const keepers, names, writes = 6, 4, 2000
	addr := serve(t, &resp.Server{})
	var writer, all sync.WaitGroup
	done := make(chan struct{})
	writer.Go(func() {
		defer close(done)
		c := talk(t, addr)
		for i := range writes {
			c.until(t, fmt.Sprintf("SET k%d %d", i%names, i+1))
		}
	})
	for range keepers {
		k := &keeper{talk(t, addr), map[string]string{}}
		k.until(t, "HELLO 3")
		k.until(t, "CLIENT TRACKING ON")
		all.Go(func() {
			var last [names]int
			for ended := false; !ended; {
				select {
				case <-done:
					ended = true
				default:
				}
				for i := range names {
					var now int
					_, _ = fmt.Sscan(k.read(t, fmt.Sprintf("k%d", i)), &now)
					if now < last[i] {
						t.Errorf("k%d went back from %d to %d", i, last[i], now)
					}
					last[i] = now
				}
				k.take(strings.Fields(k.say(t, "")), "")
			}
			for i := range names {
				if got, want := k.read(t, fmt.Sprintf("k%d", i)), fmt.Sprint(writes-names+i+1); got != want {
					t.Errorf("k%d is kept as %s, and is %s", i, got, want)
				}
			}
		})
	}
	writer.Wait()
	all.Wait()
}
