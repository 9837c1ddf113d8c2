package differential

import (
	"math/rand/v2"
	"slices"
	"strings"
)

// A Generator makes random steps. The same seed makes the same ones.
type Generator struct {
	rand    *rand.Rand
	catalog *Catalog
	space   Space
	groups  []string // by weight
	float   bool     // the command takes floats
	turn    int64
	dumps   []string
	open    map[string]bool // connections that are thought to be within MULTI
}

// weights say how often a group's commands are called.
var weights = map[string]int{"string": 32, "hash": 30, "generic": 24, "transactions": 7, "connection": 3, "server": 4}

// NewGenerator returns a generator of calls of a catalog's commands in some groups, which are
// all if none is given.
func NewGenerator(seed uint64, catalog *Catalog, space Space, of ...string) *Generator {
	g := &Generator{
		rand: rand.New(rand.NewPCG(seed, 0)), catalog: catalog, space: space,
		dumps: []string{"no dump"}, open: map[string]bool{},
	}
	if len(of) == 0 {
		of = groups
	}
	for _, group := range of {
		for range weights[group] {
			g.groups = append(g.groups, group)
		}
	}
	return g
}

// Step returns the next one.
func (g *Generator) Step() Step {
	connection := "a"
	if g.chance(20) {
		connection = "b"
	}
	if g.open[connection] && g.chance(8) {
		g.open[connection] = false
		return Step{connection, []string{"EXEC"}}
	}
	group := pick(g, g.groups...)
	cmd := g.catalog.draw(g.rand, group)
	g.open[connection] = (g.open[connection] || cmd.Name == "multi") && cmd.Name != "exec" && cmd.Name != "discard"
	words := g.call(cmd)
	if g.chance(12) {
		words = g.misuse(cmd, words)
	}
	if g.chance(10) {
		words = g.spell(words)
	}
	return Step{connection, words}
}

// Begin forgets what the last episode left open.
func (g *Generator) Begin() { clear(g.open) }

func (g *Generator) chance(percent int) bool { return g.rand.IntN(100) < percent }

// call makes a call as the synopsis has it.
func (g *Generator) call(cmd *Command) []string {
	g.float = strings.Contains(cmd.Name, "float")
	words := cmd.words()
	args := cmd.args
	for len(args) > 0 && !args[0].optional {
		words, args = g.append(words, cmd, args[0]), args[1:]
	}
	if args = slices.Clone(args); g.chance(30) { // options come in any order
		first := 0
		for first < len(args) && args[first].token == "" && args[first].kind != "oneof" {
			first++
		}
		g.rand.Shuffle(len(args)-first, func(i, j int) { args[first+i], args[first+j] = args[first+j], args[first+i] })
	}
	for _, a := range args {
		if !a.optional || g.chance(30) {
			words = g.append(words, cmd, a)
		} else if a.token == "" && a.kind != "oneof" {
			break // what has its place by those before it
		}
	}
	return words
}

// append appends the words of an argument.
func (g *Generator) append(words []string, cmd *Command, a argument) []string {
	times := 1
	if a.multiple {
		times += g.rand.IntN(3)
	}
	for range times {
		if a.token != "" && a.kind != "oneof" {
			words = append(words, a.token)
		}
		switch {
		case a.kind == "pure-token":
		case a.kind == "oneof":
			words = g.append(words, cmd, a.args[g.rand.IntN(len(a.args))])
		case a.kind == "block":
			for _, b := range a.args {
				if !b.optional || g.chance(50) {
					words = g.append(words, cmd, b)
				}
			}
		case a.kind == "key":
			words = append(words, g.key(cmd))
		case drawn[a.name] != nil:
			words = append(words, drawn[a.name](g))
		default:
			words = append(words, g.value())
		}
	}
	return words
}

// key returns a name for a command, mostly one that holds what the command is about.
func (g *Generator) key(cmd *Command) string {
	names := g.space.All()
	if g.chance(85) {
		switch cmd.Group {
		case "string":
			names = slices.Concat(g.space.Strings, g.space.Either)
		case "hash":
			names = slices.Concat(g.space.Hashes, g.space.Either)
		}
	}
	return pick(g, names...)
}

// misuse makes a mistake of a call. What stands in a key's place is still a name of the space.
func (g *Generator) misuse(cmd *Command, words []string) []string {
	n := len(cmd.words())
	switch args := len(words) - n; {
	case g.chance(2):
		words[0] = pick(g, "NOSUCH", "GE", "HGETT", "")
	case g.chance(25) && args > 0:
		words = words[:len(words)-1]
	case g.chance(20) && args > 0:
		i := n + g.rand.IntN(args)
		words = slices.Delete(words, i, i+1)
	case g.chance(40) || args == 0:
		words = append(words, pick(g, mistakes...))
	case g.chance(20):
		words = append(words, words[n+g.rand.IntN(args)])
	default:
		words[n+g.rand.IntN(args)] = pick(g, mistakes...)
	}
	for _, i := range cmd.places(words) {
		if !slices.Contains(g.space.All(), words[i]) {
			words[i] = g.key(cmd)
		}
	}
	return words
}

// spell writes words that are in capitals in another way, as clients may.
func (g *Generator) spell(words []string) []string {
	for i, w := range words {
		if w == strings.ToUpper(w) && !slices.Contains(g.space.All(), w) {
			words[i] = pick(g, strings.ToLower(w), w, strings.ToLower(w[:len(w)/2])+w[len(w)/2:])
		}
	}
	return words
}
