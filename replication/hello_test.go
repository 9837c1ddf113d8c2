package replication

import (
	"bufio"
	"strings"
	"testing"
)

func TestHelloIsUnderstoodOrRefusedWithAReason(t *testing.T) {
	const rest = `"cluster":"00000000000000ff","host":"` + hostA + `","addr":"127.0.0.1:6481"`
	for _, c := range []struct{ line, want string }{
		{`{"confman":1,"kind":"raft",` + rest + `}`, ""},
		{`{"confman":1,"kind":"snapshot","new":{"a":[1]},` + rest + `}`, ""},
		{`{"confman":1,"kind":"join"}`, ""},
		{`{"confman":2,"kind":"raft",` + rest + `}`, "format 1 of the raft port is spoken here, not 2"},
		{`{"confman":1,"kind":"gossip",` + rest + `}`, `unknown kind of connection "gossip"`},
		{`{"confman":1,"kind":"raft"}`, `host "" is no host id`},
		{`{"confman":1,"kind":"raft","cluster":"xyz"}`, "confman's raft port"},
		{`{"kind":"raft"}`, "confman's raft port"},
		{`{`, "confman's raft port"},
		{strings.Replace(`{"confman":1,"kind":"raft",`+rest+`}`, "127.0.0.1:6481", "nowhere", 1), "want HOST:PORT"},
	} {
		h, err := parseHello([]byte(c.line))
		if c.want == "" {
			if err != nil {
				t.Errorf("%s: %v", c.line, err)
			} else if h.Kind != kindJoin && h.Cluster != 0xff {
				t.Errorf("%s: cluster %v", c.line, h.Cluster)
			}
			continue
		}
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %s", c.line, err, c.want)
		}
	}
}

func TestReadLineGivesUpEarly(t *testing.T) {
	for _, c := range []struct {
		input string
		want  error
	}{
		{"{}\r\n", nil},
		{"*1\r\n$4\r\nPING\r\n", errForeign},
		{"\x16\x03\x01", errForeign},
		{"{" + strings.Repeat(" ", maxHello) + "}\n", errTooLong},
	} {
		_, err := readLine(bufio.NewReaderSize(strings.NewReader(c.input), 64), maxHello)
		if err != c.want {
			t.Errorf("%.20q: got %v, want %v", c.input, err, c.want)
		}
	}
}
