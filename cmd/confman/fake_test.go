package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
)

// A scripted node answers each command with what its script has for it, and remembers what it was asked.
type scripted struct {
	mu    sync.Mutex
	asked []string
}

// lines returns what the node was asked, and forgets it.
func (s *scripted) lines() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	asked := s.asked
	s.asked = nil
	return asked
}

// scriptedNode answers until the test ends. What the script does not have is OK.
func scriptedNode(t *testing.T, script map[string]any) (addr string, node *scripted) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	node = &scripted{}
	var all sync.WaitGroup
	all.Go(func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			all.Go(func() {
				defer conn.Close()
				node.answer(conn, script)
			})
		}
	})
	t.Cleanup(func() {
		_ = ln.Close()
		all.Wait()
	})
	return ln.Addr().String(), node
}

func (s *scripted) answer(conn net.Conn, script map[string]any) {
	r := bufio.NewReader(conn)
	for {
		var words []string
		var n int
		if _, err := fmt.Fscanf(r, "*%d\r\n", &n); err != nil {
			return
		}
		for range n {
			var size int
			if _, err := fmt.Fscanf(r, "$%d\r\n", &size); err != nil {
				return
			}
			b := make([]byte, size+2)
			if _, err := io.ReadFull(r, b); err != nil {
				return
			}
			words = append(words, string(b[:size]))
		}
		line := strings.Join(words, " ")
		s.mu.Lock()
		s.asked = append(s.asked, line)
		s.mu.Unlock()
		answer, scripted := script[line]
		if !scripted {
			answer = "+OK"
		}
		if _, err := conn.Write(encoded(answer)); err != nil {
			return
		}
	}
}

// list is an array, as RESP2 sends maps too.
type list []any

// encoded is an answer on the wire; a text that begins with + or - is one itself.
func encoded(answer any) []byte {
	switch a := answer.(type) {
	case nil:
		return []byte("$-1\r\n")
	case int:
		return fmt.Appendf(nil, ":%d\r\n", a)
	case list:
		b := fmt.Appendf(nil, "*%d\r\n", len(a))
		for _, each := range a {
			b = append(b, encoded(each)...)
		}
		return b
	}
	text := answer.(string)
	if strings.HasPrefix(text, "+") || strings.HasPrefix(text, "-") {
		return []byte(text + "\r\n")
	}
	return fmt.Appendf(nil, "$%d\r\n%s\r\n", len(text), text)
}

// What is typed becomes these commands, in this order, on one connection; and what they are answered
// becomes what is printed.
func TestWhatANodeIsAsked(t *testing.T) {
	settings := list{
		"description", "the real thing", "owner", "ops", "keep", 20, "age", 3_600_000, "max_keys", 7, "max_bytes", 9, "protect", 1, "strict", 0, "keys", 2, "bytes", 32,
		"rules",
		list{list{"pattern", "*", "rule", "numeric", "namespace", "/"}},
		"own",
		list{"keep", "max_keys"},
	}
	broken := list{list{"name", "prod/port", "rule", "numeric", "value", "x\ny", "expected", "a number", "namespace", "prod"}}
	addr, node := scriptedNode(t, map[string]any{
		"SET stale 2 IFREV 7": nil, "SET wrong 1": "-INVALID wrong: it is wrong", "SET kept 1": "-PROTECTED kept: no", "CONF GET a VERSION 9": "-GONE it is not kept",
		"NS LIST": list{"/", "prod"}, "NS LIST p*": list{"prod"}, "NS GET prod": settings,
		"NS TREE /":    list{list{"namespace", "/", "keys", 1, "description", "", "owner", ""}, list{"namespace", "prod", "keys", 0, "description", "d", "owner", "ops"}, list{"namespace", "prod/api", "keys", 2, "description", "", "owner", "ops"}},
		"NS TREE prod": list{list{"namespace", "prod", "keys", 0}, list{"namespace", "prod/api", "keys", 2}},
		"NS DEL prod":  1, "NS DEL none": 0, "NS DEL prod FORCE": 1,
		"NS RULE prod": list{list{"pattern", "*", "rule", "numeric", "namespace", "/"}}, "NS RULE none": list{}, "NS RULE prod a DEL": 1, "NS RULE prod b DEL": 0,
		"NS RULE prod port numeric min=1 DRYRUN": broken, "NS RULE prod port numeric DRYRUN": list{},
		"CONF CHECK prod": broken, "CONF CHECK /": list{}, "CONF CHECK many": slices.Concat(broken, broken),
		"CONF USAGE a": list{list{"node", 1, "host", "h:1", "since", 1, "last", 0, "reads", 0, "error", ""}, list{"node", 2, "host", "h:2", "error", "it is gone"}},
		"CONF ROLLBACK big AT 1767225600000 COUNT 1000":             list{"big/k", 1000},
		"CONF ROLLBACK big AT 1767225600000 COUNT 1000 AFTER big/k": list{"", 7},
		"CONF ROLLBACK half REVISION 3 COUNT 1000":                  list{"half/k", 1000},
		"CONF ROLLBACK half REVISION 3 COUNT 1000 AFTER half/k":     "-CLUSTERDOWN nobody",
		"CONF ROLLBACK a VERSION 1":                                 1,
		"CONF ROLLBACK / REVISION 5 RECURSIVE FORCE":                3, "CONF REASON not me": "-NOPERM no",
	})
	for _, c := range []struct{ line, asked, want string }{
		{"set a 1 --reason 'it was wrong'", "CONF REASON it was wrong|SET a 1", ""},
		{"set a 1 --if-revision 0 --expires 1s", "SET a 1 IFREV 0 PX 1000", ""},
		{"set stale 2 --if-revision 7", "SET stale 2 IFREV 7", "confman: \"stale\" has not that revision (any more): look at it again\n[exit 4]\n"},
		{"set wrong 1", "SET wrong 1", "confman: INVALID wrong: it is wrong\n[exit 4]\n"},
		{"set kept 1", "SET kept 1", "confman: PROTECTED kept: no\n[exit 4]\n"},
		{"set a 1 --reason 'not me'", "CONF REASON not me", "confman: NOPERM no (CONFMAN_PASSWORD is the password to use)\n[exit 6]\n"},
		{"get a --version 9", "CONF GET a VERSION 9", "confman: GONE it is not kept\n[exit 3]\n"},
		{"ns ls", "NS LIST", "/\nprod\n"},
		{"ns ls p*", "NS LIST p*", "prod\n"},
		{"ns tree", "NS TREE /", "NAMESPACE  KEYS  OWNER  DESCRIPTION\n/          1     -      -\n  prod/    0     ops    d\n    api/   2     ops    -\n"},
		{"ns tree prod/", "NS TREE prod", "NAMESPACE  KEYS  OWNER  DESCRIPTION\nprod/      0     -      -\n  api/     2     -      -\n"},
		{"ns get prod", "NS GET prod", "description  the real thing\nowner        ops\nkeep         20\nage          1h0m0s\nmax_keys     7\nmax_bytes    9\nprotect      true\nstrict       false\nkeys         2\nbytes        32\nrule         * numeric (of /)\n"},
		{"ns set prod --owner ops --description '' --keep 3 --age 1h --protect --strict=false --reason tidy", "CONF REASON tidy|NS SET prod DESCRIPTION  OWNER ops KEEP 3 AGE 3600000 PROTECT LOOSE", ""},
		{"ns set prod --max-bytes 100", "NS GET prod|NS SET prod QUOTA 7 100", ""},
		{"ns set prod --max-keys 0 --max-bytes 0 -o json", "NS GET prod|NS SET prod QUOTA 0 0", "{\n  \"namespace\": \"prod\",\n  \"set\": true\n}\n"},
		{"ns set prod", "", "confman: nothing to set: name a setting, such as --owner ops; confman ns set --help lists them\n[exit 2]\n"},
		{"ns del prod", "NS DEL prod", ""},
		{"ns del none", "NS DEL none", "confman: namespace \"none\" has no settings of its own\n[exit 3]\n"},
		{"ns del prod --force", "", "confman: nothing was changed: give --yes to do it\n[exit 2]\n"},
		{"ns del prod --force --yes --reason moved", "CONF REASON moved|NS DEL prod FORCE", ""},
		{"rule ls prod", "NS RULE prod", "PATTERN  RULE     NAMESPACE\n*        numeric  /\n"},
		{"rule ls none", "NS RULE none", ""},
		{"rule set prod port numeric min=1", "NS RULE prod port numeric min=1", ""},
		{"rule set prod port numeric min=1 --dry-run", "NS RULE prod port numeric min=1 DRYRUN", "NAME       EXPECTED  VALUE  RULE     NAMESPACE\nprod/port  a number  x y    numeric  prod\nconfman: 1 config breaks a rule\n[exit 1]\n"},
		{"rule set prod port numeric --dry-run", "NS RULE prod port numeric DRYRUN", ""},
		{"rule del prod a --reason old", "CONF REASON old|NS RULE prod a DEL", ""},
		{"rule del prod b", "NS RULE prod b DEL", "confman: namespace \"prod\" has no rule for \"b\"\n[exit 3]\n"},
		{"check", "CONF CHECK /", ""},
		{"check -o json", "CONF CHECK /", "[]\n"},
		{"check many -o yaml", "CONF CHECK many", "- name: prod/port\n  rule: numeric\n  value: |-\n    x\n    y\n  expected: a number\n  namespace: prod\n- name: prod/port\n  rule: numeric\n  value: |-\n    x\n    y\n  expected: a number\n  namespace: prod\ncode: 1\nerror: 2 configs break a rule\n[exit 1]\n"},
		{"usage a", "CONF USAGE a", "NODE  RESP  LAST_READ  READS  NAMESPACE_READ  NAMESPACE_READS  KNOWN_SINCE\n1     h:1   never      0      never           0                1970-01-01T00:00:00.001Z\n2     h:2   -          -      -               -                -\nnode 2 could not be asked: it is gone\n"},
		{"rollback a 1 --yes --reason undo", "CONF REASON undo|CONF ROLLBACK a VERSION 1", "1 config changed\n"},
		{"rollback big --at 2026-01-01T00:00:00Z --parts --yes", "CONF ROLLBACK big AT 1767225600000 COUNT 1000|CONF ROLLBACK big AT 1767225600000 COUNT 1000 AFTER big/k", "1007 configs changed\n"},
		{"rollback half --revision 3 --parts --yes", "CONF ROLLBACK half REVISION 3 COUNT 1000|CONF ROLLBACK half REVISION 3 COUNT 1000 AFTER half/k", "confman: 1000 configs changed, and then: CLUSTERDOWN nobody\n[exit 5]\n"},
		{"rollback / --revision 5 -r --force -y", "CONF ROLLBACK / REVISION 5 RECURSIVE FORCE", "3 configs changed\n"},
	} {
		got := confman(t, nil, "", c.line+" -a "+addr)
		if asked := strings.Join(node.lines(), "|"); asked != c.asked {
			t.Errorf("%s asks\n%s\nwant\n%s", c.line, asked, c.asked)
		}
		if got != c.want {
			t.Errorf("%s shows\n%s\nwant\n%s", c.line, got, c.want)
		}
	}
}
