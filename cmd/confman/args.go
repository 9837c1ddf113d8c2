package main

import (
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
)

// flagsFirst moves flags in front of a command's arguments: the library takes everything
// behind the first argument for arguments, and "get a --output json" would print a. A number
// such as -5 is no flag; words behind -- are none either.
func flagsFirst(app *cli.App, args []string) []string {
	commands := app.Commands
	var flags []cli.Flag
	var path, moved, rest []string
	for i := 0; i < len(args); i++ {
		a := args[i]
		switch c := commandNamed(commands, a); {
		case a == "--":
			moved = append(moved, a)
			rest = append(rest, args[i+1:]...)
			i = len(args)
		case strings.HasPrefix(a, "-") && len(a) > 1 && !isDigit(a[1]):
			moved = append(moved, a)
			if takesValue(flags, a) {
				if i++; i == len(args) {
					return slices.Concat(path, moved) // no argument may become its value
				}
				moved = append(moved, args[i])
			}
		case c != nil && len(rest) == 0:
			path = append(append(path, moved...), a)
			moved = nil
			flags, commands = c.Flags, c.Subcommands
		default:
			commands = nil
			rest = append(rest, a)
		}
	}
	return slices.Concat(path, moved, rest)
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func commandNamed(commands []*cli.Command, name string) *cli.Command {
	i := slices.IndexFunc(commands, func(c *cli.Command) bool { return c.Name == name })
	if i < 0 {
		return nil
	}
	return commands[i]
}

// takesValue reports whether the word behind a flag is its value.
func takesValue(flags []cli.Flag, word string) bool {
	name := strings.TrimLeft(word, "-")
	if strings.Contains(name, "=") {
		return false
	}
	for _, f := range flags {
		if _, isBool := f.(*cli.BoolFlag); !isBool && slices.Contains(f.Names(), name) {
			return true
		}
	}
	return false
}
