package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
)

// errFiles says that a word is a file's name, which shells complete better.
var errFiles = errors.New("here stands the name of a file: have the shell complete it")

// A candidate is what a word may become, and what it is. One that ends with a slash may go on.
type candidate struct{ word, about string }

// completeCommand is what shells ask when somebody presses TAB. The library has such a mode too, which runs
// the command if TAB is pressed behind --.
func (p *program) completeCommand() *cli.Command {
	return &cli.Command{
		Name: "complete", Hidden: true, ArgsUsage: "-- WORDS...",
		Usage: "print what the last of the words that were typed behind confman may become; with exit code 1, it is a file",
		Flags: []cli.Flag{&cli.StringFlag{Name: "breaks", Usage: "words are as bash has them, which takes what follows the last of these for a word"}},
		Action: func(c *cli.Context) error {
			words := c.Args().Slice()
			if len(words) == 0 {
				words = []string{""}
			}
			if c.IsSet("breaks") {
				return p.completeBash(c, words)
			}
			all, err := p.complete(c, words)
			for _, one := range all {
				fmt.Fprintln(p.stdout, strings.TrimSuffix(one.word+"\t"+one.about, "\t"))
			}
			return err
		},
	}
}

func (p *program) completeBash(c *cli.Context, typed []string) error {
	last := len(typed) - 1
	words := make([]string, len(typed))
	var word bashWord
	for i, raw := range typed {
		word = readBash(raw, c.String("breaks"))
		words[i] = word.plain
	}
	all, err := p.complete(c, words)
	for _, one := range all {
		if rest, longer := strings.CutPrefix(one.word, words[last][:word.from]); longer {
			_, _ = io.WriteString(p.stdout, word.quoted(rest)+"\n") // a shell that has gone needs nothing
		}
	}
	return err
}

// complete returns what the last word may become.
func (p *program) complete(c *cli.Context, words []string) ([]candidate, error) {
	last := words[len(words)-1]
	t := typedLine(c.App, words[:len(words)-1])
	var all []candidate
	var err error
	switch name, value, hasValue := strings.Cut(last, "="); {
	case t.awaits != nil:
		all, err = p.completeWord(c, t, flagWords(t.awaits), last)
	case !t.bare && strings.HasPrefix(last, "-") && hasValue:
		all, err = p.completeWord(c, t, flagWords(t.flagNamed(name)), value)
		for i := range all {
			all[i].word = name + "=" + all[i].word
		}
	case !t.bare && strings.HasPrefix(last, "-"):
		all = t.flagCandidates()
	default:
		all, err = p.argumentCandidates(c, t, last)
	}
	return slices.DeleteFunc(all, func(one candidate) bool { return !strings.HasPrefix(one.word, last) }), err
}

// argumentCandidates are the commands that may come next, or else the command's arguments. Few have both.
func (p *program) argumentCandidates(c *cli.Context, t *typed, last string) ([]candidate, error) {
	var all []candidate
	if len(t.args) == 0 && !t.bare {
		for _, sub := range t.commands {
			if !sub.Hidden && strings.HasPrefix(sub.Name, last) {
				all = append(all, candidate{sub.Name, sub.Usage})
			}
		}
	}
	if t.command == nil {
		return all, nil
	}
	values, err := p.completeWord(c, t, argumentWords(t.command.ArgsUsage, len(t.args)), last)
	if last != "" && len(all) > 0 {
		err = nil // rather a command than a file that is named like it
	}
	return append(all, values...), err
}

// A typed is a command line as far as somebody has typed it.
type typed struct {
	command  *cli.Command // nil as long as there is none
	commands []*cli.Command
	flags    []cli.Flag
	given    map[string]string // flags and their values
	args     []string
	awaits   cli.Flag // whose value comes next
	bare     bool     // behind --, where no word is a flag
}

// typedLine reads words as flagsFirst does: a flag may stand anywhere.
func typedLine(app *cli.App, words []string) *typed {
	t := &typed{commands: app.Commands, flags: app.Flags, given: map[string]string{}}
	for _, w := range words {
		c := commandNamed(t.commands, w)
		switch {
		case t.awaits != nil:
			t.given[t.awaits.Names()[0]], t.awaits = w, nil
		case t.bare:
			t.args = append(t.args, w)
		case w == "--":
			t.bare = true
		case strings.HasPrefix(w, "-") && len(w) > 1 && !isDigit(w[1]):
			name, value, _ := strings.Cut(w, "=")
			f := t.flagNamed(name)
			if f == nil {
				continue
			}
			t.given[f.Names()[0]] = value
			if takesValue(t.flags, w) {
				t.awaits = f
			}
		case c != nil && len(t.args) == 0:
			t.command, t.commands, t.flags = c, c.Subcommands, c.Flags
		default:
			t.args = append(t.args, w)
		}
	}
	return t
}

// flagNamed returns the flag that a word such as --addr or -a is, or nil.
func (t *typed) flagNamed(word string) cli.Flag {
	i := slices.IndexFunc(t.flags, func(f cli.Flag) bool { return slices.Contains(f.Names(), strings.TrimLeft(word, "-")) })
	if i < 0 {
		return nil
	}
	return t.flags[i]
}

// flagCandidates are the flags that were not given yet.
func (t *typed) flagCandidates() (all []candidate) {
	for _, f := range t.flags {
		if _, again := t.given[f.Names()[0]]; !again {
			all = append(all, candidate{"--" + f.Names()[0], f.(cli.DocGenerationFlag).GetUsage()})
		}
	}
	return all
}
