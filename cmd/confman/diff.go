package main

import (
	"fmt"
	"io"
	"strings"

	"confman/resp"

	"github.com/urfave/cli/v2"
)

// difference is how diff and rollback show what becomes of a config. A version of 0 is none.
type difference struct {
	Change string `json:"change,omitempty" yaml:"change,omitempty"`
	Name   string `json:"name" yaml:"name"`
	From   uint64 `json:"from" yaml:"from"`
	To     uint64 `json:"to" yaml:"to"`
	Diff   string `json:"diff" yaml:"diff"`
}

func (p *program) diffCommand() *cli.Command {
	return &cli.Command{
		Name: "diff", ArgsUsage: "NAME FROM [TO]",
		Usage: "compare two versions of a config, or a namespace behind two revisions; without TO, with what there is now",
		Flags: p.clientFlags(p.colourFlag(), recursiveFlag("compare what is below the namespace, too")),
		Action: func(c *cli.Context) error {
			if err := needArgs(c, 2, 3); err != nil {
				return err
			}
			to := c.Args().Get(2)
			if to == "" {
				to = "0"
			}
			words := []string{"CONF", "DIFF", namespaceWord(c.Args().First()), c.Args().Get(1), to}
			if c.Bool("recursive") {
				words = append(words, "RECURSIVE")
			}
			return p.ask(c, func(n *node) error { return p.diff(n, words) })
		},
	}
}

func recursiveFlag(usage string) cli.Flag {
	return &cli.BoolFlag{Name: "recursive", Aliases: []string{"r"}, Usage: usage, DisableDefaultText: true}
}

// namespaceWord is a namespace, or a config's name, as commands take it: people may write it as shells
// complete directories.
func namespaceWord(name string) string {
	if name = strings.TrimRight(name, "/"); name == "" {
		return "/"
	}
	return name
}

func (p *program) diff(n *node, words []string) error {
	reply, err := n.do(words...)
	if err != nil {
		return err
	}
	if _, isList := reply.([]resp.Reply); isList {
		all := []difference{}
		if err := unpack(reply, &all); err != nil {
			return err
		}
		return p.showLong(all, func(w io.Writer) error { return p.writeDifferences(w, all) })
	}
	var text string
	if err := unpack(reply, &text); err != nil {
		return err
	}
	return p.showLong(map[string]any{"name": words[2], "diff": text}, func(w io.Writer) error { return p.writeDiff(w, text) })
}

// writeDiff writes a unified diff, which is empty if nothing differs.
func (p *program) writeDiff(w io.Writer, text string) error {
	if text == "" {
		return nil
	}
	return p.paint(w, text, diffColour)
}

// writeDifferences writes what becomes of configs, one below the other.
func (p *program) writeDifferences(w io.Writer, all []difference) error {
	for _, d := range all {
		colour := map[string]string{"added": green, "removed": red}[d.Change]
		if err := p.paint(w, fmt.Sprintf("%s %s", d.Change, d.Name), func(int, string) string { return colour }); err != nil {
			return err
		}
		if err := p.writeDiff(w, d.Diff); err != nil {
			return err
		}
	}
	return nil
}
