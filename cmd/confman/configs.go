package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"
)

// needArgs checks how many arguments a command was given; most is -1 for any number.
func needArgs(c *cli.Context, least, most int) error {
	if n := c.Args().Len(); n < least || most >= 0 && n > most {
		usage := strings.TrimSpace(c.Command.HelpName + " " + c.Command.ArgsUsage)
		return failure{exitUsage, errors.New("usage: " + usage)}
	}
	return nil
}

func (p *program) getCommand() *cli.Command {
	return &cli.Command{
		Name: "get", ArgsUsage: "NAME", Usage: "print the value of a config, as it is or as it was",
		Flags: p.clientFlags(append(p.momentFlags(), &cli.Uint64Flag{Name: "version", Usage: "as that version of it was", DefaultText: "the current one"})...),
		Action: func(c *cli.Context) error {
			if err := needArgs(c, 1, 1); err != nil {
				return err
			}
			words, err := getWords(c)
			if err != nil {
				return err
			}
			return p.ask(c, func(n *node) error { return p.get(n, c.Args().First(), words) })
		},
	}
}

// getWords are the command that gets a config.
func getWords(c *cli.Context) ([]string, error) {
	when, err := momentWords(c)
	switch {
	case err != nil:
		return nil, err
	case c.IsSet("version") && len(when) > 0:
		return nil, failure{exitUsage, errors.New("give one of --version, --revision and --at")}
	case c.IsSet("version"):
		when = []string{"VERSION", number(c.Uint64("version"))}
	case len(when) == 0:
		return []string{"GET", c.Args().First()}, nil
	}
	return append([]string{"CONF", "GET", c.Args().First()}, when...), nil
}

func (p *program) get(n *node, name string, words []string) error {
	reply, err := n.do(words...)
	if err != nil {
		return err
	}
	value, found := reply.(string)
	if !found {
		there := "is"
		if words[0] == "CONF" {
			there = "was then"
		}
		return failure{exitNotFound, fmt.Errorf("there %s no config %q", there, name)}
	}
	return p.show(newConfig(name, value), func(w io.Writer) error {
		if f, isFile := w.(*os.File); isFile && isTerminal(f) {
			value += "\n"
		}
		_, err := io.WriteString(w, value)
		return err
	})
}

func isTerminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

func (p *program) setCommand() *cli.Command {
	return &cli.Command{
		Name: "set", ArgsUsage: "NAME VALUE|-", Usage: "set a config; - reads the value from standard input",
		Flags: p.clientFlags(
			&cli.DurationFlag{Name: "expires", Usage: "after which time the config is gone, such as 10m"}, reasonFlag(),
			&cli.Uint64Flag{Name: "if-revision", Usage: "only if the config still has that revision, 0 if there is none; else the exit code is 4", DefaultText: "whatever it has"},
		),
		Action: func(c *cli.Context) error {
			if err := needArgs(c, 2, 2); err != nil {
				return err
			}
			return p.ask(c, func(n *node) error {
				return p.set(c, n, c.Args().Get(0), c.Args().Get(1))
			})
		},
	}
}

func (p *program) set(c *cli.Context, n *node, name, value string) error {
	if value == "-" {
		b, err := io.ReadAll(p.stdin)
		if err != nil {
			return fmt.Errorf("read the value: %w", err)
		}
		value = string(b)
	}
	words := []string{"SET", name, value}
	if c.IsSet("if-revision") {
		words = append(words, "IFREV", number(c.Uint64("if-revision")))
	}
	if expires := c.Duration("expires"); expires != 0 {
		words = append(words, "PX", strconv.FormatInt(expires.Milliseconds(), 10))
	}
	if err := n.because(c.String("reason")); err != nil {
		return err
	}
	if reply, err := n.do(words...); err != nil {
		return err
	} else if reply == nil {
		return failure{exitConflict, fmt.Errorf("%q has not that revision (any more): look at it again", name)}
	}
	return p.show(map[string]any{"name": name, "set": true}, func(io.Writer) error { return nil })
}

func (p *program) delCommand() *cli.Command {
	return &cli.Command{
		Name: "del", ArgsUsage: "NAME...", Usage: "delete configs, or the configs directly in a namespace", Flags: p.clientFlags(),
		Action: func(c *cli.Context) error {
			if err := needArgs(c, 1, -1); err != nil {
				return err
			}
			return p.ask(c, func(n *node) error { return p.del(n, c.Args().Slice()) })
		},
	}
}

func (p *program) del(n *node, names []string) error {
	reply, err := n.do(append([]string{"DEL"}, names...)...)
	if err != nil {
		return err
	}
	if deleted, _ := reply.(int64); deleted < int64(len(names)) {
		return failure{exitNotFound, fmt.Errorf("%d of %d names were not there", int64(len(names))-deleted, len(names))}
	}
	return p.show(map[string]any{"deleted": reply}, func(io.Writer) error { return nil })
}
