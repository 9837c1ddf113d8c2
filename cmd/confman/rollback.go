package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"confman/resp"

	"github.com/urfave/cli/v2"
)

func (p *program) rollbackCommand() *cli.Command {
	return &cli.Command{
		Name: "rollback", ArgsUsage: "NAME VERSION | NAME --revision REVISION | NAME --at TIME",
		Usage: "set a config to what a version of it was, or a config or a namespace to what was behind a revision or at a time",
		Flags: p.clientFlags(append(p.momentFlags(), p.colourFlag(), recursiveFlag("roll back what is below the namespace, too"), reasonFlag(),
			&cli.BoolFlag{Name: "dry-run", Usage: "show what would change, and change nothing", DisableDefaultText: true},
			&cli.BoolFlag{Name: "parts", Usage: "go in parts of 1000 configs, for what is too large for one transaction; others see what is half done", DisableDefaultText: true},
			&cli.BoolFlag{Name: "force", Usage: "also where the namespace is protected", DisableDefaultText: true},
			yesFlag())...),
		Action: func(c *cli.Context) error {
			words, err := rollbackWords(c)
			if err != nil {
				return err
			}
			return p.ask(c, func(n *node) error { return p.rollback(c, n, words) })
		},
	}
}

// momentFlags say when something was.
func (p *program) momentFlags() []cli.Flag {
	return []cli.Flag{
		&cli.Uint64Flag{Name: "revision", Usage: "as it was behind that revision", DefaultText: "now"},
		&cli.StringFlag{Name: "at", Usage: "as it was at that time, such as 2026-03-01T15:04:05Z, or so long ago, such as 2h"},
	}
}

// momentWords are what commands are told of when something was; none without a flag that says it.
func momentWords(c *cli.Context) ([]string, error) {
	switch {
	case c.IsSet("revision") && c.IsSet("at"):
		return nil, failure{exitUsage, errors.New("give --revision or --at, and not both")}
	case c.IsSet("revision"):
		return []string{"REVISION", number(c.Uint64("revision"))}, nil
	case c.IsSet("at"):
		at, err := instantNamed(c.String("at"), now())
		return []string{"AT", at.word()}, err
	}
	return nil, nil
}

func reasonFlag() cli.Flag {
	return &cli.StringFlag{Name: "reason", Usage: "why, for those who read the history"}
}

func yesFlag() cli.Flag {
	return &cli.BoolFlag{Name: "yes", Aliases: []string{"y"}, Usage: "do not ask whether it is meant", DisableDefaultText: true}
}

// rollbackWords are the command, but for DRYRUN.
func rollbackWords(c *cli.Context) ([]string, error) {
	when, err := momentWords(c)
	if err != nil {
		return nil, err
	}
	most := 1
	if len(when) == 0 {
		most = 2
	}
	if err := needArgs(c, most, most); err != nil {
		return nil, err
	}
	if len(when) == 0 {
		when = []string{"VERSION", c.Args().Get(1)}
	}
	words := append([]string{"CONF", "ROLLBACK", namespaceWord(c.Args().First())}, when...)
	if c.Bool("recursive") {
		words = append(words, "RECURSIVE")
	}
	if c.Bool("force") {
		words = append(words, "FORCE")
	}
	return words, nil
}

// rollback shows what would change, and does it if that is wanted.
func (p *program) rollback(c *cli.Context, n *node, words []string) error {
	plan := []difference{}
	if c.Bool("dry-run") || !c.Bool("yes") {
		if err := n.fetch(&plan, append(words, "DRYRUN")...); err != nil {
			return err
		}
	}
	switch {
	case c.Bool("dry-run"):
		return p.showLong(plan, func(w io.Writer) error { return p.writeDifferences(w, plan) })
	case c.Bool("yes"):
	case len(plan) == 0:
		return p.showChanged(0)
	default:
		if err := p.writeDifferences(p.stderr, plan); err != nil {
			return err
		}
		if err := p.confirm(fmt.Sprintf("change %s?", counted(len(plan), "config"))); err != nil {
			return err
		}
	}
	if err := n.because(c.String("reason")); err != nil {
		return err
	}
	changed, err := n.rollBack(words, c.Bool("parts"))
	if err != nil {
		return err
	}
	return p.showChanged(changed)
}

// rollBack carries a rollback out, and returns how many configs have changed.
func (n *node) rollBack(words []string, inParts bool) (changed int, err error) {
	if !inParts {
		err = n.fetch(&changed, words...)
		return changed, err
	}
	words = append(words, "COUNT", "1000")
	for part := words; ; {
		reply, err := n.do(part...)
		if err != nil {
			return changed, fmt.Errorf("%s changed, and then: %w", counted(changed, "config"), err)
		}
		answer, _ := reply.([]resp.Reply)
		if len(answer) != 2 {
			return changed, fmt.Errorf("CONF ROLLBACK answers %.200s", resp.Format(reply))
		}
		next, _ := answer[0].(string)
		more, _ := answer[1].(int64)
		if changed += int(more); next == "" {
			return changed, nil
		}
		part = append(slices.Clone(words), "AFTER", next)
	}
}

func (p *program) showChanged(changed int) error {
	return p.show(map[string]any{"changed": changed}, func(w io.Writer) error {
		_, err := fmt.Fprintf(w, "%s changed\n", counted(changed, "config"))
		return err
	})
}

// counted is a number of things.
func counted(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// because has the node note why this connection writes.
func (n *node) because(reason string) error {
	if reason == "" {
		return nil
	}
	_, err := n.do("CONF", "REASON", reason)
	return err
}

// confirm asks whether something is meant. Where there is nobody to ask, --yes has to be given.
func (p *program) confirm(question string) error {
	if f, isFile := p.stdin.(*os.File); !isFile || !isTerminal(f) {
		return failure{exitUsage, errors.New("nothing was changed: give --yes to do it")}
	}
	return p.agreed(question)
}

// agreed reads the answer to a question.
func (p *program) agreed(question string) error {
	fmt.Fprintf(p.stderr, "%s [y/N] ", question)
	answer, err := bufio.NewReader(p.stdin).ReadString('\n')
	if answer = strings.ToLower(strings.TrimSpace(answer)); answer == "y" || answer == "yes" {
		return nil
	}
	if err != nil {
		fmt.Fprintln(p.stderr)
	}
	return errors.New("nothing was changed")
}
