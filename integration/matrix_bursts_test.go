package integration

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// bursts are clients that are not on this machine: what they send when they connect is recorded.
var bursts = []struct{ client, file string }{
	{"StackExchange.Redis 3", "testdata/clients/stackexchange.burst"},
	{"RedisInsight 2.70", "testdata/clients/redisinsight.burst"},
}

// A question is a command of a burst, and what its reply must be.
type question struct {
	words         []string
	kind          string
	says, saysNot []string
}

// recorded reads a burst: the questions of each of its connections.
func recorded(t *testing.T, file string) (connections [][]question) {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for connection := range strings.SplitSeq(string(content), "\n\n") {
		var all []question
		for line := range strings.Lines(connection) {
			command, reply, found := strings.Cut(strings.TrimSpace(line), "=>")
			if strings.HasPrefix(line, "#") {
				continue
			}
			kind, text, _ := strings.Cut(strings.TrimSpace(reply), " ")
			if _, known := kinds[kind]; !found || !known {
				t.Fatalf("%s: %q is no question", file, line)
			}
			q := question{words: strings.Fields(command), kind: kind}
			if kind == "error" { // one text
				text, _, _ = strings.Cut(text, " !")
				q.says = []string{text}
			} else {
				q.says = strings.Fields(text)
			}
			for word := range strings.FieldsSeq(reply) {
				if not, isNot := strings.CutPrefix(word, "!"); isNot {
					q.saysNot = append(q.saysNot, not)
				}
			}
			q.says = slices.DeleteFunc(q.says, func(s string) bool { return s == "" || s[0] == '!' })
			all = append(all, q)
		}
		connections = append(connections, all)
	}
	return connections
}

// kinds are replies by how they begin. Nothing is a kind of its own.
var kinds = map[string]string{
	"simple": "+", "error": "-", "integer": ":", "bulk": "$", "verbatim": "=", "array": "*", "map": "%", "push": ">", "null": "_",
}

// Every command of a burst is answered, in its order, and as the client needs it.
func answerBurst(t *testing.T, n *node, file string) (commands int) {
	for i, questions := range recorded(t, file) {
		conn, err := net.Dial("tcp", n.resp)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
		var sent strings.Builder
		for _, q := range questions {
			fmt.Fprintf(&sent, "*%d\r\n", len(q.words))
			for _, w := range q.words {
				fmt.Fprintf(&sent, "$%d\r\n%s\r\n", len(w), w)
			}
		}
		if _, err := io.WriteString(conn, sent.String()); err != nil {
			t.Fatal(err)
		}
		r := bufio.NewReader(conn)
		for _, q := range questions {
			kind, text, err := readReply(r)
			if err != nil {
				t.Fatalf("connection %d: %q: %v", i, q.words, err)
			}
			if kind != kinds[q.kind] {
				t.Errorf("connection %d: %q: not %s, but %s%s", i, q.words, q.kind, kind, text)
			}
			for _, want := range q.says {
				if !strings.Contains(text, want) {
					t.Errorf("connection %d: %q: does not say %q: %s", i, q.words, want, text)
				}
			}
			for _, not := range q.saysNot {
				if strings.Contains(text, not) {
					t.Errorf("connection %d: %q: says %q: %s", i, q.words, not, text)
				}
			}
			commands++
		}
	}
	return commands
}

// readReply reads a reply, and returns how it begins and all of its text.
func readReply(r *bufio.Reader) (kind, text string, err error) {
	line, err := r.ReadString('\n')
	if err != nil {
		return "", "", err
	}
	kind, text = line[:1], strings.TrimSpace(line[1:])
	size, _ := strconv.Atoi(text)
	switch kind {
	case "$", "=":
		if size < 0 {
			return "_", "", nil
		}
		data := make([]byte, size+2)
		_, err = io.ReadFull(r, data)
		return kind, string(data[:size]), err
	case "*", "%", ">", "~":
		if kind == "%" {
			size *= 2
		}
		var all []string
		for range size {
			_, element, err := readReply(r)
			if err != nil {
				return "", "", err
			}
			all = append(all, element)
		}
		return kind, strings.Join(all, " "), nil
	}
	return kind, text, nil
}
