package differential

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"confman/resp"
)

// A Catalog holds the commands that can be compared.
type Catalog struct {
	commands map[string]*Command
	groups   map[string][]*Command // in the order of their names, without those that are set apart
	Later    []string              // commands of these groups that Redis does not have
}

// A Command is what a server says of a command. The name of a subcommand holds its
// container's, as in "client|id".
type Command struct {
	Name              string
	Group             string
	Writes            bool
	first, last, step int // where keys stand among the words
	args              []argument
}

// An argument is one of COMMAND DOCS.
type argument struct {
	name, kind, token  string
	optional, multiple bool
	args               []argument
}

// groups are those whose commands are compared.
var groups = []string{"string", "hash", "generic", "transactions", "connection", "server"}

// Learn asks both servers about their commands. Of a command that both have it takes what
// confman says, without the options that Redis does not know.
func Learn(ctx context.Context, confman, redis string) (*Catalog, error) {
	ours, err := learn(ctx, confman)
	if err != nil {
		return nil, err
	}
	theirs, err := learn(ctx, redis)
	if err != nil {
		return nil, err
	}
	c := &Catalog{commands: ours, groups: map[string][]*Command{}}
	for name, cmd := range ours {
		r := theirs[name]
		switch {
		case !slices.Contains(groups, cmd.Group):
			delete(ours, name)
		case r == nil:
			c.Later = append(c.Later, name)
			delete(ours, name)
		default:
			cmd.args = known(cmd.args, tokens(nil, r.args))
			if !slices.Contains(apart, name) {
				c.groups[cmd.Group] = append(c.groups[cmd.Group], cmd)
			}
		}
	}
	for _, all := range c.groups {
		slices.SortFunc(all, func(a, b *Command) int { return strings.Compare(a.Name, b.Name) })
	}
	slices.Sort(c.Later)
	return c, nil
}

// learn returns the commands of a server that can be called, by name.
func learn(ctx context.Context, addr string) (map[string]*Command, error) {
	client, err := resp.Dial(ctx, addr)
	if err != nil {
		return nil, err
	}
	defer client.Close()
	replies, err := client.Pipeline(ctx, []string{"COMMAND"}, []string{"COMMAND", "DOCS"})
	if err != nil {
		return nil, err
	}
	all := map[string]*Command{}
	addRows(all, list(replies[0]))
	addDocs(all, list(replies[1]))
	return all, nil
}

// addRows adds the answers of COMMAND.
func addRows(all map[string]*Command, rows []resp.Reply) {
	for _, r := range rows {
		row := list(r)
		c := &Command{Name: text(row[0]), first: number(row[3]), last: number(row[4]), step: number(row[5])}
		c.Writes = slices.Contains(list(row[2]), resp.Reply(resp.Status("write")))
		all[c.Name] = c
		addRows(all, list(row[9]))
	}
}

// addDocs adds those of COMMAND DOCS. A container takes no part: its subcommands do.
func addDocs(all map[string]*Command, docs []resp.Reply) {
	for i := 0; i+1 < len(docs); i += 2 {
		name, fields := text(docs[i]), docs[i+1]
		c := all[name]
		if c == nil {
			continue
		}
		c.Group, c.args = text(field(fields, "group")), parseArguments(field(fields, "arguments"))
		if subs := list(field(fields, "subcommands")); len(subs) > 0 {
			delete(all, name)
			addDocs(all, subs)
		}
	}
}

func parseArguments(r resp.Reply) (args []argument) {
	for _, one := range list(r) {
		flags := list(field(one, "flags"))
		args = append(args, argument{
			name: text(field(one, "name")), kind: text(field(one, "type")), token: text(field(one, "token")),
			optional: slices.Contains(flags, resp.Reply(resp.Status("optional"))),
			multiple: slices.Contains(flags, resp.Reply(resp.Status("multiple"))),
			args:     parseArguments(field(one, "arguments")),
		})
	}
	return args
}

// tokens appends the words that lead options.
func tokens(all []string, args []argument) []string {
	for _, a := range args {
		if a.token != "" {
			all = append(all, a.token)
		}
		all = tokens(all, a.args)
	}
	return all
}

// known returns the arguments without the options that are led by none of some tokens.
func known(args []argument, tokens []string) (kept []argument) {
	for _, a := range args {
		if a.token != "" && !slices.Contains(tokens, a.token) {
			continue
		}
		if a.args != nil {
			if a.args = known(a.args, tokens); a.args == nil {
				continue
			}
		}
		kept = append(kept, a)
	}
	return kept
}

// draw returns a command of a group by chance.
func (c *Catalog) draw(r *rand.Rand, group string) *Command {
	all := c.groups[group]
	return all[r.IntN(len(all))]
}

// find returns the command that some words call, or nil.
func (c *Catalog) find(words []string) *Command {
	name := strings.ToLower(words[0])
	if cmd := c.commands[name]; cmd != nil || len(words) == 1 {
		return cmd
	}
	return c.commands[name+"|"+strings.ToLower(words[1])]
}

// Missing returns the commands that no step has had an answer to but an error, where no rule
// leaves all of them out.
func (c *Catalog) Missing(t *Tally) (names []string) {
	for name := range c.commands {
		if t.Answered[name] == 0 && !slices.Contains(apart, name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// words are those of the command's name.
func (c *Command) words() []string { return strings.Split(strings.ToUpper(c.Name), "|") }

// places are where keys stand among the words of a call.
func (c *Command) places(words []string) (at []int) {
	last := c.last
	if last < 0 {
		last += len(words)
	}
	for i := c.first; c.step > 0 && i <= last && i < len(words); i += c.step {
		at = append(at, i)
	}
	return at
}

func list(r resp.Reply) []resp.Reply { all, _ := r.([]resp.Reply); return all }
func text(r resp.Reply) string {
	if r == nil {
		return ""
	}
	return fmt.Sprint(r)
}
func number(r resp.Reply) int { n, _ := r.(int64); return int(n) }

// field returns a field of a map as RESP2 shows it.
func field(m resp.Reply, name string) resp.Reply {
	pairs := list(m)
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i] == name {
			return pairs[i+1]
		}
	}
	return nil
}
