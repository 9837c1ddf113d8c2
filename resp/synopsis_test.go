package resp

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

func TestArityAndKeysFollowFromTheSynopsis(t *testing.T) {
	for _, c := range []struct {
		name, synopsis           string
		arity, first, last, step int
	}{
		{"ping", "", 1, 0, 0, 0},
		{"get", "key", 2, 1, 1, 1},
		{"set", "key value [NX | XX] [GET] [EX seconds | KEEPTTL]", -3, 1, 1, 1},
		{"mset", "key value [key value ...]", -3, 1, -1, 2},
		{"del", "key [key ...]", -2, 1, -1, 1},
		{"hset", "key field value [field value ...]", -4, 1, 1, 1},
		{"client|setinfo", "<LIB-NAME libname | LIB-VER libver>", 4, 0, 0, 0},
		{"hello", "[protover [AUTH username password] [SETNAME clientname]]", -1, 0, 0, 0},
		{"blpop", "key [key ...] timeout", -3, 1, -2, 1},
		{"object|freq", "key", 3, 2, 2, 1},
	} {
		args := parseSynopsis(c.synopsis)
		if got := arity(c.name, args); got != c.arity {
			t.Errorf("%s %s: arity %d, want %d", c.name, c.synopsis, got, c.arity)
		}
		if first, last, step := keyPlaces(c.name, args); first != c.first || last != c.last || step != c.step {
			t.Errorf("%s %s: keys %d %d %d, want %d %d %d", c.name, c.synopsis, first, last, step, c.first, c.last, c.step)
		}
	}
}

func TestSynopsesThatAreNone(t *testing.T) {
	for _, s := range []string{"[key", "key]", "<NX | XX", "[]", "key [field ...]", "[key ...]", "a | b"} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%q passed", s)
				}
			}()
			parseSynopsis(s)
		}()
	}
}

// Every call that a row's synopsis allows has the row's arity and binds, with its options in
// any order; and GETKEYS finds the words that stand where the synopsis says key.
func TestCallsThatASynopsisAllows(t *testing.T) {
	server := &Server{}
	server.once.Do(server.init)
	random := rand.New(rand.NewPCG(1, 2))
	for name, cmd := range server.table.byName {
		for range 200 {
			g := generator{random: random}
			words := append(strings.Split(name, "|"), g.words(cmd.args)...)
			if len(cmd.subs) > 0 {
				continue // a container
			}
			found, err := server.table.find(words)
			if err != nil || found != cmd {
				t.Fatalf("%q: %v", words, err)
			}
			call := &Call{Command: cmd, Args: words[cmd.depth():], session: &session{server: server}}
			if err := call.bind(); err != nil {
				t.Errorf("%q: %v", words, err)
			}
			if cmd.behind() != "" {
				continue // how many of the words are keys follows from how many there are
			}
			keys, _ := commandGetKeys(t.Context(), &Call{Args: words, session: call.session}).([]Reply)
			if !slices.Equal(keys, bulks(g.keys)) {
				t.Errorf("%q: keys %v, want %v", words, keys, g.keys)
			}
		}
	}
}

// A generator makes words of a synopsis.
type generator struct {
	random *rand.Rand
	keys   []string
}

func (g *generator) words(args []arg) (words []string) {
	begin := slices.IndexFunc(args, func(a arg) bool { return a.optional })
	if begin >= 0 && args[begin].token != "" { // options may come in any order
		args = slices.Clone(args)
		g.random.Shuffle(len(args)-begin, func(i, j int) {
			args[begin+i], args[begin+j] = args[begin+j], args[begin+i]
		})
	}
	for _, a := range args {
		if a.optional && g.random.IntN(2) == 0 {
			continue
		}
		for again := true; again; again = a.multiple && g.random.IntN(2) == 0 {
			words = append(words, g.one(a)...)
		}
	}
	return words
}

func (g *generator) one(a arg) (words []string) {
	if a.token != "" {
		if words = []string{a.token}; g.random.IntN(2) == 0 {
			words[0] = strings.ToLower(a.token)
		}
	}
	switch a.kind {
	case "pure-token":
		return words
	case "block":
		return append(words, g.words(a.args)...)
	case "oneof":
		return append(words, g.one(a.args[g.random.IntN(len(a.args))])...)
	case "integer", "unix-time":
		return append(words, fmt.Sprint(g.random.IntN(100)))
	case "key":
		g.keys = append(g.keys, fmt.Sprintf("key%d", g.random.IntN(100)))
		return append(words, g.keys[len(g.keys)-1])
	}
	return append(words, fmt.Sprintf("word%d", g.random.IntN(100)))
}
