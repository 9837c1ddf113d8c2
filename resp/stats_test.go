package resp

import (
	"strings"
	"testing"
	"time"
)

// The bounds are those of Redis's histogram, in whole microseconds.
func TestHistogram(t *testing.T) {
	want := strings.Fields("1 2 4 8 16 33 66 132 264 528 1056 2113 4227 8454 16908 33816 67633 135266 270532 541065 1082130")
	for i := range len(histogram{}) {
		if got := count(bound(i) / 1000); got != want[i] {
			t.Errorf("bucket %d ends with %s, want %s", i, got, want[i])
		}
		var h histogram
		h.add(time.Duration(bound(i)))
		if h[i].Load() != 1 {
			t.Errorf("%d ns are not in bucket %d", bound(i), i)
		}
		if h.add(time.Duration(bound(i) + 1)); i+1 < len(h) && h[i+1].Load() != 1 {
			t.Errorf("%d ns are not in bucket %d", bound(i)+1, i+1)
		}
	}
	var h histogram
	for range 998 {
		h.add(3 * time.Microsecond)
	}
	h.add(30 * time.Microsecond)
	h.add(time.Hour)
	for p, want := range map[float64]int64{50: bound(2), 99: bound(2), 99.9: bound(5), 100: bound(20)} {
		if got := h.percentile(p); got != want {
			t.Errorf("%v%%: %d, want %d", p, got, want)
		}
	}
	if calls, buckets := h.reply(); calls != 1000 || len(buckets) != 6 || buckets[5] != int64(1000) || buckets[1] != int64(998) {
		t.Errorf("%d calls, %v", calls, buckets)
	}
}

// Rates are over the time since they were last asked for, of a second at least.
func TestRates(t *testing.T) {
	at := time.Unix(100, 0)
	r := rates{since: at}
	for _, step := range []struct {
		after    time.Duration
		commands int64
		want     float64
	}{
		{500 * time.Millisecond, 50, 0},
		{2 * time.Second, 50, 25},
		{2500 * time.Millisecond, 1000, 25},
		{4 * time.Second, 250, 100},
		{6 * time.Second, 0, 0}, // CONFIG RESETSTAT
	} {
		if got := r.ask(at.Add(step.after), [3]int64{step.commands}); got[0] != step.want {
			t.Errorf("after %v: %v, want %v", step.after, got[0], step.want)
		}
	}
}

// What clients sent is shown without values and passwords, whatever the command.
func TestPresentable(t *testing.T) {
	server := &Server{Password: "secret"}
	server.init()
	server.table.byName["try"] = &Command{
		Name: "try", args: parseSynopsis("key [FNX | FXX] [EX seconds | KEEPTTL | IFEQ ifeq-value] FIELDS numfields field value [field value ...]"), arity: -5,
	}
	server.table.byName["plain"] = &Command{Name: "plain", args: parseSynopsis("key ttl serialized-value [REPLACE] [ABSTTL]"), arity: -4}
	for line, want := range map[string]string{
		"GET a":                                    "GET a",
		"set a v":                                  "set a (1 bytes)",
		"SET a '' PX 5 get":                        "SET a (0 bytes) PX 5 get",
		"SET a v EX":                               "SET a (1 bytes) EX",
		"SET a v w EX 5":                           "SET a (1 bytes) (1 bytes) (2 bytes) (1 bytes)",
		"MSET a v b":                               "MSET a (1 bytes) b",
		"HSET h f v g w":                           "HSET h f (1 bytes) g (1 bytes)",
		"APPEND a v":                               "APPEND a (1 bytes)",
		"TRY k FXX IFEQ old FIELDS 2 f v g w":      "TRY k FXX IFEQ (3 bytes) FIELDS 2 f (1 bytes) g (1 bytes)",
		"TRY k ex 5 FNX FIELDS 1 f v":              "TRY k ex 5 FNX FIELDS 1 f (1 bytes)",
		"TRY k v FIELDS 1 f v":                     "TRY k (1 bytes) (6 bytes) (1 bytes) (1 bytes) (1 bytes)",
		"TRY k FIELDS v f 1":                       "TRY k FIELDS (1 bytes) f (1 bytes)",
		"SET a v EX w":                             "SET a (1 bytes) EX (1 bytes)",
		"PLAIN k 0 payload REPLACE":                "PLAIN k 0 (7 bytes) REPLACE",
		"AUTH":                                     "AUTH",
		"AUTH a b c":                               "AUTH (redacted) (redacted) (redacted)",
		"HELLO 3 setname me auth u p":              "HELLO 3 setname me auth (redacted) (redacted)",
		"HELLO 3 AUTH u":                           "HELLO 3 AUTH (redacted)",
		"CONFIG SET requirepass x maxclients 5":    "CONFIG SET requirepass (redacted) maxclients 5",
		"HELLO 3 setname auth auth u p":            "HELLO 3 setname auth auth (redacted) (redacted)",
		"HELLO 3 AUTH u p SETNAME me":              "HELLO 3 AUTH (redacted) (redacted) SETNAME me",
		"HELLO AUTH u p":                           "HELLO AUTH (redacted) (redacted)",
		"HELLO 3 atuh u p":                         "HELLO 3 (redacted) (redacted) (redacted)",
		"CONFIG SET pasword x":                     "CONFIG SET pasword (redacted)",
		"CONFIG SET scan-view leaves pasword x y":  "CONFIG SET scan-view leaves (redacted) (redacted) (redacted)",
		"CONFIG SET requirepass three word secret": "CONFIG SET requirepass (redacted) (redacted) (redacted)",
		"CONFIG GET requirepass":                   "CONFIG GET requirepass",
		"INFO server clients":                      "INFO server clients",
		"SLOWLOG GET 5 6":                          "SLOWLOG GET 5 (1 bytes)",
		"COMMAND GETKEYS SET a v":                  "COMMAND GETKEYS SET (1 bytes) (1 bytes)",
		"EXPIRE a 5 NX":                            "EXPIRE a 5 NX",
		"HSETEX h FIELDS 1 f v":                    "HSETEX h FIELDS 1 f (1 bytes)",
		"HSETEX h FXX EX 5 FIELDS 2 f v g w":       "HSETEX h FXX EX 5 FIELDS 2 f (1 bytes) g (1 bytes)",
		"HSETEX h v FIELDS 1 f w":                  "HSETEX h (1 bytes) (6 bytes) (1 bytes) (1 bytes) (1 bytes)",
		"HGETEX h EX 5 FIELDS 2 f g":               "HGETEX h EX 5 FIELDS 2 f g",
		"HEXPIRE h 5 NX FIELDS 1 f":                "HEXPIRE h 5 NX FIELDS 1 f",
		"ECHO v":                                   "ECHO (1 bytes)",
		"PING v":                                   "PING (1 bytes)",
		"PUBLISH news v":                           "PUBLISH news (1 bytes)",
		"CLIENT TRACKING ON BCAST PREFIX a/":       "CLIENT TRACKING ON BCAST PREFIX a/",
		"XRANGE confman/changes 1 + COUNT 5":       "XRANGE confman/changes 1 + COUNT 5",
	} {
		words, err := SplitLine(line)
		if err != nil {
			t.Fatal(err)
		}
		cmd := server.table.called(words)
		c := &Call{Command: cmd, words: words, Args: words[min(cmd.depth(), len(words)):], session: &session{server: server}}
		if got := strings.Join(shortened(c.cleared()), " "); got != want {
			t.Errorf("%s: %s, want %s", line, got, want)
		}
		if again := strings.Join(words, " "); strings.Contains(again, "(redacted)") {
			t.Errorf("%s: the call itself has changed: %s", line, again)
		}
	}
}

// Commands that take long are kept, newest first, as many as there is room for.
func TestSlowLog(t *testing.T) {
	var l slowlog
	for i := range 5 {
		l.add(slowCall{name: count(int64(i))}, 3)
	}
	var got []string
	for _, c := range l.last(10) {
		got = append(got, count(c.id)+"="+c.name)
	}
	if all := strings.Join(got, " "); all != "4=4 3=3 2=2" || l.len() != 3 || len(l.last(-1)) != 3 || len(l.last(1)) != 1 {
		t.Errorf("%s, %d", all, l.len())
	}
	if l.add(slowCall{}, 0); l.len() != 0 {
		t.Error("there is no room, and one is kept")
	}
	l.add(slowCall{}, 3)
	if l.reset(); l.len() != 0 || len(l.last(-1)) != 0 {
		t.Error("something is left")
	}
	if l.add(slowCall{}, 3); l.last(1)[0].id != 7 {
		t.Errorf("%+v", l.last(1))
	}
}

// An event has a history of 160 seconds in which it took long.
func TestLatencies(t *testing.T) {
	var l latencies
	at := time.Unix(1000, 0)
	l.add("command", at, 5)
	l.add("command", at, 9)
	l.add("command", at, 7)
	l.add("fast-command", at, 3)
	if h := l.of("command"); len(h.samples) != 1 || h.samples[0] != (sample{1000, 9}) || h.most != 9 {
		t.Errorf("%+v", h)
	}
	for i := range 200 {
		l.add("command", at.Add(time.Duration(i+1)*time.Second), 1)
	}
	if h := l.of("command"); len(h.samples) != maxSamples || h.samples[maxSamples-1].at != 1200 || h.most != 9 {
		t.Errorf("%d samples, at most %d", len(h.samples), h.most)
	}
	if events := strings.Join(l.events(), " "); events != "command fast-command" {
		t.Error(events)
	}
	if n := l.reset([]string{"nosuch", "command"}); n != 1 {
		t.Error(n)
	}
	if n := l.reset(nil); n != 1 || len(l.events()) != 0 || len(l.of("command").samples) != 0 {
		t.Error(n)
	}
}

// The graph is drawn as Redis draws it: compare latencyCommandGenSparkeline.
func TestLatencyGraph(t *testing.T) {
	var b strings.Builder
	draw(&b, []sample{{1000, 1}, {960, 5}, {900, 9}, {100, 13}, {-100000, 13}}, 1, 13, 1000)
	const want = "" +
		"   ##\n" +
		"  #||\n" +
		" o|||\n" +
		"_||||\n" +
		"     \n" +
		"04111\n" +
		"s0m5d\n" +
		" s m \n"
	if got := b.String(); got != want {
		t.Errorf("\n%s\nwant\n%s", got, want)
	}
}
