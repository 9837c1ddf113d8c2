package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/urfave/cli/v2"
)

// nsRule is how rule ls shows a rule.
type nsRule struct {
	Pattern   string `json:"pattern" yaml:"pattern"`
	Rule      string `json:"rule" yaml:"rule"`
	Namespace string `json:"namespace" yaml:"namespace"` // that has it
}

// ruleCommand groups what is about the rules for the values of configs.
func (p *program) ruleCommand() *cli.Command {
	return &cli.Command{
		Name: "rule", Usage: "list and change the rules that say which values configs may have",
		Action: needSubcommand("rule", "set|ls|del"),
		Subcommands: []*cli.Command{
			{
				Name: "set", ArgsUsage: "NAMESPACE PATTERN RULE...", Usage: "set the rule for the configs that a pattern stands for, such as numeric,min=1",
				Flags: p.clientFlags(p.colourFlag(), reasonFlag(),
					&cli.BoolFlag{Name: "dry-run", Usage: "list the configs that would break it, and change nothing; the exit code is 1 if there are any", DisableDefaultText: true}),
				Action: p.asking(3, -1, p.ruleSet),
			},
			{
				Name: "ls", ArgsUsage: "NAMESPACE", Usage: "list the rules that hold in a namespace, the outermost first",
				Flags: p.clientFlags(), Action: p.asking(1, 1, p.ruleLs),
			},
			{
				Name: "del", ArgsUsage: "NAMESPACE PATTERN", Usage: "delete the rule for a pattern",
				Flags: p.clientFlags(reasonFlag()), Action: p.asking(2, 2, p.ruleDel),
			},
		},
	}
}

func (p *program) ruleSet(c *cli.Context, n *node) error {
	words := append([]string{"NS", "RULE", namespaceWord(c.Args().First())}, c.Args().Tail()...)
	if c.Bool("dry-run") {
		all := []finding{}
		if err := n.fetch(&all, append(words, "DRYRUN")...); err != nil {
			return err
		}
		return p.showFindings(all)
	}
	if err := n.because(c.String("reason")); err != nil {
		return err
	}
	if _, err := n.do(words...); err != nil {
		return err
	}
	return p.show(map[string]any{"namespace": words[2], "pattern": words[3], "rule": strings.Join(words[4:], ","), "set": true}, func(io.Writer) error { return nil })
}

func (p *program) ruleLs(c *cli.Context, n *node) error {
	all := []nsRule{}
	if err := n.fetch(&all, "NS", "RULE", namespaceWord(c.Args().First())); err != nil {
		return err
	}
	return p.showLong(all, func(w io.Writer) error {
		if len(all) == 0 {
			return nil
		}
		rows := [][]string{{"PATTERN", "RULE", "NAMESPACE"}}
		for _, r := range all {
			rows = append(rows, []string{r.Pattern, r.Rule, r.Namespace})
		}
		return columns(w, rows)
	})
}

func (p *program) ruleDel(c *cli.Context, n *node) error {
	ns, pattern := namespaceWord(c.Args().First()), c.Args().Get(1)
	if err := n.because(c.String("reason")); err != nil {
		return err
	}
	var deleted int64
	if err := n.fetch(&deleted, "NS", "RULE", ns, pattern, "DEL"); err != nil {
		return err
	}
	if deleted == 0 {
		return failure{exitNotFound, fmt.Errorf("namespace %q has no rule for %q", ns, pattern)}
	}
	return p.show(map[string]any{"namespace": ns, "pattern": pattern, "deleted": true}, func(io.Writer) error { return nil })
}
