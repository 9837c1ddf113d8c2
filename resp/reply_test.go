package resp

import (
	"bufio"
	"bytes"
	"errors"
	"math"
	"reflect"
	"strings"
	"testing"
)

func TestRepliesOnTheWire(t *testing.T) {
	for _, c := range []struct {
		reply        Reply
		resp2, resp3 string
	}{
		{nil, "$-1\r\n", "_\r\n"},
		{NullArray{}, "*-1\r\n", "_\r\n"},
		{"a\r\nb", "$4\r\na\r\nb\r\n", "$4\r\na\r\nb\r\n"},
		{Status("OK"), "+OK\r\n", "+OK\r\n"},
		{int64(-7), ":-7\r\n", ":-7\r\n"},
		{1.5, "$3\r\n1.5\r\n", ",1.5\r\n"},
		{math.Inf(-1), "$4\r\n-inf\r\n", ",-inf\r\n"},
		{true, ":1\r\n", "#t\r\n"},
		{false, ":0\r\n", "#f\r\n"},
		{Text("hi"), "$2\r\nhi\r\n", "=6\r\ntxt:hi\r\n"},
		{errors.New("ERR two\r\nlines"), "-ERR two  lines\r\n", "-ERR two  lines\r\n"},
		{[]Reply{}, "*0\r\n", "*0\r\n"},
		{[]Reply{int64(1), nil}, "*2\r\n:1\r\n$-1\r\n", "*2\r\n:1\r\n_\r\n"},
		{Map{"a", int64(1)}, "*2\r\n$1\r\na\r\n:1\r\n", "%1\r\n$1\r\na\r\n:1\r\n"},
		{Set{"a"}, "*1\r\n$1\r\na\r\n", "~1\r\n$1\r\na\r\n"},
		{Push{"a"}, "*1\r\n$1\r\na\r\n", ">1\r\n$1\r\na\r\n"},
	} {
		if got := string(appendReply(nil, c.reply, 2)); got != c.resp2 {
			t.Errorf("RESP2 of %#v: %q, want %q", c.reply, got, c.resp2)
		}
		if got := string(appendReply(nil, c.reply, 3)); got != c.resp3 {
			t.Errorf("RESP3 of %#v: %q, want %q", c.reply, got, c.resp3)
		}
	}
}

// A client of RESP3 reads back what was replied.
func TestRepliesComeBack(t *testing.T) {
	deep := Reply("x")
	for range maxDepth {
		deep = []Reply{deep}
	}
	for _, r := range []Reply{
		nil, "", "a\x00\r\n", Status("OK"), int64(math.MinInt64), 0.1, math.Inf(1), true, false, Text("a\nb"),
		Error("ERR no"),
		[]Reply{},
		[]Reply{nil, []Reply{"a"}, Map{"k", Set{int64(1)}}},
		Map{},
		Set{},
		Push{"invalidate"},
		deep,
	} {
		got, err := readReply(bufio.NewReader(bytes.NewReader(appendReply(nil, r, 3))), 0)
		if err != nil || !reflect.DeepEqual(got, r) {
			t.Errorf("%#v came back as %#v, %v", r, got, err)
		}
	}
	if r, err := readReply(bufio.NewReader(strings.NewReader("*-1\r\n")), 0); err != nil || r != (NullArray{}) {
		t.Errorf("null array: %#v, %v", r, err)
	}
}

// Whatever a server sends, a client neither panics nor allocates what is not there.
func FuzzReadReply(f *testing.F) {
	for _, s := range []string{
		"+OK\r\n", "-ERR\r\n", ":1\r\n", "$-1\r\n", "$3\r\nabc\r\n", "*2\r\n+a\r\n$-1\r\n", "%1\r\n+a\r\n+b\r\n", "~1\r\n_\r\n",
		",1.5\r\n", "#t\r\n", "=6\r\ntxt:hi\r\n", "=1\r\nx\r\n", "!5\r\nERR x\r\n", "(123\r\n", ">1\r\n+x\r\n+OK\r\n",
		"*536870912\r\n", "$536870912\r\n", "%268435456\r\n", "*1\r\n*1\r\n*1\r\n", "HTTP/1.1 400\r\n", "\r\n", "\n", "$-5\r\n", "%-1\r\n",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if r, err := readReply(bufio.NewReader(bytes.NewReader(b)), 0); err == nil {
			_ = Format(r)
			_ = appendReply(nil, r, 2)
		}
	})
}

func TestRepliesOfWhatIsNoRedis(t *testing.T) {
	for _, s := range []string{"HTTP/1.1 400 Bad Request\r\n", "SSH-2.0\r\n", "\r\n", "$many\r\n", strings.Repeat("*1\r\n", maxDepth+2)} {
		if r, err := readReply(bufio.NewReader(strings.NewReader(s)), 0); err == nil {
			t.Errorf("%.20q is a reply: %#v", s, r)
		}
	}
}
