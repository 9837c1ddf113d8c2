package resp_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"confman/resp"
)

// A row is what COMMAND tells of a command, as far as confman and Redis can agree.
type row struct {
	arity             int64
	first, last, step int64
	flags, categories []string
}

// told are the flags that confman tells.
var told = []string{"write", "readonly", "admin", "fast", "no_auth"}

// rows asks a server about all of its commands, subcommands included.
func rows(t *testing.T, addr string) map[string]row {
	t.Helper()
	reply, err := dial(t, addr).Do(context.Background(), "COMMAND")
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]row{}
	var add func(each []resp.Reply)
	add = func(each []resp.Reply) {
		for _, r := range each {
			c := r.([]resp.Reply)
			r := row{arity: c[1].(int64), first: c[3].(int64), last: c[4].(int64), step: c[5].(int64)}
			for _, f := range words(c[2]) {
				if slices.Contains(told, f) {
					r.flags = append(r.flags, f)
				}
			}
			r.categories = words(c[6])
			slices.Sort(r.flags)
			slices.Sort(r.categories)
			all[c[0].(string)] = r
			add(c[9].([]resp.Reply))
		}
	}
	add(reply.([]resp.Reply))
	return all
}

func words(r resp.Reply) (all []string) {
	for _, w := range r.([]resp.Reply) {
		all = append(all, fmt.Sprint(w))
	}
	return all
}

// exceptions are the differences between a row and Redis 7.0's that are meant.
var exceptions = map[string]string{
	"command|getkeys": "[server] Redis's -4 wants two words for the command, though PING is one, and answers the arity error for it; " +
		"newer versions of Redis want one",
	"command|getkeysandflags": "[server] as command|getkeys",
	"spublish":                "[onedb] shard channels are no keys here: there is one shard",
	"ssubscribe":              "[onedb] as spublish",
	"sunsubscribe":            "[onedb] as spublish",
}

// own are the commands that Redis has nothing like, and why: by the word they begin with.
var own = map[string]string{
	"member": "Redis has no nodes of its own to administer like that: CLUSTER is about shards",
	"conf":   "in Redis who asks a replica takes what it has; confman's own word, because CONFIG is for the server",
	"ns":     "Redis has no namespaces that are told something about themselves",
	"backup": "what Redis does with SYNC and RDB files, in a format of confman's own",
}

// sinces asks a server in which version of Redis each of its commands came.
func sinces(t *testing.T, addr string) map[string]string {
	t.Helper()
	reply, err := dial(t, addr).Do(context.Background(), "COMMAND", "DOCS")
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	var add func(docs resp.Reply)
	add = func(docs resp.Reply) {
		pairs, _ := docs.([]resp.Reply)
		for i := 0; i+1 < len(pairs); i += 2 {
			all[pairs[i].(string)], _ = field(pairs[i+1], "since").(string)
			add(field(pairs[i+1], "subcommands"))
		}
	}
	add(reply)
	return all
}

// ownName reports whether a command is confman's own.
func ownName(name string) bool {
	word, _, _ := strings.Cut(name, "|")
	return own[word] != ""
}

// Arity, keys, flags and ACL categories follow from the table's rows, and are Redis's.
func TestRowsAreRedis(t *testing.T) {
	addr := serve(t, &resp.Server{})
	redis, confman, since := rows(t, redis(t)), rows(t, addr), sinces(t, addr)
	if len(confman) < 60 {
		t.Fatalf("only %d commands", len(confman))
	}
	for name, c := range confman {
		r, known := redis[name]
		got, want := fmt.Sprintf("%+v", c), fmt.Sprintf("%+v", r)
		switch reason, excepted := exceptions[name]; {
		case since[name] > "7.1" && !known && !excepted:
		case ownName(name):
			if known {
				t.Errorf("%s: Redis knows it too", name)
			}
		case !known && !excepted:
			t.Errorf("%s: Redis does not know it", name)
		case got != want && !excepted:
			t.Errorf("%s:\nconfman %s\nRedis   %s", name, got, want)
		case got == want && excepted:
			t.Errorf("%s is like Redis's, but excepted: %s", name, reason)
		}
	}
}

// otherArguments are commands whose arguments are not Redis 7.0's, and why.
var otherArguments = map[string]string{
	"flushall":                "[server] FORCE is for namespaces that are protected, which Redis does not have",
	"flushdb":                 "[server] as flushall",
	"hscan":                   "[later] NOVALUES came with Redis 7.4",
	"set":                     "[later] IFEQ, IFNE, IFDEQ and IFDNE came with Redis 8.4; IFREV is confman's own, as revisions are",
	"client|kill":             "[later] MAXAGE came with Redis 7.4",
	"client|list":             "[server] as config|get",
	"command|getkeys":         "[server] Redis tells nothing of its arguments",
	"command|getkeysandflags": "[server] Redis tells nothing of its arguments",
	"config|get":              "[server] Redis has a block of one argument, for no reason",
	"psubscribe":              "[server] as config|get",
	"quit":                    "[server] Redis ignores arguments, and tells nothing of them",
}

// The arguments that COMMAND DOCS tells are Redis's, but for the names of groups and what
// came with later versions.
func TestArgumentsAreRedis(t *testing.T) {
	addr := serve(t, &resp.Server{})
	redis, confman, since := dial(t, redis(t)), dial(t, addr), sinces(t, addr)
	names, err := confman.Do(context.Background(), "COMMAND", "LIST")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names.([]resp.Reply) {
		if ownName(name.(string)) {
			continue
		}
		got, want := arguments(t, confman, name.(string)), arguments(t, redis, name.(string))
		reason := otherArguments[name.(string)]
		if later := want == "unknown" && since[name.(string)] > "7.1"; got != want && !later && reason == "" {
			t.Errorf("%s:\nconfman %s\nRedis   %s", name, got, want)
		}
	}
}

// arguments returns the structure of a command's arguments in short.
func arguments(t *testing.T, c *resp.Client, name string) string {
	t.Helper()
	reply, err := c.Do(context.Background(), "COMMAND", "DOCS", name)
	if err != nil {
		t.Fatal(err)
	}
	docs := reply.([]resp.Reply)
	if len(docs) == 0 {
		return "unknown"
	}
	return structure(field(docs[1], "arguments"))
}

func structure(args resp.Reply) string {
	all, _ := args.([]resp.Reply)
	var b strings.Builder
	for _, a := range all {
		kind := field(a, "type").(string)
		fmt.Fprintf(&b, "%s", kind)
		if token, given := field(a, "token").(string); given {
			fmt.Fprintf(&b, " %s", token)
		}
		if flags := field(a, "flags"); flags != nil {
			fmt.Fprintf(&b, " %v", flags)
		}
		if nested := structure(field(a, "arguments")); nested != "" {
			fmt.Fprintf(&b, " (%s)", nested)
		}
		b.WriteString("; ")
	}
	return b.String()
}

// field returns a field of a map as RESP2 shows it.
func field(m resp.Reply, name string) resp.Reply {
	pairs := m.([]resp.Reply)
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i] == name {
			return pairs[i+1]
		}
	}
	return nil
}

// What breaks the protocol gets Redis's answer.
func TestFaultsAreRedis(t *testing.T) {
	redis, confman := redis(t), serve(t, &resp.Server{})
	for _, bytes := range []string{
		"PING\r\n*1\r\n$-1\r\n",
		"*1\r\nPING\r\n",
		"*one\r\n",
		"*1\r\n$four\r\n",
		"*9223372036854775808\r\n",
		"*1\r\n$9223372036854775807\r\n",
		"*0\r\n*-1\r\nPING\r\nQUIT\r\n",
		"\r\n\r\nPING\r\nQUIT\r\n",
		"SET a \"b\r\n",
		"SET a \"b\"c\r\n",
		"set a 'b\\'c' \r\nget a\nQUIT\n",
		"set a \"\\x00\\n\"\r\nget a\nQUIT\n",
		"ECHO pre\"fix ed\"\r\nQUIT\n",
		"POST / HTTP/1.1\r\nHost: x\r\n\r\n",
		"Host: x\r\n",
		strings.Repeat("a", 70_000),
		"QUIT now\r\n",
	} {
		if got, want := raw(t, confman, bytes), raw(t, redis, bytes); got != want {
			t.Errorf("%.40q: confman %q, Redis %q", bytes, got, want)
		}
	}
}
