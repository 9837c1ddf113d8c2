package resp_test

import (
	"fmt"
	"io"
	"regexp"
	"strings"
	"testing"

	"confman/resp"
)

// families are what clients of one server do to each other. In what they say, {b} is the number of
// client b and {b.addr} its address. Behind the client's letter stands
//
//	:  what it says, and hears
//	!  what it says, without waiting for an answer
//	+  what it says, and a line for each of that, which is all it hears: within MULTI
//	?  that it is waited for until it is blocked
//	x  that it hears no more than its connection's end
var families = map[string][]string{
	"a client is seen by others": {
		"a: HELLO 3", "a: CLIENT SETNAME ann", "b: CLIENT LIST ID {a}", "a: SUBSCRIBE x y", "a: PSUBSCRIBE p*", "a: SSUBSCRIBE s", "b: CLIENT LIST ID {a} {a}",
		"b: CLIENT LIST TYPE pubsub", "a: CLIENT TRACKING ON BCAST", "b: CLIENT LIST ID {a} 999999999", "a: CLIENT TRACKING OFF", "a: CLIENT NO-EVICT ON",
		"a+ MULTI | SET k 1 | SET k 2", "b: CLIENT LIST ID {a}", "a: DISCARD", "a: CLIENT NO-EVICT OFF", "a: RESET", "b: CLIENT LIST ID {a}", "b: CLIENT INFO", "c: CLIENT LIST ID {c} {b} {a}",
		"a: CLIENT TRACKING ON REDIRECT {b}", "c: CLIENT LIST ID {a}", "a: GET k", "a+ MULTI", "c: CLIENT LIST ID {a}",
	},
	"a redirection that is broken shows": {
		"a: HELLO 3", "a: CLIENT TRACKING ON REDIRECT {b}", "a: GET k", "c: CLIENT KILL ID {b}", "b x", "c: SET k 1", "a:", "c: CLIENT LIST ID {a}",
	},
	"who is killed hears nothing more": {
		"c: CLIENT KILL ID {a} ADDR {b.addr}", "c: CLIENT KILL ID {a}", "a x", "c: CLIENT KILL {b.addr}", "b x", "c: CLIENT KILL {b.addr}", "c: CLIENT LIST ID {a} {b}",
	},
	"who kills itself is answered": {"a! CLIENT KILL {a.addr} | PING never", "a x", "b: CLIENT KILL ID {b}", "b! CLIENT KILL ID {b} SKIPME no | PING never", "b x"},
	"who kills itself in a transaction is answered": {
		"a! MULTI | PING first | CLIENT KILL ID {a} SKIPME no | EXEC | PING never", "a x",
	},
	"subscribers are a type": {
		"a: SUBSCRIBE x", "b: HELLO 3", "b: PSUBSCRIBE y", "d: PING", "c: CLIENT KILL TYPE pubsub", "a x", "b x", "d: PING", "c: CLIENT KILL TYPE pubsub",
	},
	"who waits is killed": {"w! XREAD BLOCK 0 STREAMS s $", "w?", "c: CLIENT LIST ID {w}", "c: CLIENT KILL ID {w}", "w x"},
	"who waits is unblocked": {
		"w! XREAD BLOCK 0 STREAMS s $", "w?", "c: CLIENT UNBLOCK {w}", "w:", "c: CLIENT UNBLOCK {w}",
		"w! XREAD BLOCK 0 STREAMS s $ | PING behind", "w?", "c: CLIENT UNBLOCK {w} ERROR", "w:", "c: CLIENT UNBLOCK {w} ERROR",
		"w! WAIT 1 0", "w?", "c: CLIENT UNBLOCK {w} TIMEOUT", "w:", "w! WAIT 1 0", "w?", "c: CLIENT UNBLOCK {w} ERROR", "w:", "c: CLIENT LIST ID {w}",
	},
	"a pause holds writes": {
		"p: CLIENT PAUSE 30000 WRITE", "w! GET before | SET k 1 | GET k", "w?", "p: GET k", "x! PUBLISH news hello", "x?", "y! MULTI | SET k 2", "y?", "p: CLIENT LIST ID {w}",
		"c: MULTI | GET k | EXEC", "p: CLIENT UNPAUSE", "w:", "x:", "y! EXEC", "y:", "p: GET k",
	},
	"a transaction that writes is held": {
		"w+ MULTI | SET k 1", "r+ MULTI | GET k", "p: CLIENT PAUSE 30000 WRITE", "w! EXEC", "w?", "r: EXEC", "p: GET k", "p: CLIENT UNPAUSE", "w:", "p: GET k",
	},
	"a pause ends by itself":            {"p: CLIENT PAUSE 50 WRITE", "w: SET k 1", "p: CLIENT PAUSE 50 ALL", "w: GET k", "p: PING"},
	"a pause goes on when all hold":     {"p: CLIENT PAUSE 30000 WRITE", "w! SET k 1", "w?", "p: CLIENT PAUSE 1 WRITE", "p: GET k", "p: CLIENT UNPAUSE", "w:"},
	"who is held and killed writes not": {"p: CLIENT PAUSE 30000 WRITE", "w! SET k 1", "w?", "c: CLIENT KILL ID {w}", "w x", "p: CLIENT UNPAUSE", "p: GET k"},
	"monitors see what is called": {
		"m: MONITOR", "a: GET k", "m:", "a: SET k | NOTHING | GET k j", "m:", "a: MULTI | GET k | CONFIG GET x | EXEC", "m:", "a: AUTH hunter2", "a: AUTH default hunter2", "m:",
		"a: HELLO 2 AUTH default hunter2 SETNAME ann", "m:", "a: CLIENT GETREDIR", "a: CONFIG SET requirepass \"\"", "a: SLOWLOG LEN", "m:",
		"a: DEL \"a b\" \"q\\\"\" | HMGET h f g", "m:", "a: SUBSCRIBE x", "m:", "a: RESET", "m:", "a: MULTI | NOTHING | EXEC", "m:", "a+ WATCH k | MULTI | GET k", "b: INCR k", "m:",
		"a: EXEC", "m:", "n: MONITOR", "a: EXISTS k", "m:", "n:", "m: RESET", "a: EXISTS k", "m:", "n:",
	},
	"monitors see themselves":        {"m: MONITOR", "m: CLIENT GETNAME", "m: MULTI | CLIENT GETREDIR | EXEC", "c: CLIENT LIST ID {m}", "m: RESET", "m: CLIENT GETNAME"},
	"monitors do nothing with data":  {"m: MONITOR", "m: MONITOR", "m: GET k", "m: SET k 1", "m: PUBLISH a b", "m: XREAD STREAMS s 0", "m: MULTI | GET k | EXEC", "m: SUBSCRIBE x", "m: UNSUBSCRIBE"},
	"monitors are of no type":        {"m: MONITOR", "a: CLIENT KILL TYPE replica", "a: CLIENT KILL TYPE pubsub", "m: PING", "a: CLIENT KILL ID {m}"},
	"nothing holds a monitor":        {"m: MONITOR", "p: CLIENT PAUSE 30000 WRITE", "m: CLIENT GETNAME", "p: CLIENT UNPAUSE"},
	"monitors see who waits at once": {"m: MONITOR", "w! XREAD BLOCK 0 STREAMS s $", "w?", "m:", "a: CLIENT UNBLOCK {w}", "w:", "m:"},
}

// What clients of confman do to each other, and hear of it, is what Redis's clients do.
func TestClientFamilyIsRedis(t *testing.T) {
	for name, steps := range families {
		t.Run(name, func(t *testing.T) {
			ours, theirs := gather(serve(t, &resp.Server{})), gather(redis(t))
			for _, step := range steps {
				if got, want := ours.step(t, step), theirs.step(t, step); got != want {
					t.Errorf("%s\n%s\nwant\n%s", step, got, want)
				}
			}
		})
	}
}

// A family are clients of one server, by their letters.
type family struct {
	addr string
	all  map[string]*talker
	ids  map[string]string
}

func gather(addr string) *family {
	return &family{addr: addr, all: map[string]*talker{}, ids: map[string]string{}}
}

// member returns a client, which comes when it is asked for first.
func (f *family) member(t *testing.T, who string) *talker {
	t.Helper()
	if f.all[who] == nil {
		f.all[who] = talk(t, f.addr)
		f.ids[who] = strings.Trim(f.all[who].say(t, "CLIENT ID"), ": ")
	}
	return f.all[who]
}

// placed finds who is meant in a line.
var placed = regexp.MustCompile(`\{(\w)(\.addr)?\}`)

// step takes one step, and returns what is heard, without what is never twice the same.
func (f *family) step(t *testing.T, step string) string {
	t.Helper()
	who, how, line := step[:1], step[1], strings.TrimSpace(step[2:])
	c := f.member(t, who)
	line = placed.ReplaceAllStringFunc(line, func(place string) string {
		other := f.member(t, place[1:2])
		if strings.HasSuffix(place, ".addr}") {
			return other.conn.LocalAddr().String()
		}
		return f.ids[place[1:2]]
	})
	line = strings.ReplaceAll(line, " | ", "\r\n")
	switch how {
	case ':':
		if said := c.say(t, line); !strings.HasPrefix(line, "HELLO") {
			return masked(said)
		}
	case '+':
		commands := strings.Split(line, "\r\n")
		f.send(t, c, line)
		var heard string
		for range commands {
			part, err := c.r.ReadString('\n')
			if err != nil {
				t.Fatal(err)
			}
			heard += part
		}
		return heard
	case '!':
		f.send(t, c, line)
	case '?':
		look := f.member(t, "?")
		eventually(t, func() bool { return isBlocked.MatchString(look.say(t, "CLIENT LIST ID "+f.ids[who])) })
	default:
		rest, err := io.ReadAll(c.r)
		if ended(err) {
			err = nil
		}
		return masked(fmt.Sprintf("%s%v", strings.ReplaceAll(string(rest), "\r\n", " "), err))
	}
	return ""
}

func (f *family) send(t *testing.T, c *talker, line string) {
	t.Helper()
	if _, err := io.WriteString(c.conn, line+"\r\n"); err != nil {
		t.Fatal(err)
	}
}

var isBlocked = regexp.MustCompile(` flags=\w*b\w* `)

// ended reports whether an error is that of a connection that was closed with something unread.
func ended(err error) bool {
	return err != nil && strings.Contains(err.Error(), "connection reset by peer")
}

// What differs from one server to the next, and what stands in its place.
var differing = []struct{ what, instead string }{
	{`\+\d+\.\d{6} \[0 [\d.:]+\] "PING" "(ping-\d+|\(\d+ bytes\))" `, ""},     // a talker's own
	{`\+\d+\.\d{6} \[0 [\d.:]+\] "CLIENT" "(LIST|ID)" ("ID" )?("\d+" )*`, ""}, // and those of ?
	{`\+\d+\.\d{6} \[0 [\d.:]+\]`, "+TIME [0 ADDRESS]"},
	{` (fd|qbuf|qbuf-free|argv-mem|multi-mem|rbs|rbp|obl|oll|omem|tot-mem|events|watch|lib-name|lib-ver)=\S*`, ""},
	{`\b(id|addr|laddr|age|idle|redir)=[\d.:]+`, "$1=N"},
	{`[$=]\d+ (txt:)?id=`, "id="},
	{`tracking-redir-broken :\d+`, "tracking-redir-broken :N"},
	{`user=default redir=(\S+) resp=(\d)\s*`, "user=default redir=$1 resp=$2 "},
}

func masked(said string) string {
	for _, d := range differing {
		said = regexp.MustCompile(d.what).ReplaceAllString(said, d.instead)
	}
	return said
}

// What CLIENT REPLY silences Redis silences, to the byte, and nothing else.
func TestSilenceIsRedis(t *testing.T) {
	redis, confman := redis(t), serve(t, &resp.Server{})
	for _, lines := range []string{
		"CLIENT REPLY SKIP|PING|PING", "CLIENT REPLY SKIP|CLIENT REPLY SKIP|PING|PING", "CLIENT REPLY SKIP|CLIENT REPLY ON|PING",
		"CLIENT REPLY OFF|PING|NOTHING|SET k v|CLIENT REPLY SKIP|GET k|CLIENT REPLY ON|GET k", "CLIENT REPLY SKIP|SET k|GET k", "CLIENT REPLY SKIP|SUBSCRIBE x y|PING",
		"CLIENT REPLY OFF|SUBSCRIBE x|PING|UNSUBSCRIBE x|CLIENT REPLY ON|PING", "CLIENT REPLY OFF|RESET|PING", "CLIENT REPLY SKIP|RESET|PING",
		"HELLO 3|CLIENT REPLY OFF|CLIENT TRACKING ON|GET t|SET t 1|CLIENT REPLY ON|PING", "CLIENT REPLY OFF|MULTI|SET k 2|GET k|EXEC|CLIENT REPLY ON|GET k",
		"CLIENT REPLY SKIP|MULTI|PING|EXEC", "CLIENT REPLY OFF|MONITOR|PING|CLIENT REPLY ON|CLIENT GETNAME", "SET k 1|GET k|CLIENT REPLY SKIP|GET k|GET k|SET k 2|GET k",
	} {
		bytes := strings.ReplaceAll(lines, "|", "\r\n") + "\r\nQUIT\r\n"
		got, want := masked(raw(t, confman, bytes)), masked(raw(t, redis, bytes))
		if strings.HasPrefix(lines, "HELLO") { // it tells of the server
			_, got, _ = strings.Cut(got, "modules")
			_, want, _ = strings.Cut(want, "modules")
		}
		if got != want {
			t.Errorf("%s:\n%q\nwant\n%q", lines, got, want)
		}
	}
}
