package resp

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
)

// A babbler makes up what clients send.
type babbler struct{ *rand.Rand }

func pickOf[T any](b babbler, from ...T) T { return from[b.IntN(len(from))] }

var laneNames = []string{
	"root", "empty", "a/b", "a/c", "a/deep/er", "b/soon", "b/x", "gone/soon", "big/v", "huge/v", "many/0", "missing", "a/missing", "none/at/all",
	"confman", "confman/settings/x", "confman/members/1", "confmanx/y", "confmanx", "confman/", "é/ü",
}

var laneSpaces = []string{"/", "", "a", "a/deep", "b", "gone", "big", "huge", "many", "none", "root", "a/b", "confman", "confman/settings", "confman/members", "confmanx", "é", "a/", "//"}

// name is one that may be there, or cannot be.
func (b babbler) name() string {
	switch b.IntN(12) {
	case 0:
		return pickOf(b, "", "/", "/a", "a//b", "a/", "//", "a\x00b", "a/\x00/b", "a/b\x01", "\xff\xfe", "a/\xc3", "a b", "a\r\nb", strings.Repeat("n", b.IntN(1100)),
			strings.Repeat("n/", 300)+"x", strings.Repeat("x", 10_000), "a/b/", "*")
	case 1, 2:
		return fmt.Sprint("many/", b.IntN(1300))
	}
	return pickOf(b, laneNames...)
}

// cased is a word in letters of either case.
func (b babbler) cased(word string) string {
	letters := []byte(strings.ToLower(word))
	for i := range letters {
		if b.IntN(4) == 0 {
			letters[i] = bytes.ToUpper(letters[i : i+1])[0]
		}
	}
	return string(letters)
}

// command is what a client may call.
func (b babbler) command() []string {
	n := fmt.Sprint(b.IntN(3))
	switch b.IntN(24) {
	case 0:
		return []string{"SET", b.name(), pickOf(b, "1", "", "two", strings.Repeat("v", b.IntN(3000)))}
	case 1:
		return []string{"SET", b.name(), "soon", "PX", fmt.Sprint(1 + b.IntN(2000))}
	case 2:
		return []string{"DEL", b.name(), b.name()}
	case 3:
		return []string{"MGET", b.name(), b.name()}
	case 4:
		return pickOf(b, []string{"PING"}, []string{"ECHO", n}, []string{"HELLO", pickOf(b, "2", "3")}, []string{"INCR", "b/n"}, []string{"WATCH", b.name()}, []string{"UNWATCH"})
	case 5:
		return pickOf(b, []string{"MULTI"}, []string{"EXEC"}, []string{"EXEC"}, []string{"DISCARD"}, []string{"DISCARD"}, []string{"RESET"})
	case 6:
		return pickOf(b, []string{"CLIENT", "REPLY", pickOf(b, "ON", "ON", "ON", "OFF", "SKIP")}, []string{"CONF", "CONSISTENCY", pickOf(b, "LOCAL", "LINEARIZABLE")},
			[]string{"CLIENT", "TRACKING", pickOf(b, "ON", "OFF", "OFF")}, []string{"SUBSCRIBE", "news"}, []string{"UNSUBSCRIBE"}, []string{"CLIENT", "NO-TOUCH", "ON"})
	case 7:
		return pickOf(b, []string{"GET"}, []string{"GET", "a/b", "x"}, []string{"HGET", "a"}, []string{"HGETALL"}, []string{"HGET", "a", "b", "c"}, []string{"HGETALL", "a", "b"},
			[]string{"GEX", "a/b"}, []string{"G\x05T", "a/b"}, []string{"", "a"}, []string{"gET\x00", "a"})
	case 8:
		if b.IntN(20) == 0 {
			return []string{"FLUSHALL"}
		}
		return []string{"HSET", pickOf(b, laneSpaces...), pickOf(b, "b", "x", "y"), n}
	case 9, 10, 11, 12:
		return []string{b.cased("hgetall"), pickOf(b, laneSpaces...)}
	case 13, 14, 15, 16:
		return []string{b.cased("hget"), pickOf(b, laneSpaces...), pickOf(b, "b", "c", "x", "v", "soon", "root", "0", "17", "", "er", "deep/er", "y", "\x00")}
	}
	return []string{b.cased("get"), b.name()}
}

// encode is one of the forms in which a command may come.
func (b babbler) encode(words []string) string {
	if line := strings.Join(words, " "); b.IntN(10) == 0 && len(line) > 0 && !strings.ContainsAny(line, "\x00\r\n\x01\x05\"'") && !strings.Contains(line, "  ") {
		return line + pickOf(b, "\r\n", "\n")
	}
	return laneEncode(words...)
}

// broken is what no client should send, and ends the connection, most of it.
var broken = []string{
	"*2\r\n$3\r\nGET\r\n$03\r\na/b\r\n", "*2\r\n$3\r\nGET\r\n$+3\r\na/b\r\n", "*2\r\n$3\r\nGET\r\n$2\r\na/b\r\n", "*2\r\n$3\r\nGET\r\n$4\r\na/b\r\n\r\n",
	"*02\r\n$3\r\nGET\r\n$3\r\na/b\r\n", "*2\r\n$3\r\nGET\r\n$-1\r\n", "*2\r\n$3\r\nGET\r\n:3\r\n", "*2\n$3\nGET\n$3\na/b\n", "*2\r\n$3\r\nGET\r\n$3\na/b\r\n",
	"*2\r\n$3\r\nGET\r\n$ 3\r\na/b\r\n", "*2\r\n$3\r\nGET\r\n$3\r\na/bxx", "GET \"a\r\n", "*2\r\n$3\r\nGET\r\n$99999999\r\n", "*99999999\r\n",
}

// stream is what a client sends until its connection ends.
func (b babbler) stream() string {
	var s strings.Builder
	if b.IntN(2) == 0 {
		s.WriteString(laneEncode("HELLO", "3"))
	}
	for range b.IntN(60) {
		s.WriteString(b.encode(b.command()))
		if b.IntN(30) == 0 {
			s.WriteString(pickOf(b, "*0\r\n", "*-1\r\n", "\r\n", "\n"))
		}
	}
	if b.IntN(4) == 0 {
		return s.String() + pickOf(b, broken...) + laneEncode("QUIT")
	}
	return s.String() + laneEncode("QUIT")
}

// cut cuts a stream at random.
func (b babbler) cut(stream string) (pieces []string) {
	for len(stream) > 0 {
		n := 1 + b.IntN(pickOf(b, 3, 30, 300, 3000))
		n = min(n, len(stream))
		pieces, stream = append(pieces, stream[:n]), stream[n:]
	}
	return pieces
}
