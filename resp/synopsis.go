package resp

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// An arg is one argument of a command's synopsis, in the terms of COMMAND DOCS.
type arg struct {
	name     string
	kind     string // string, key, integer, pattern, unix-time, pure-token, oneof, block
	token    string // the literal that leads it
	optional bool
	multiple bool // may be repeated
	tokens   bool // and its token with it
	args     []arg
}

// kinds of arguments that are not plain strings, by the names they have in synopses.
var kinds = map[string]string{
	"key": "key", "key1": "key", "key2": "key", "source": "key", "destination": "key", "newkey": "key", "namespace": "key", "pattern": "pattern",
	"seconds": "integer", "milliseconds": "integer", "count": "integer", "cursor": "integer",
	"node": "integer", "increment": "integer", "decrement": "integer", "index": "integer", "protover": "integer",
	"numlocal": "integer", "numreplicas": "integer", "timeout": "integer", "start": "integer", "end": "integer",
	"offset": "integer", "length": "integer", "min-match-len": "integer", "destination-db": "integer", "ttl": "integer",
	"numfields": "integer", "frequency": "integer", "version": "integer", "client-id": "integer", "float": "double",
	"revision": "integer", "from": "integer", "to": "integer",
	"unix-time-seconds": "unix-time", "unix-time-milliseconds": "unix-time",
}

// parseSynopsis reads a synopsis as Redis's manual writes them:
//
//	key value [NX | XX] [EX seconds | KEEPTTL]
//	key field value [field value ...]
//
// It panics if the synopsis is not one: synopses are constants.
func parseSynopsis(s string) []arg {
	p := &synopsis{text: s}
	for _, mark := range []string{"[", "]", "<", ">", "|"} {
		s = strings.ReplaceAll(s, mark, " "+mark+" ")
	}
	p.words = strings.Fields(s)
	args := p.sequence("")
	if len(p.words) > 0 {
		p.fail("unexpected " + p.words[0])
	}
	return args
}

type synopsis struct {
	text  string
	words []string // still to be read
}

func (p *synopsis) fail(why string) { panic(fmt.Sprintf("synopsis %q: %s", p.text, why)) }

// sequence reads arguments up to an alternative bar or the closing bracket.
func (p *synopsis) sequence(closing string) (args []arg) {
	for len(p.words) > 0 && p.words[0] != closing && p.words[0] != "|" {
		w := p.words[0]
		p.words = p.words[1:]
		switch w {
		case "[":
			group, again := p.choice("]")
			if n := p.repeats(args, group, again); n > 0 {
				repeated := pack(slices.Clone(args[len(args)-n:]))
				repeated.multiple, repeated.tokens = true, group.token != ""
				args = append(args[:len(args)-n], repeated)
				continue
			}
			group.optional = true
			args = append(args, group)
		case "<":
			group, _ := p.choice(">")
			args = append(args, group)
		case "]", ">":
			p.fail("unexpected " + w)
		default:
			args = append(args, word(w))
		}
	}
	return args
}

// choice reads alternatives up to the closing bracket. again says that they end with dots.
func (p *synopsis) choice(closing string) (group arg, again bool) {
	var all []arg
	for {
		args := p.sequence(closing)
		if n := len(args); n > 0 && args[n-1].name == "..." {
			args, again = args[:n-1], true
		}
		if len(args) == 0 || len(p.words) == 0 {
			p.fail("missing " + closing)
		}
		all = append(all, pack(args))
		closed := p.words[0] == closing
		p.words = p.words[1:]
		if closed {
			break
		}
	}
	if len(all) == 1 {
		return all[0], again
	}
	return arg{name: "option", kind: "oneof", args: all}, again
}

func word(w string) arg {
	switch {
	case w == "...":
		return arg{name: w}
	case strings.IndexFunc(w, unicode.IsLower) < 0:
		return arg{name: strings.ToLower(w), kind: "pure-token", token: w}
	case kinds[w] != "":
		return arg{name: w, kind: kinds[w]}
	}
	return arg{name: w, kind: "string"}
}

// pack makes one argument of a sequence: a token takes what follows it.
func pack(args []arg) arg {
	token := ""
	if len(args) > 1 && args[0].kind == "pure-token" {
		token, args = args[0].token, args[1:]
	}
	if len(args) > 1 || token != "" && args[0].token != "" {
		return arg{name: args[0].name, kind: "block", token: token, args: args}
	}
	if token != "" {
		args[0].token = token
	}
	return args[0]
}

// repeats tells how many of the last args a group such as [field value ...] repeats.
func (p *synopsis) repeats(args []arg, group arg, again bool) int {
	if !again {
		return 0
	}
	names := []arg{group}
	if group.kind == "block" {
		names = group.args
	}
	if len(names) > len(args) {
		p.fail("nothing to repeat")
	}
	for i, a := range args[len(args)-len(names):] {
		if a.name != names[i].name {
			p.fail("cannot repeat " + names[i].name)
		}
	}
	return len(names)
}

// least returns the fewest words that args can take, and whether they may take more.
func least(args []arg) (n int, more bool) {
	for _, a := range args {
		m, mo := a.words()
		more = more || mo || a.multiple || a.optional
		if !a.optional {
			n += m
		}
	}
	return n, more
}

// words returns the fewest words that an argument takes if it is there, and whether it
// may take more.
func (a arg) words() (n int, more bool) {
	switch a.kind {
	case "oneof":
		n, more = a.args[0].words()
		for _, b := range a.args[1:] {
			m, mo := b.words()
			more = more || mo || m != n
			n = min(n, m)
		}
	case "block":
		n, more = least(a.args)
	default:
		n = 1
	}
	if a.token != "" && a.kind != "pure-token" {
		n++
	}
	return n, more
}

// arity is Redis's: the number of words with the command's name, negative if that is
// only the least.
func arity(name string, args []arg) int {
	n, more := least(args)
	n += 1 + strings.Count(name, "|")
	if more {
		return -n
	}
	return n
}

// keyPlaces returns where the keys stand among a command's words: first, last (negative
// counts from the end) and step, or zeros if it has none.
func keyPlaces(name string, args []arg) (first, last, step int) {
	at := 1 + strings.Count(name, "|")
	for i, a := range args {
		behind, _ := least(args[i+1:])
		switch {
		case a.kind == "key" && a.multiple:
			return at, -1 - behind, 1
		case a.kind == "key":
			if first == 0 {
				first, step = at, 1
			}
			last = at
		case a.kind == "block" && a.multiple && a.args[0].kind == "key":
			return at, -1 - behind, len(a.args)
		}
		n, more := least(args[i : i+1])
		if more {
			break
		}
		at += n
	}
	return first, last, step
}
