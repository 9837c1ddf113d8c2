package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

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
		Name: "get", ArgsUsage: "NAME", Usage: "print the value of a config", Flags: p.clientFlags(),
		Action: func(c *cli.Context) error {
			if err := needArgs(c, 1, 1); err != nil {
				return err
			}
			return p.ask(c, func(n *node) error { return p.get(n, c.Args().First()) })
		},
	}
}

func (p *program) get(n *node, name string) error {
	reply, err := n.do("GET", name)
	if err != nil {
		return err
	}
	value, found := reply.(string)
	if !found {
		return failure{exitNotFound, fmt.Errorf("there is no config %q", name)}
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
		Flags: p.clientFlags(&cli.DurationFlag{Name: "expires", Usage: "after which time the config is gone, such as 10m"}),
		Action: func(c *cli.Context) error {
			if err := needArgs(c, 2, 2); err != nil {
				return err
			}
			return p.ask(c, func(n *node) error {
				return p.set(n, c.Args().Get(0), c.Args().Get(1), c.Duration("expires"))
			})
		},
	}
}

func (p *program) set(n *node, name, value string, expires time.Duration) error {
	if value == "-" {
		b, err := io.ReadAll(p.stdin)
		if err != nil {
			return fmt.Errorf("read the value: %w", err)
		}
		value = string(b)
	}
	words := []string{"SET", name, value}
	if expires != 0 {
		words = append(words, "PX", strconv.FormatInt(expires.Milliseconds(), 10))
	}
	if _, err := n.do(words...); err != nil {
		return err
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
