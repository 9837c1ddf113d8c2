package integration

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
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
	kind          string // as a reply of this kind begins
	says, saysNot []string
}

// kinds are replies by how they begin. Nothing is a kind of its own.
var kinds = map[string]string{
	"simple": "+", "error": "-", "integer": ":", "bulk": "$", "verbatim": "=", "array": "*", "map": "%", "push": ">", "null": "_",
}

// asked reads a line of a burst: COMMAND => KIND WORD... !WORD... . What an error says is one text.
func asked(line string) (q question, ok bool) {
	command, reply, _ := strings.Cut(line, "=>")
	kind, text, _ := strings.Cut(strings.TrimSpace(reply), " ")
	q.words = strings.Fields(command)
	q.kind, ok = kinds[kind]
	for word := range strings.FieldsSeq(text) {
		if not, isNot := strings.CutPrefix(word, "!"); isNot {
			q.saysNot = append(q.saysNot, not)
		} else {
			q.says = append(q.says, word)
		}
	}
	if kind == "error" {
		q.says = []string{strings.Join(q.says, " ")}
	}
	return q, ok
}

// judge returns what is wrong with a reply.
func (q question) judge(kind, text string) (wrong []string) {
	if kind != q.kind {
		wrong = append(wrong, "is of another kind")
	}
	for _, want := range q.says {
		if !strings.Contains(text, want) {
			wrong = append(wrong, fmt.Sprintf("does not say %q", want))
		}
	}
	for _, not := range q.saysNot {
		if strings.Contains(text, not) {
			wrong = append(wrong, fmt.Sprintf("says %q", not))
		}
	}
	return wrong
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
			if strings.HasPrefix(line, "#") {
				continue
			}
			q, ok := asked(line)
			if !ok {
				t.Fatalf("%s: %q is no question", file, line)
			}
			all = append(all, q)
		}
		connections = append(connections, all)
	}
	return connections
}

// Every command of a burst is answered, in its order, and as the client needs it.
func answerBurst(t *testing.T, n *node, file string) (commands int) {
	for _, questions := range recorded(t, file) {
		conn, err := net.DialTimeout("tcp", n.resp, 10*time.Second)
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
				t.Fatalf("%q: %v", q.words, err)
			}
			for _, wrong := range q.judge(kind, text) {
				t.Errorf("%q: the reply %s: %s%s", q.words, wrong, kind, text)
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
