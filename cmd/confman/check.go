package main

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/urfave/cli/v2"
)

// finding is a config that breaks a rule. Value is "" if it may be a secret.
type finding struct {
	Name      string `json:"name" yaml:"name"`
	Rule      string `json:"rule" yaml:"rule"`
	Value     string `json:"value" yaml:"value"`
	Expected  string `json:"expected" yaml:"expected"`
	Namespace string `json:"namespace" yaml:"namespace"` // that has the rule
}

func (p *program) checkCommand() *cli.Command {
	return &cli.Command{
		Name: "check", ArgsUsage: "[NAMESPACE]", Usage: "list the configs that break a rule; the exit code is 1 if there are any",
		Flags: p.clientFlags(p.colourFlag()),
		Action: func(c *cli.Context) error {
			if err := needArgs(c, 0, 1); err != nil {
				return err
			}
			return p.ask(c, func(n *node) error {
				all := []finding{}
				if err := n.fetch(&all, "CONF", "CHECK", namespaceWord(c.Args().First())); err != nil {
					return err
				}
				return p.showFindings(all)
			})
		},
	}
}

// showFindings shows configs that break a rule, which is a failure if there are any.
func (p *program) showFindings(all []finding) error {
	err := p.showLong(all, func(w io.Writer) error {
		if len(all) == 0 {
			return nil
		}
		rows := [][]string{{"NAME", "EXPECTED", "VALUE", "RULE", "NAMESPACE"}}
		for _, f := range all {
			rows = append(rows, []string{f.Name, f.Expected, strings.Join(strings.Fields(f.Value), " "), f.Rule, f.Namespace})
		}
		return p.paintColumns(w, rows, func(int) string { return red })
	})
	switch {
	case err == nil && len(all) == 1:
		err = failure{exitFailure, errors.New("1 config breaks a rule")}
	case err == nil && len(all) > 1:
		err = failure{exitFailure, fmt.Errorf("%d configs break a rule", len(all))}
	}
	return err
}
