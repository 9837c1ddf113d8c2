package resp

import (
	"bytes"
	"errors"
	"io"
	"net"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tidwall/redcon"
)

// pieces is a connection on which bytes come in pieces of given sizes, the last one again
// and again.
type pieces struct {
	net.Conn
	data  []byte
	sizes []byte
}

func (p *pieces) Read(b []byte) (int, error) {
	size := 1
	if len(p.sizes) > 0 {
		size = int(p.sizes[0]) + 1
		if len(p.sizes) > 1 {
			p.sizes = p.sizes[1:]
		}
	}
	if len(p.data) == 0 {
		return 0, io.EOF
	}
	n := copy(b, p.data[:min(size, len(p.data))])
	p.data = p.data[n:]
	return n, nil
}

func (p *pieces) SetReadDeadline(time.Time) error { return nil }

// guarded returns the commands that redcon's parser gets out of bytes behind a guard, and
// what was wrong with the bytes.
func guarded(data, sizes []byte, trusted bool) (commands [][]string, fault string) {
	return all(&guard{Conn: &pieces{data: data, sizes: sizes}, budget: newBudget(1 << 30), frames: frames{trusted: trusted}})
}

// all returns the commands that come through a guard, each answered before the next is read.
func all(g *guard) (commands [][]string, fault string) {
	for parser := (*redcon.Reader)(nil); ; {
		some, p, err := g.ReadCommands(parser)
		commands = append(commands, words(some)...)
		if parser = g.lighten(some, p); !g.whole() {
			g.settle()
		}
		var broken protocolError
		switch {
		case errors.As(err, &broken):
			return commands, string(broken)
		case err == io.EOF:
			return commands, ""
		case err != nil:
			return commands, "not the guard's: " + err.Error()
		}
	}
}

// reference reads the same bytes, all of them at once and in the simplest way.
func reference(data []byte, trusted bool) (commands [][]string, broken bool) {
	s, l := string(data), &friends
	if !trusted {
		l = &strangers
	}
	for s != "" {
		line, rest, whole := strings.Cut(s, "\n")
		if s[0] != '*' {
			if !whole || len(line) > l.inline {
				return commands, len(line) > l.inline
			}
			words, err := SplitLine(strings.TrimSuffix(line, "\r"))
			if err != nil || isHTTP(strings.TrimSuffix(line, "\r")) {
				return commands, true
			}
			if len(words) > 0 {
				commands = append(commands, words)
			}
			s = rest
			continue
		}
		n, rest, state := head(s, l.args)
		if state != "" {
			return commands, state == "broken"
		}
		var words []string
		for range n {
			word, after, state := bulk(rest, l.word)
			if state == "" && len(s)-len(after) > l.command {
				state = "broken"
			}
			if state != "" {
				return commands, state == "broken"
			}
			words, rest = append(words, word), after
		}
		if s = rest; n > 0 {
			commands = append(commands, words)
		}
	}
	return commands, false
}

// head reads a mark and a number up to CRLF; state is "", "more" or "broken".
func head(s string, most int) (n int, rest, state string) {
	end := strings.IndexByte(s, '\r')
	switch {
	case end < 0 && len(s) <= 21, end >= 0 && end <= 21 && end+1 == len(s):
		return 0, "", "more"
	case end < 0 || end > 21 || s[end+1] != '\n':
		return 0, "", "broken"
	}
	n, err := strconv.Atoi(s[1:end])
	if err != nil || strconv.Itoa(n) != s[1:end] || n > most {
		return 0, "", "broken"
	}
	return n, s[end+2:], ""
}

func bulk(s string, most int) (word, rest, state string) {
	if s == "" {
		return "", "", "more"
	}
	if s[0] != '$' {
		return "", "", "broken"
	}
	n, rest, state := head(s, most)
	switch {
	case state != "":
		return "", "", state
	case n < 0:
		return "", "", "broken"
	case len(rest) < n+2:
		return "", "", "more"
	case rest[n:n+2] != "\r\n":
		return "", "", "broken"
	}
	return rest[:n], rest[n+2:], ""
}

// Whatever comes, and however it is cut, the parser gets the whole commands before the first
// fault, and nothing else.
func FuzzGuard(f *testing.F) {
	for _, h := range hostile {
		if len(h.input) < 1<<10 { // the fuzzer spends its time on long ones
			f.Add([]byte(h.input), []byte{0}, true)
			f.Add([]byte(h.input), []byte{255, 3}, false)
		}
	}
	for _, s := range friendly {
		f.Add([]byte(s), []byte{6}, true)
		f.Add([]byte(s), []byte{255}, false)
	}
	f.Fuzz(func(t *testing.T, data, sizes []byte, trusted bool) {
		got, fault := guarded(slices.Clone(data), sizes, trusted)
		want, broken := reference(data, trusted)
		if !slices.EqualFunc(got, want, slices.Equal[[]string]) {
			t.Errorf("%q: got %q, want %q", data, got, want)
		}
		if broken != (fault != "") {
			t.Errorf("%q: fault %q, want one: %v", data, fault, broken)
		}
	})
}

// friendly are commands as clients send them.
var friendly = []string{
	"*1\r\n$4\r\nPING\r\n",
	"*2\r\n$3\r\nGET\r\n$1\r\nk\r\n*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$0\r\n\r\n",
	"PING\r\nGET k\nSET k \"a b\\x00\"\r\n\r\n*1\r\n$4\r\nPING\r\nPING",
	"*0\r\n*-1\r\n*1\r\n$4\r\nPING\r\n*0\r\nPING\r\n*0\r\n",
	"*2\r\n$4\r\nECHO\r\n$8\r\n\r\n*1\r\n$1\r\n",
}

// hostile is what strangers send, and what they are told.
var hostile = []struct{ input, fault string }{
	{"*1\r\n$9223372036854775807\r\n", "invalid bulk length"},
	{"*1\r\n$536870912\r\n", "unauthenticated bulk length"},
	{"*9223372036854775807\r\n", "invalid multibulk length"},
	{"*2147483647\r\n", "unauthenticated multibulk length"},
	{"*11\r\n", "unauthenticated multibulk length"},
	{"*1\r\n$16385\r\n", "unauthenticated bulk length"},
	{"*1\r\n$99999999999999999999\r\n", "invalid bulk length"},
	{"*99999999999999999999999999\r\n", "invalid multibulk length"},
	{"*1\r\n$-1\r\n", "invalid bulk length"},
	{"*1\r\n$-9223372036854775808\r\n", "invalid bulk length"},
	{"*1\r\n$+4\r\nPING\r\n", "invalid bulk length"},
	{"*1\r\n$04\r\nPING\r\n", "invalid bulk length"},
	{"*1\r\n$\r\n", "invalid bulk length"},
	{"*\r\n", "invalid multibulk length"},
	{"*one\r\n", "invalid multibulk length"},
	{"*1\n$4\r\nPING\r\n", "invalid multibulk length"},
	{"*1\r\nPING\r\n", "expected '$', got 'P'"},
	{"*1\r\n\x00", "expected '$', got '?'"},
	{"*1\r\n$4\r\nPINGPONG", "bulk string does not end with CRLF"},
	{"SET k \"unfinished\r\n", "unbalanced quotes in request"},
	{"SET k 'a'b\r\n", "unbalanced quotes in request"},
	{"POST /config HTTP/1.1\r\nHost: confman\r\n\r\nSET k v\r\n", string(errHTTP)},
	{"GET / HTTP/1.1\r\nHost: confman\r\n\r\n", string(errHTTP)},
	{"host: confman\r\n", string(errHTTP)},
	{"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", string(errHTTP)},
	{strings.Repeat("a", 17<<10), "too big inline request"},
	{strings.Repeat("a", 17<<10) + "\r\n", "too big inline request"},
}

func TestHostileInput(t *testing.T) {
	for _, h := range hostile {
		for _, sizes := range [][]byte{{0}, {1}, {6, 0, 200}, {255}} {
			commands, fault := guarded([]byte(h.input), sizes, false)
			if len(commands) > 0 || fault != h.fault {
				t.Errorf("%.40q in pieces of %v: %q, %q; want %q", h.input, sizes, commands, fault, h.fault)
			}
		}
	}
}

// What came whole before a fault is still answered, whatever kind of command it was.
func TestCommandsBeforeAFault(t *testing.T) {
	for _, h := range hostile {
		input := "*1\r\n$4\r\nPING\r\nGET k\r\n*0\r\n*1\r\n$4\r\nPING\r\n" + h.input
		for _, sizes := range [][]byte{{0}, {255}} {
			commands, fault := guarded([]byte(input), sizes, false)
			if len(commands) != 3 || fault != h.fault {
				t.Errorf("%.60q: %q, %q; want three commands and %q", input, commands, fault, h.fault)
			}
		}
	}
}

// Clients may send more when they are trusted, up to what a node can hold.
func TestLimitsOfFriends(t *testing.T) {
	for input, want := range map[string]string{
		"*1048577\r\n":         "invalid multibulk length",
		"*1\r\n$16777217\r\n":  "invalid bulk length",
		"*11\r\n":              "",
		"*1\r\n$16385\r\n":     "",
		"*1\r\n$16777216\r\n":  "",
		"*1048576\r\n$1\r\na":  "",
		strings.Repeat("a", 1): "",
	} {
		if _, fault := guarded([]byte(input), []byte{255}, true); fault != want {
			t.Errorf("%q: %q, want %q", input, fault, want)
		}
	}
	two := "*2\r\n" + strings.Repeat("$9000000\r\n"+strings.Repeat("x", 9_000_000)+"\r\n", 2)
	if _, fault := guarded([]byte(two), []byte{255}, true); fault != "command is over 16842752 bytes" {
		t.Errorf("two large words: %q", fault)
	}
}

// A large command that drips in, and many small ones at once, take time in proportion to
// their bytes. Neither leaves memory behind.
func TestGuardTakesLinearTime(t *testing.T) {
	large := "*2\r\n$4\r\nECHO\r\n$4000000\r\n" + strings.Repeat("x", 4_000_000) + "\r\n"
	begin := time.Now()
	if commands, fault := guarded([]byte(large), []byte{1}, true); len(commands) != 1 || fault != "" {
		t.Errorf("%d commands, %q", len(commands), fault)
	}
	if took := time.Since(begin); took > 20*time.Second {
		t.Errorf("two million reads of one command took %v", took)
	}
	g := &guard{Conn: &pieces{data: []byte(large), sizes: []byte{255}}, budget: newBudget(1 << 30), frames: frames{trusted: true}}
	_, parser, err := g.ReadCommands(nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err = g.ReadCommands(parser); err != io.EOF {
		t.Fatal(err)
	}
	if cap(g.buf) > renewAfter {
		t.Errorf("the guard keeps %d bytes", cap(g.buf))
	}
}

// A command that has begun must be complete in time; a client between commands has all the
// time it wants.
func TestCommandsMustBeCompleteInTime(t *testing.T) {
	client, server := net.Pipe()
	defer client.Close()
	g := &guard{Conn: server, complete: 20 * time.Millisecond, budget: newBudget(1 << 30), frames: frames{trusted: true}}
	go func() { _, _ = client.Write([]byte("*1\r\n$4\r\nPING\r\n*1\r\n$4\r\nPI")) }() // the guard gives up on it
	commands, parser, err := g.ReadCommands(nil)
	if err != nil || len(commands) != 1 || !bytes.Equal(commands[0].Args[0], []byte("PING")) {
		t.Fatalf("%q, %v", commands, err)
	}
	var timeout net.Error
	if _, _, err = g.ReadCommands(parser); !errors.As(err, &timeout) || !timeout.Timeout() {
		t.Errorf("half a command: %v", err)
	}
}

func TestGuardEndsAnIdleConnection(t *testing.T) {
	client, server := net.Pipe()
	defer client.Close()
	g := &guard{Conn: server, idle: func() time.Duration { return 10 * time.Millisecond }, complete: time.Hour}
	var timeout net.Error
	if _, _, err := g.ReadCommands(nil); !errors.As(err, &timeout) || !timeout.Timeout() {
		t.Errorf("idle: %v", err)
	}
}
